import { describe, expect, test } from 'vitest'
import { keepApart, roundsWithConfirmation } from '../../testing/ben-or/worst-scheduler.ts'
import { mean } from '../../testing/ben-or/mean.ts'

// Goal: a common coin that is dropped into Ben-Or's algorithm can be kept from ending it for ever, by an adversary that knows
// nothing but what has happened; behind one more exchange it ends it in a constant number of rounds. Method: both
// adversaries, as code.

test.each([1, 2, 3])('without confirmation two stay apart for 1,000 rounds (coins of seed %i)', (seed) => {
  const told = keepApart(seed, 1000)
  expect(told).toHaveLength(1000)
  for (const { coin, next } of told) expect(next).toEqual({ p1: coin, p2: 1 - coin, p3: undefined })
})

describe('with confirmation', () => {
  test.each([
    [3, 1],
    [7, 3],
    [11, 5],
  ])('of %i, %i of whom may crash, somebody decides in round 3 on average', (n, f) => {
    const { average, margin } = mean(Array.from({ length: 300 }, (_, i) => roundsWithConfirmation(n, f, i + 1)))
    expect(Math.abs(average - 3)).toBeLessThan(margin)
    expect(margin).toBeLessThan(0.4)
  })
})
