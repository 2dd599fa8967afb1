import type { Clock, Milliseconds } from '../core/index.ts'

/** Many named timers over the one alarm of a clock. Arming again is a write to a map: protocols do it at every message. */
export class Timers {
  private readonly clock: Clock
  private readonly deadlines = new Map<string, Milliseconds>()
  private armed: Milliseconds = Infinity

  constructor(clock: Clock) {
    this.clock = clock
  }

  set(name: string, delay: Milliseconds): void {
    const at = this.clock.now() + delay
    this.deadlines.set(name, at)
    if (at < this.armed) this.arm(at)
  }

  /** Arms it unless it is armed already. */
  ensure(name: string, delay: Milliseconds): void {
    if (!this.deadlines.has(name)) this.set(name, delay)
  }

  clear(name: string): void {
    this.deadlines.delete(name)
  }

  clearAll(): void {
    this.deadlines.clear()
    this.armed = Infinity
    this.clock.alarm(undefined)
  }

  /** The name of one timer that is due, the earliest first; disarmed by this. */
  due(now: Milliseconds): string | undefined {
    let earliest: string | undefined
    let at = Infinity
    for (const [name, deadline] of this.deadlines) {
      if (deadline <= now && deadline < at) {
        earliest = name
        at = deadline
      }
    }
    if (earliest !== undefined) this.deadlines.delete(earliest)
    return earliest
  }

  /** After the due ones were handled: an alarm for the next. A timer that was set to later meanwhile costs one idle alarm. */
  rearm(): void {
    let at = Infinity
    for (const deadline of this.deadlines.values()) at = Math.min(at, deadline)
    this.armed = Infinity
    if (at !== Infinity) this.arm(at)
  }

  private arm(at: Milliseconds): void {
    this.armed = at
    this.clock.alarm(at)
  }
}
