import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { huntAll, type Hunted } from './mutant-hunts.ts'
import { huntHeadOf, huntRowOf, huntTotals, recorded } from './mutant-table.ts'
import type { Mutant } from './mutant.ts'

// Goal: what is recorded of the swarm is what it found of the mutant, and nothing else. Method: hunts that find, hang and
// die as they are told.

function mutant(name: string): Mutant {
  const path = 'packages/synod/src/core/quorum.ts'
  return { name, file: `mutants/${name}.txt`, claim: 'it is wrong', module: path, test: path, old: 'a', new: 'b' }
}

const plan = {
  protocol: 'raft',
  seed: 1,
  nodes: ['a'],
  settings: {},
  latency: { kind: 'uniform', min: 1, max: 1 },
  diskTime: { kind: 'uniform', min: 1, max: 1 },
  syncTime: { kind: 'uniform', min: 1, max: 1 },
  skew: {},
  operations: [],
  faults: [],
  errands: [],
  deviations: [],
  duration: 1,
  patience: 0,
} as const

function found(seeds: number, events: number, seconds: number): Extract<Hunted, { readonly invariant: string }> {
  return { seeds, events, invariant: 'election safety', runs: 30, seconds, plan }
}

const notFound: Hunted = { seeds: null, why: 'not found in 300 seeds' }

describe('a hunt', () => {
  let folder = ''
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'synod-hunts-'))))
  afterAll(() => rmSync(folder, { recursive: true }))

  async function hunts(script: string, failsWithout = false): Promise<[string, Hunted][]> {
    const path = join(folder, `${script.length}.mjs`)
    writeFileSync(path, script)
    const all: [string, Hunted][] = []
    const limits = { jobs: 2, seeds: 9, seconds: 0.2, graceSeconds: 0.1, hunt: pathToFileURL(path) }
    const mutants = [mutant('one'), mutant('two'), mutant('three')]
    const patience = script.includes('for (;;)') ? {} : { graceSeconds: 60 }
    await huntAll(mutants, { ...limits, ...patience, failsWithout: () => failsWithout }, ({ name }, hunted) => {
      all.push([name, hunted])
    })
    return all
  }

  const finding = `process.send({ ...${JSON.stringify(found(3, 2, 1))}, invariant: process.argv.slice(2).join(' ') })`

  test('is told its mutant and its limits, and each is heard of in its turn', async () => {
    expect((await hunts(finding)).map(([name, hunted]) => [name, 'plan' in hunted && hunted.invariant])).toEqual(
      ['one', 'two', 'three'].map((name) => [name, `mutants/${name}.txt 9 0.2`]),
    )
  })

  test('that finds what fails without the mutant, too, has not found the mutant', async () => {
    const [[, hunted] = []] = await hunts(finding, true)
    expect(hunted).toEqual({ why: 'seed 3 fails without the mutant, too: mutants/one.txt 9 0.2' })
  })

  test('whose runs hang finds nothing, and does not hang itself', async () => {
    const [[, hunted] = []] = await hunts('for (;;);')
    expect(hunted).toEqual({ seeds: null, why: expect.stringMatching(/^a run hangs: no answer in 0\.3/) })
  })

  test('that dies has failed, and says what it said last', async () => {
    const [[, hunted] = []] = await hunts('throw new Error("not deterministic")')
    expect(hunted?.seeds).toBeUndefined()
    expect(hunted).toHaveProperty('why', expect.stringMatching(/ended with 1 [\s\S]*not deterministic/))
  })
})

describe('what is recorded', () => {
  const before = { a: found(9, 9, 9), b: found(8, 8, 8), gone: found(7, 7, 7) }
  const known = new Set(['a', 'b', 'c', 'd'])

  test('is what was found now, beside what was known of others that there are still, in the order of names', () => {
    const now = new Map<string, Hunted>([
      ['d', notFound],
      ['a', found(3, 2, 1.5)],
      ['b', { why: 'its process ended with 1' }],
    ])
    const text = recorded(before, now, known)
    expect(text.split('\n')[1]).toBe(
      '  "a": { "seeds": 3, "events": 2, "invariant": "election safety", "seconds": 1.5 },',
    )
    expect(JSON.parse(text)).toMatchObject({
      a: { seeds: 3, events: 2 },
      b: { seeds: 8 },
      d: { seeds: null, events: null, invariant: null, seconds: null },
    })
    expect(Object.keys(JSON.parse(text))).toEqual(['a', 'b', 'd'])
  })

  test('is told in a table, with the median and the largest', () => {
    const all: Hunted[] = [found(3, 2, 1.5), notFound, found(40, 9, 12.34), { why: 'it died' }, found(1, 4, 0.2)]
    expect([huntHeadOf(5), ...all.map((one) => huntRowOf(mutant('a1'), one, 5)).slice(0, 4), huntTotals(all)]).toEqual([
      'mutant  seeds  events   shrunk  found by',
      'a1         3       2    1.5 s  election safety',
      'a1         -       -        -  not found in 300 seeds',
      'a1        40       9   12.3 s  election safety',
      'a1         -       -        -  FAILED: it died',
      '5 mutants, 3 found by the swarm; events of the shrunk runs: median 4, maximum 9; longest shrink 12.3 s',
    ])
    expect(huntTotals([notFound])).toBe('1 mutants, 0 found by the swarm')
  })
})
