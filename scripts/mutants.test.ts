import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ofChangedRooms, ofNames } from './mutant-selection.ts'
import { headOf, readSwarm, rowOf } from './mutant-table.ts'
import { tryAll, type Verdict } from './mutant-trials.ts'
import { readMutants, type Mutant } from './mutant.ts'

// Goal: a mutant whose module has moved on is noticed here, not only in the long run that applies them; and the run is
// right about what it says: which mutants it tries, and what counts as caught.

const mutants = readMutants()
const names = mutants.map(({ name }) => name)

function mutant(name: string, module = 'packages/synod/src/core/quorum.ts', test = module): Mutant {
  return { name, file: `mutants/${name}.txt`, claim: 'it is wrong', module, test, old: 'a', new: 'b' }
}

describe('the mutants', () => {
  test('every one finds its text exactly once, and names a test', () => {
    expect(mutants.length).toBeGreaterThan(30)
    for (const { name, old, new: replacement, test: file } of mutants) {
      expect(globSync(file), name).toHaveLength(1)
      expect(replacement, name).not.toBe(old)
    }
  })

  test('what was recorded of the swarm is of mutants that there are', () => {
    expect(Object.keys(readSwarm()).filter((name) => !names.includes(name))).toEqual([])
  })
})

/** A row of docs/pitfalls.md: number, what it is, tests, mutants. */
const rows = readFileSync('docs/pitfalls.md', 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, number = '']) => /^([A-GKLW]\d+|own|paper)$/.test(number))
  .map(([, number = '', what = '', tests = '', caught = '']) => ({ number, what, tests, caught }))

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}

