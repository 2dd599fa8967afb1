import type { Clock, Milliseconds } from '../core/index.ts'
import type { Schedule } from './schedule.ts'

/**
 * A machine's own idea of time: it starts anywhere, runs faster or slower than the world's, and leaps ahead when the
 * machine was suspended. It never goes back, as a monotonic clock does not.
 */
export class VirtualClock implements Clock {
  private readonly schedule: Schedule
  private readonly ring: () => void
  private rate = 1
  /** At world time `since`, this clock showed `shown`. */
  private since: Milliseconds = 0
  private shown: Milliseconds
  /** The alarm, in this clock's time. */
  private wanted: Milliseconds | undefined
  /** When the world wakes this clock next, and which of the wakings that is: later ones that it superseded are void. */
  private waking: Milliseconds = Infinity
  private wakings = 0

  /** `skew`: what it shows at the world's beginning. `ring` is called when the alarm is due. */
  constructor(schedule: Schedule, skew: Milliseconds, ring: () => void) {
    this.schedule = schedule
    this.shown = skew
    this.ring = ring
  }

  now(): Milliseconds {
    return this.shown + (this.schedule.now - this.since) * this.rate
  }

  alarm(at: Milliseconds | undefined): void {
    this.wanted = at
    if (at === undefined) return
    const when = this.schedule.now + Math.max(0, at - this.now()) / this.rate
    // An earlier waking will look again: an alarm that is put off at every message costs nothing.
    if (when >= this.waking) return
    this.waking = when
    const waking = ++this.wakings
    this.schedule.at(when, () => {
      if (waking === this.wakings) this.wake()
    })
  }

  /** So many of its milliseconds pass in one of the world's. */
  drift(rate: number): void {
    this.rebase(this.now())
    this.rate = rate
    this.reconsider()
  }

  /** It leaps ahead. */
  jump(by: Milliseconds): void {
    this.rebase(this.now() + by)
    this.reconsider()
  }

  /** The process is gone, and its alarm with it. */
  disarm(): void {
    this.wanted = undefined
  }

  private rebase(shown: Milliseconds): void {
    this.since = this.schedule.now
    this.shown = shown
  }

  private reconsider(): void {
    this.waking = Infinity
    this.alarm(this.wanted)
  }

  private wake(): void {
    this.waking = Infinity
    const { wanted } = this
    if (wanted === undefined) return
    const early = wanted - this.now()
    // What is left of a rounded division is less than anybody can measure.
    if (early > 1e-6) return this.alarm(wanted)
    if (early > 0) this.rebase(wanted)
    this.wanted = undefined
    this.ring()
  }
}
