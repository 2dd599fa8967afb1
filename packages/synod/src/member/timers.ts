import type { Clock, Milliseconds, TimerName } from '../core/index.ts'

/** Many named timers over the one alarm of a clock. Arming again is a write to a map: protocols do it at every message. */
export class Timers {
  private readonly clock: Clock
  private readonly deadlines = new Map<string, Milliseconds>()
  private armed: Milliseconds = Infinity
  readonly engine: EngineTimers = new EngineTimers()

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

/** How the engine's timers are called among the member's. Made once for each: a text that was just put together is slow to look up. */
export class EngineTimers {
  private readonly names = new Map<TimerName, string>()
  private readonly timers = new Map<string, TimerName>()

  name(timer: TimerName): string {
    let name = this.names.get(timer)
    if (name === undefined) {
      name = `engine:${timer}`
      this.names.set(timer, name)
      this.timers.set(name, timer)
    }
    return name
  }

  /** undefined: it is one of the member's own. */
  timer(name: string): TimerName | undefined {
    return this.timers.get(name)
  }
}