/** The files that a name in the table means: `raft/pitfall-a1-…` is one of protocols/raft. */
function filesOf(name: string): string[] {
  const path = name.replace(/^(raft|multi-paxos|failure-detectors|chandra-toueg)\//, 'protocols/$1/').replace('…', '*')
  const folder = path.startsWith('packages/') ? '' : 'packages/synod/src/'
  return globSync(`${folder}${path}.test.ts`)
}

function isNamedAfter(file: string, number: string): boolean {
  if (file.includes(`/pitfall-${number.toLowerCase()}-`)) return true
  return new RegExp(`\\bpitfalls? [^:\\n]*\\b${number}\\b[^:\\n]*:`).test(readFileSync(file, 'utf8'))
}

describe('docs/pitfalls.md', () => {
  test('lists every pitfall of persistence, of the core, of reads and of snapshots', () => {
    const known = new Set(rows.map(({ number }) => number))
    const count = (letter: string, last: number): string[] =>
      Array.from({ length: last }, (_, i) => `${letter}${i + 1}`)
    const wanted = [
      ...count('A', 13),
      ...count('B', 14),
      ...count('C', 9),
      ...count('D', 4),
      'D7',
      ...count('F', 5),
      ...count('L', 12),
      'G2',
      'G3',
      'G5',
      'G7',
      'G9',
    ]
    expect(wanted.filter((number) => !known.has(number))).toEqual([])
  })

  test('names every mutant, and only those that there are', () => {
    const named = rows.flatMap(({ caught }) => quoted(caught))
    expect(names.filter((name) => !named.includes(name))).toEqual([])
    expect(named.filter((name) => !names.includes(name))).toEqual([])
  })

  test.each(rows)('$number: a test is named after it, and every mutant is caught by one of its tests', (row) => {
    const { number, what, tests, caught } = row
    const files = quoted(tests).map((name) => ({ name, found: filesOf(name) }))
    expect(files.filter(({ found }) => found.length === 0)).toEqual([])
    const all = files.flatMap(({ found }) => found)
    if (/^[A-GKLW]/.test(number)) expect(all.some((file) => isNamedAfter(file, number))).toBe(true)
    const catchers = quoted(caught).map((name) => mutants.find((one) => one.name === name)?.test ?? name)
    expect(catchers.filter((file) => !all.includes(file))).toEqual([])
    if (catchers.length === 0) expect(caught, what).toMatch(/^impossible: /)
  })
})

describe('the selection', () => {
  const quorum = mutant('b6-quorum')
  const lessor = mutant('g5-lease', 'packages/server/src/etcd/lessor.ts')
  const store = mutant('g7-store', 'packages/synod/src/store/store.ts')
  const raft = mutant('b1-commit', 'packages/synod/src/protocols/raft/replication.ts')
  const member = mutant('f1-zero', 'packages/synod/src/member/reads.ts', 'packages/synod/src/testing/member.test.ts')
  const all = [quorum, lessor, store, raft, member]

  test('takes a part of a name, and refuses one that fits nothing', () => {
    expect(ofNames(all, [])).toEqual(all)
    expect(ofNames(all, ['g', 'b1-commit'])).toEqual([lessor, store, raft])
    expect(() => ofNames(all, ['g', 'z9'])).toThrow('no mutant is called z9')
  })

  test('takes the rooms that changed, by module or by test, and always those of Raft', () => {
    expect(ofChangedRooms(all, ['README.md', 'docs/pitfalls.md'])).toEqual([raft])
    expect(ofChangedRooms(all, ['packages/synod/src/store/leases.ts'])).toEqual([store, raft])
    expect(ofChangedRooms(all, ['packages/synod/src/testing/raft-world.ts'])).toEqual([raft, member])
    expect(ofChangedRooms(all, ['packages/server/src/cli/config.ts'])).toEqual([lessor, raft])
    expect(ofChangedRooms(all, ['mutants/b6-quorum.txt'])).toEqual([quorum, raft])
  })

  test('takes all when what runs them has changed', () => {
    expect(ofChangedRooms(all, ['scripts/mutant-trial.ts'])).toEqual(all)
  })
})

describe('a trial', () => {
  let folder = ''
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'synod-mutants-'))))
  afterAll(() => rmSync(folder, { recursive: true }))

  async function outcomes(script: string, limit: number): Promise<Verdict[]> {
    const path = join(folder, `${limit}.mjs`)
    writeFileSync(path, script)
    const verdicts: Verdict[] = []
    const limits = { jobs: 2, limit, trial: pathToFileURL(path) }
    await tryAll([mutant('one'), mutant('two'), mutant('three')], limits, (_, verdict) => void verdicts.push(verdict))
    return verdicts
  }

  test('is over with its first report, whatever its process does then', async () => {
    const script = `process.send({ by: { file: process.argv[2], test: process.env.SYNOD_MUTANT } }); for (;;);`
    const found = await outcomes(script, 60_000)
    expect(found.map(({ by }) => by?.test)).toEqual(['mutants/one.txt', 'mutants/two.txt', 'mutants/three.txt'])
    expect(found[0]?.by?.file).toBe('packages/synod/src/core/quorum.ts')
  })

  test('that hangs is killed, and its mutant counts as not caught', async () => {
    const found = await outcomes('for (;;);', 200)
    expect(found.map(({ by, why }) => [by, why])).toEqual(
      ['one', 'two', 'three'].map(() => [undefined, 'no test failed within 0.2 s']),
    )
  })

  test('whose process dies shows nothing, and says what it said last', async () => {
    const found = await outcomes('throw new Error("no such module")', 60_001)
    expect(found.map(({ by }) => by)).toEqual([undefined, undefined, undefined])
    expect(found[0]?.why).toMatch(/ended with 1 before.*no such module/s)
  })
})

describe('the table', () => {
  const swarm = {
    'b1-commit': { seeds: 12, events: 9, invariant: 'leader completeness', seconds: 4 },
    'b6-quorum': { seeds: null, events: null, invariant: null, seconds: null },
  }
  const by = { file: 'packages/synod/src/protocols/raft/raft.test.ts', test: 'a leader commits' }

  test('has a column for each thing that is asked of a mutant, and "-" for what is not known', () => {
    expect(headOf(9)).toBe('mutant       time   seeds  events  caught by')
    expect([
      rowOf(mutant('b1-commit'), { by, time: 1234 }, swarm, 9),
      rowOf(mutant('b6-quorum'), { by, time: 700 }, swarm, 9),
      rowOf(mutant('g7'), { why: 'its test passes with it', time: 60 }, swarm, 9),
    ]).toEqual([
      'b1-commit   1.2 s      12       9  protocols/raft/raft: a leader commits',
      'b6-quorum   0.7 s       -       -  protocols/raft/raft: a leader commits',
      'g7          0.1 s       -       -  NOT CAUGHT: its test passes with it',
    ])
  })
})
