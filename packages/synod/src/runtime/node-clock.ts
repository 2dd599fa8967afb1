import type { Clock, Milliseconds } from '../core/index.ts'

/** What a timer of Node's can wait at most; beyond it, it would fire at once. */
const longest = 2 ** 31 - 1

/**
 * A monotonic clock with one alarm. Members move their alarm all the time, nearly always to a later instant: the timer
 * that runs already is then left alone, and looks at what is wanted when it fires.
 */
export class NodeClock implements Clock {
  private readonly ring: () => void
  private wanted: Milliseconds | undefined
  private timer: NodeJS.Timeout | undefined
  private timerFires: Milliseconds = Infinity
  private ringing: NodeJS.Immediate | undefined

  constructor(ring: () => void) {
    this.ring = ring
  }

  now(): Milliseconds {
    return performance.now()
  }

  alarm(at: Milliseconds | undefined): void {
    this.wanted = at
    if (at !== undefined && at < this.timerFires) this.arm(at)
  }

  close(): void {
    this.wanted = undefined
    clearTimeout(this.timer)
    clearImmediate(this.ringing)
    this.timer = undefined
    this.timerFires = Infinity
  }

  private arm(at: Milliseconds): void {
    clearTimeout(this.timer)
    this.timerFires = at
    // rounded up: a timer never has to be armed twice for a fraction of a millisecond
    const delay = Math.min(longest, Math.max(1, Math.ceil(at - this.now())))
    this.timer = setTimeout(() => this.fired(), delay)
  }

  /**
   * The alarm rings after the sockets have been looked at once. A process that was suspended, or busy for long, finds its
   * timers overdue and the heartbeats of its leader unread: it must not campaign before it has read them.
   */
  private fired(): void {
    this.timer = undefined
    this.timerFires = Infinity
    clearImmediate(this.ringing)
    this.ringing = setImmediate(() => {
      if (this.wanted === undefined) return
      if (this.wanted > this.now()) return this.alarm(this.wanted)
      this.wanted = undefined
      this.ring()
    })
  }
}
