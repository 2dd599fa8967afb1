import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readExploredMutants, rowOf } from './explored-mutants.ts'
import { readMutants } from './mutant.ts'

// Goal: of each bug of a log engine it is known whether a model checker finds it, and those that are near are found here. Method: the
// record and the page against the mutants; the script itself, for those that take few states.

const { caught, outside } = readExploredMutants()
const page = readFileSync('docs/state-counts.md', 'utf8')

describe('every mutant of a log engine', () => {
  const ofEngines = readMutants().filter(({ module, test: by }) =>
    /protocols\/(raft|multi-paxos)\//.test(`${module} ${by}`),
  )

  test('is found by the explorer, or outside of what it looks at', () => {
    const named = new Set([...Object.keys(caught), ...Object.values(outside).flat()])
    expect(ofEngines.filter(({ name }) => !named.has(name)).map(({ name }) => name)).toEqual([])
  })

  test('that is recorded is there, and recorded once', () => {
    const known = new Set(readMutants().map(({ name }) => name))
    const names = [...Object.keys(caught), ...Object.values(outside).flat()]
    expect(names.filter((name, i) => !known.has(name) || names.indexOf(name) !== i)).toEqual([])
  })

  test('is on the page, as it was found', () => {
    const rows = new Set(page.split('\n').map((line) => cells(line).join('|')))
    const missing = Object.entries(caught).filter(([name, how]) => !rows.has(rowOf(name, how).join('|')))
    expect(missing.map(([name]) => name)).toEqual([])
  })

  test('that is not found is on the page, with the reason', () => {
    const lines = page.split('\n')
    for (const [reason, names] of Object.entries(outside)) {
      const line = lines.find((one) => one.startsWith(`- ${reason}`))
      expect(names.filter((name) => line?.includes(`\`${name}\``) !== true)).toEqual([])
    }
  })
})

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

test('those that take few states are found, by the shortest way', { timeout: 120_000 }, () => {
  const script = ['-C', '@synod/source', 'scripts/mutant-explore.ts', '--at-most', '600']
  const { status, stdout } = spawnSync(process.execPath, script, { encoding: 'utf8' })
  expect(stdout).not.toContain('✗')
  expect(stdout).toMatch(/^(\d+) of \1 are found$/m)
  expect(status).toBe(0)
})
