import { describe, expect, test } from 'vitest'
import { HeartbeatDetector, initialHeartbeatState, type HeartbeatState } from './heartbeat.ts'
import { HandWorld, heartbeat } from './testing/hand-world.ts'

// Goal: pitfalls L1, L5, L6: the detector of figure 10 learns from each mistake, takes its own stall for nobody's silence,
// and knows the lives of the others apart. Method: one detector, moved by hand.

const options = { intervalMin: 50, intervalMax: 100, timeout: 200, growth: 70, grace: 10 }

function started(): { world: HandWorld; detector: HeartbeatDetector; state: HeartbeatState } {
  const world = new HandWorld('a')
  const state = { ...initialHeartbeatState }
  const detector = new HeartbeatDetector(world, ['a', 'b', 'c'], options, () => state)
  detector.start(1)
  return { world, detector, state }
}

function silent({ world, detector }: ReturnType<typeof started>, id: string): void {
  world.fire(detector, `silence ${id}`)
  world.fire(detector, `doubt ${id}`)
}

describe('◊P by heartbeats', () => {
  test('says that it is alive, to all others, again and again', () => {
    const { world, detector } = started()
    world.fire(detector, 'beat')
    expect(world.sent.map(({ to, message }) => `${to} ${message.type} ${message.sequence}`)).toEqual([
      'b heartbeat 1',
      'c heartbeat 1',
      'b heartbeat 2',
      'c heartbeat 2',
    ])
  })

  test('suspects who is silent, and nobody else', () => {
    const a = started()
    silent(a, 'b')
    expect(a.detector.suspected).toEqual(['b'])
  })

  test('waits longer after each mistake, not after the first only (L1)', () => {
    const a = started()
    for (const [i, timeout] of [270, 340, 410].entries()) {
      silent(a, 'b')
      a.detector.receive(heartbeat(i + 1), 'b')
      expect(a.detector.suspected).toEqual([])
      expect(a.world.timers.get('silence b')).toBe(timeout)
    }
    expect(a.world.timers.get('silence c')).toBe(options.timeout)
  })

  test('hears what has arrived before it suspects: its own stall is nobody else’s silence (L5)', () => {
    const { world, detector } = started()
    // All of it is due when the machine goes on: the timers first, then what was said meanwhile.
    for (const id of ['b', 'c']) world.fire(detector, `silence ${id}`)
    for (const id of ['b', 'c']) detector.receive(heartbeat(1), id)
    expect(detector.suspected).toEqual([])
    expect([...world.timers.keys()]).not.toContain('doubt b')
  })

  test('trusts who comes back in another life, for that was no mistake (L6)', () => {
    const a = started()
    a.detector.receive(heartbeat(5, 1), 'b')
    silent(a, 'b')
    a.detector.receive(heartbeat(1, 2), 'b')
    expect(a.detector.suspected).toEqual([])
    expect(a.world.timers.get('silence b')).toBe(options.timeout)
  })

  test('is not deceived by a late heartbeat of an earlier life, nor by one that was overtaken (L6)', () => {
    const a = started()
    a.detector.receive(heartbeat(3, 2), 'b')
    silent(a, 'b')
    a.detector.receive(heartbeat(9, 1), 'b')
    a.detector.receive(heartbeat(2, 2), 'b')
    expect(a.detector.suspected).toEqual(['b'])
  })
})
