import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mean } from '../../testing/ben-or/mean.ts'
import { expectedRounds, roundsAgainstTheWorst } from '../../testing/ben-or/worst-scheduler.ts'

// Goal: against the worst scheduler, which is fixed, the rounds that end in coins are as many as the closed form says. Method:
// many runs, each of its own seed; the mean lies within the confidence interval of 99.9 %.

test.each([
  { n: 3, f: 1, faults: 'crash', expected: 4, runs: 500 },
  { n: 5, f: 1, faults: 'crash', expected: 8 / 3, runs: 300 },
  { n: 5, f: 2, faults: 'crash', expected: 16, runs: 200 },
  { n: 7, f: 2, faults: 'crash', expected: 8, runs: 200 },
  { n: 7, f: 3, faults: 'crash', expected: 64, runs: 60 },
  { n: 6, f: 1, faults: 'byzantine', expected: 16, runs: 200 },
] as const)('$faults, n = $n, f = $f: $expected', ({ n, f, faults, expected, runs }) => {
  expect(expectedRounds(n, { f, faults })).toBeCloseTo(expected)
  const samples = Array.from({ length: runs }, (_, i) => roundsAgainstTheWorst(n, { f, faults }, 1000 + i))
  const { average, margin } = mean(samples)
  expect(Math.abs(average - expected)).toBeLessThan(margin)
})

test('the closed form is that of the published values', () => {
  const file = new URL('../../../testdata/closed-forms/values.json', import.meta.url)
  const { benOrWorstScheduler } = JSON.parse(readFileSync(file, 'utf8')) as {
    benOrWorstScheduler: readonly { n: number; f: number; expectedRounds: number }[]
  }
  for (const { n, f, expectedRounds: expected } of benOrWorstScheduler)
    expect(expectedRounds(n, { f, faults: 'crash' })).toBeCloseTo(expected, 5)
})
