import { describe, expect, test } from 'vitest'
import { Schedule } from './schedule.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A clock, and the world times at which its alarm rang. */
function clock(skew = 0): { readonly schedule: Schedule; readonly clock: VirtualClock; readonly rang: number[] } {
  const schedule = new Schedule()
  const rang: number[] = []
  return { schedule, clock: new VirtualClock(schedule, skew, () => rang.push(schedule.now)), rang }
}

function run(schedule: Schedule, until: number): void {
  while (schedule.step(until));
}

describe('a machine’s clock', () => {
  test('begins anywhere and runs with the world', () => {
    const { schedule, clock: own } = clock(5000)
    run(schedule, 100)
    expect(own.now()).toBe(5100)
  })

  test('rings once, at the last time that was asked for', () => {
    const { schedule, clock: own, rang } = clock()
    own.alarm(100)
    own.alarm(300)
    run(schedule, 1000)
    expect(rang).toEqual([300])
  })

  test('an alarm that is taken back does not ring', () => {
    const { schedule, clock: own, rang } = clock()
    own.alarm(100)
    own.alarm(undefined)
    run(schedule, 1000)
    expect(rang).toEqual([])
  })

  test('that runs fast rings early, and one that runs slow late, by the world’s time', () => {
    for (const [rate, at] of [
      [1.25, 800],
      [0.8, 1250],
    ] as const) {
      const { schedule, clock: own, rang } = clock()
      own.alarm(1000)
      own.drift(rate)
      run(schedule, 2000)
      expect(rang).toEqual([at])
      expect(own.now()).toBeCloseTo(2000 * rate)
    }
  })

  test('that leaps ahead rings at once for what is due by then, and never shows an earlier time', () => {
    const { schedule, clock: own, rang } = clock()
    own.alarm(1000)
    run(schedule, 100)
    own.jump(5000)
    expect(own.now()).toBe(5100)
    run(schedule, 101)
    expect(rang).toEqual([100])
  })

  test('an alarm at an odd rate never rings before its time', () => {
    const schedule = new Schedule()
    const early: number[] = []
    let due = 0
    const own: VirtualClock = new VirtualClock(schedule, 0.1, () => {
      if (own.now() < due) early.push(due)
      if (schedule.now < 1000) own.alarm((due = own.now() + 1 / 7))
    })
    own.drift(1.0000001)
    own.alarm((due = own.now() + 1 / 7))
    run(schedule, 1000)
    expect(due).toBeGreaterThan(999)
    expect(early).toEqual([])
  })
})
