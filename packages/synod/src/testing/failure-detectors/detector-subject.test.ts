import { describe, expect, test } from 'vitest'
import { drawPlan, simulate } from '../../simulator/index.ts'
import { DetectorQuality } from './detector-quality.ts'
import { detectorSettings, detectorSubject, perfectDetectorSubject } from './detector-subject.ts'

// Goal: in worlds in which everything fails, each detector keeps its class once the faults are over; and how good it is is
// measured right. Method: a seed for each kind of detector; a small history by hand.

const kinds = ['heartbeat 300 ms', 'ring 300 ms', 'gossip 300 ms', 'φ normal 8', 'φ exponential 8']

describe('once the faults are over, a core of processes', () => {
  test.each(kinds)('suspects who crashed, and nobody of itself: %s', (name) => {
    const settings = detectorSettings.find((one) => one.name === name)
    for (const seed of [1, 2]) {
      const plan = { ...drawPlan(detectorSubject, seed, { duration: 30_000 }), settings }
      const { violation, progress, figures } = simulate(detectorSubject, plan)
      expect(violation).toBe(undefined)
      expect(progress?.took).toBeGreaterThan(0)
      expect(figures.map(({ series }) => series)).toEqual([name, name, name])
    }
  })
})

test('P is never wrong, where the world keeps its bounds', () => {
  for (let seed = 1; seed <= 4; seed++)
    expect(simulate(perfectDetectorSubject, drawPlan(perfectDetectorSubject, seed)).violation).toBe(undefined)
})

test('P is wrong for ever, where a bound is broken', () => {
  const plan = drawPlan(perfectDetectorSubject, 1, { without: 'all', nodes: 3, duration: 30_000 })
  const partition = { type: 'partition', shape: 'mute', at: 5000, for: 8000, links: ['a>b', 'a>c'] } as const
  expect(simulate(perfectDetectorSubject, { ...plan, faults: [partition] }).violation?.invariant).toBe(
    'strong accuracy',
  )
})

test('figures: from a crash to the suspicion that is for good, and mistakes by the time in which they could be made', () => {
  const quality = new DetectorQuality(['a', 'b'])
  const up = new Set(['a', 'b'])
  const look = (now: number, ...suspected: string[]): void =>
    quality.look(
      'a',
      now,
      (id) => up.has(id),
      (id) => suspected.includes(id),
    )
  look(0)
  look(1000, 'b')
  look(1500)
  up.delete('b')
  look(2000)
  look(2300, 'b')
  up.add('b')
  look(3000, 'b')
  look(3100)
  const figures = Object.fromEntries(quality.figures('x').map(({ quantity, values }) => [quantity, values]))
  // Two pairs were watched for 2 s, until b was seen to be down, and 0.1 s at the end.
  expect(figures).toEqual({
    'detection time': [300],
    'mistake rate': [3_600_000 / 4200],
    'mistake duration': [500],
  })
})
