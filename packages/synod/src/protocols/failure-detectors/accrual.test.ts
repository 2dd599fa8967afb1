import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AccrualDetector, initialAccrualState, type AccrualOptions } from './accrual.ts'
import { arrived, noArrivals, phi, phiExponential, phiNormal, type Arrivals } from './phi.ts'
import { HandWorld, heartbeat } from './testing/hand-world.ts'

// Goal: pitfalls L3, L4, L5: φ is what its closed form says, however late it is, and there is one from the beginning. Method:
// the published values; and one detector whose clock is moved by hand.

const { phiNormal: published } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../testdata/closed-forms/values.json'), 'utf8'),
) as { readonly phiNormal: readonly { readonly z: number; readonly phi: number }[] }

const options: AccrualOptions = {
  intervalMin: 90,
  intervalMax: 110,
  expected: 100,
  samples: 10,
  deviationMin: 5,
  lookEvery: 20,
  distribution: 'normal',
  threshold: 8,
}

function clockwork(times: number, every: number): Arrivals {
  let arrivals = noArrivals(0, options)
  for (let i = 1; i <= times; i++) arrivals = arrived(arrivals, i * every, false, options)
  return arrivals
}

describe('φ', () => {
  test.each(published)('of a normal distribution, $z deviations after the mean', ({ z, phi: wanted }) => {
    expect(phiNormal(z)).toBeCloseTo(wanted, 6)
  })

  test('reaches 1, 8 and 12 where it should', () => {
    for (const [threshold, z] of [
      [1, 1.28155],
      [2, 2.32635],
      [3, 3.09023],
      [5, 4.26489],
      [8, 5.612],
      [12, 7.03448],
    ] as const)
      expect(phiNormal(z)).toBeCloseTo(threshold, 4)
    expect(phiExponential(18.42068)).toBeCloseTo(8, 5)
  })

  test('goes on where the distribution is 1 to the last bit (L3)', () => {
    expect(phiNormal(9)).toBeCloseTo(18.9475, 3)
    expect(phiNormal(40)).toBeCloseTo(349.437, 3)
    expect(phiNormal(1e6)).toBeLessThan(Infinity)
    expect(phiNormal(-1)).toBeCloseTo(-Math.log10(0.8413447460685429), 12)
    expect(phiNormal(-40)).toBeCloseTo(0, 12)
  })

  test('of heartbeats that come like clockwork keeps a deviation (L3)', () => {
    const arrivals = clockwork(30, 100)
    expect(arrivals).toMatchObject({ mean: 100, deviation: options.deviationMin })
    expect(phi(arrivals, arrivals.last + 105, 'normal')).toBeCloseTo(phiNormal(1), 12)
  })

  test('of large times has a variance that is not negative (L3)', () => {
    let arrivals = noArrivals(1e15, options)
    for (const at of [1e15 + 1e8, 1e15 + 2e8, 1e15 + 3e8]) arrivals = arrived(arrivals, at, false, options)
    expect(arrivals.deviation).toBeGreaterThan(0)
  })

  test('is there before anything was heard, and after one heartbeat (L4)', () => {
    for (const arrivals of [noArrivals(0, options), clockwork(1, 100)]) {
      expect(arrivals.deviation).toBeGreaterThan(10)
      expect(phi(arrivals, arrivals.last + 1000, 'normal')).toBeGreaterThan(8)
    }
  })

  test('forgets what is older than its samples', () => {
    let arrivals = clockwork(5, 1000)
    for (let i = 1; i <= options.samples; i++) arrivals = arrived(arrivals, 5000 + i * 100, false, options)
    expect(arrivals.intervals).toHaveLength(options.samples)
    expect(arrivals.mean).toBe(100)
  })
})

describe('the accrual detector', () => {
  function started(): { world: HandWorld; detector: AccrualDetector } {
    const world = new HandWorld('a')
    const state = { ...initialAccrualState }
    const detector = new AccrualDetector(world, ['a', 'b', 'c'], options, () => state)
    detector.start(1)
    return { world, detector }
  }

  /** Looks as often as it should until then. */
  function lookUntil({ world, detector }: ReturnType<typeof started>, until: number): void {
    while (world.time < until) {
      world.time += options.lookEvery
      world.fire(detector, 'look')
    }
  }

  test('suspects once φ has reached its threshold', () => {
    const a = started()
    lookUntil(a, 200)
    expect(a.detector.suspected).toEqual([])
    a.detector.receive(heartbeat(1), 'b')
    lookUntil(a, 260)
    expect(a.detector.phi('c')).toBeGreaterThan(options.threshold)
    expect(a.detector.suspected).toEqual(['c'])
  })

  test('takes what it has itself missed for nobody’s silence (L5)', () => {
    const a = started()
    a.world.time = 100_000
    a.world.fire(a.detector, 'look')
    expect(a.detector.suspected).toEqual([])
  })

  test('has learnt from a mistake', () => {
    const a = started()
    lookUntil(a, 400)
    expect(a.detector.suspected).toEqual(['b', 'c'])
    a.detector.receive(heartbeat(1), 'b')
    lookUntil(a, 800)
    expect(a.detector.suspected).toEqual(['c'])
  })

  test('does not take the time in which a process was down for an interval (L6)', () => {
    const a = started()
    a.detector.receive(heartbeat(1, 1), 'b')
    a.world.time = 100_000
    a.detector.receive(heartbeat(1, 2), 'b')
    a.world.time += 500
    expect(a.detector.phi('b')).toBeGreaterThan(options.threshold)
  })
})
