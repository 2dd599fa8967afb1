import { expect, test } from 'vitest'
import { Meter, median } from './meter.ts'

/** A meter whose clock stands where it was put. */
function stopped(): { meter: Meter; at: (ms: number) => Meter } {
  let now = 0
  const meter = new Meter(() => now)
  return {
    meter,
    at: (ms) => {
      now = ms
      return meter
    },
  }
}

test('the longest time without service is the longest between two acknowledged writes', () => {
  const { meter, at } = stopped()
  at(10).served(0)
  at(50).served(45)
  at(60).served(45)
  expect(meter.longest).toEqual({ from: 10, to: 50 })
})

test('a run that ends without service counts until its end, and no longer', () => {
  const { meter, at } = stopped()
  at(10).served(0)
  at(100).pause()
  at(900).pause()
  expect(meter.longest).toEqual({ from: 10, to: 100 })
})

test('after a death only a write that was asked later counts', async () => {
  const { meter, at } = stopped()
  const recovered = at(100).leaderDies(60_000)
  at(110).served(95)
  expect(meter.afterLeaderDeath).toEqual([])
  at(400).served(150)
  expect(await recovered).toBe(true)
  at(500).served(450)
  expect(meter.afterLeaderDeath).toEqual([300])
})

test('a cluster that does not come back is told apart from one that does', async () => {
  const { meter, at } = stopped()
  expect(await meter.leaderDies(1)).toBe(false)
  at(5).served(2)
  expect(meter.afterLeaderDeath).toEqual([])
})

test('the median of an even number is between the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN])
})
