import { describe, expect, test } from 'vitest'
import type { DetectorMessage } from './messages.ts'
import { initialDetectorState, type FailureDetector } from './detector.ts'
import { GossipDetector } from './gossip.ts'
import { initialRingState, RingDetector } from './ring.ts'
import { PerfectDetector } from './perfect.ts'
import { HandWorld, heartbeat } from './testing/hand-world.ts'

// Goal: the ring is one of ◊W, and figure 3 makes ◊S of it: pitfall L2: whoever says anything is cleared, by the gossip too,
// and nobody is made to suspect itself. Method: one of each, moved by hand.

const interval = { intervalMin: 50, intervalMax: 100 }
const patience = { ...interval, timeout: 200, growth: 70, grace: 10 }

describe('◊W by a ring', () => {
  function started(): { world: HandWorld; detector: RingDetector } {
    const world = new HandWorld('b')
    const state = { ...initialRingState }
    const detector = new RingDetector(world, ['a', 'b', 'c', 'd'], patience, () => state)
    detector.start(1)
    return { world, detector }
  }
  const asked = ({ world }: ReturnType<typeof started>): string =>
    world.sent
      .splice(0)
      .map(({ to }) => to)
      .join(' ')
  const alive = (sequence: number, incarnation = 1): DetectorMessage => ({ type: 'alive', sequence, incarnation })
  function silent({ world, detector }: ReturnType<typeof started>, id: string): void {
    world.fire(detector, `silence ${id}`)
    world.fire(detector, `doubt ${id}`)
  }

  test('asks its successor only, and those beyond it once it suspects it', () => {
    const b = started()
    expect(asked(b)).toBe('c')
    silent(b, 'c')
    b.world.fire(b.detector, 'ask')
    expect(asked(b)).toBe('c d')
    silent(b, 'd')
    silent(b, 'a')
    b.world.fire(b.detector, 'ask')
    expect(asked(b)).toBe('c d a')
    expect(b.detector.suspected).toEqual(['a', 'c', 'd'])
  })

  test('waits longer after a mistake, and leaves those beyond it to others (L1)', () => {
    const b = started()
    silent(b, 'c')
    silent(b, 'd')
    b.detector.receive(alive(1), 'c')
    expect(b.detector.suspected).toEqual([])
    expect([...b.world.timers.keys()].filter((timer) => timer !== 'ask')).toEqual(['silence c'])
    expect(b.world.timers.get('silence c')).toBe(270)
  })

  test('answers whoever asks', () => {
    const b = started()
    asked(b)
    b.detector.receive({ type: 'ask', sequence: 1, incarnation: 1 }, 'd')
    expect(b.world.sent).toMatchObject([{ to: 'd', message: { type: 'alive' } }])
  })
})

describe('◊S of ◊W, by gossip', () => {
  function started(own: readonly string[]): { world: HandWorld; detector: GossipDetector } {
    const inner: FailureDetector = {
      start: () => undefined,
      receive: () => undefined,
      timeout: () => undefined,
      suspects: (id) => own.includes(id),
      suspected: own,
    }
    const world = new HandWorld('a')
    const state = { ...initialDetectorState }
    const detector = new GossipDetector(world, ['a', 'b', 'c'], inner, { gossipMin: 50, gossipMax: 60 }, () => state)
    detector.start(1)
    return { world, detector }
  }
  const suspicions = (sequence: number, ...suspected: string[]): DetectorMessage => ({
    type: 'suspicions',
    suspected,
    sequence,
    incarnation: 1,
  })

  test('tells all others whom its own detector suspects, and believes it itself', () => {
    const { world, detector } = started(['c'])
    expect(world.sent).toMatchObject([
      { to: 'b', message: { type: 'suspicions', suspected: ['c'] } },
      { to: 'c', message: { type: 'suspicions', suspected: ['c'] } },
    ])
    expect(detector.suspected).toEqual(['c'])
  })

  test('believes what it is told, but never that it has crashed itself (L2)', () => {
    const { detector } = started([])
    detector.receive(suspicions(1, 'a', 'c'), 'b')
    expect(detector.suspected).toEqual(['c'])
  })

  test('clears whoever speaks (L2)', () => {
    const { detector } = started([])
    detector.receive(suspicions(1, 'c'), 'b')
    detector.receive(suspicions(1, 'b'), 'c')
    expect(detector.suspected).toEqual(['b'])
  })

  test('is not deceived by gossip that was overtaken (L6)', () => {
    const { detector } = started([])
    detector.receive(suspicions(2), 'b')
    detector.receive(suspicions(1, 'c'), 'b')
    expect(detector.suspected).toEqual([])
  })
})

test('P never takes a suspicion back', () => {
  const world = new HandWorld('a')
  const state = { ...initialDetectorState }
  const detector = new PerfectDetector(world, ['a', 'b'], { ...interval, delayMax: 400 }, () => state)
  detector.start(1)
  expect(world.timers.get('silence b')).toBe(500)
  world.fire(detector, 'silence b')
  detector.receive(heartbeat(1), 'b')
  expect(detector.suspected).toEqual(['b'])
})
