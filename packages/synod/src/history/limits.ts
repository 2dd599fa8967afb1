/** What a check may use. Each limit holds: beyond it the verdict is `unknown`. */
export interface Limits {
  /** Operations tried, as `steps` of a verdict counts them; no limit by default. */
  readonly steps?: number
  /** Milliseconds of `clock`, which must be given with it: the checker has no clock of its own. */
  readonly milliseconds?: number
  /** Milliseconds from any origin, such as `() => performance.now()`. */
  readonly clock?: () => number
  /** Bytes of what the search keeps, by its own account, which errs upwards; 1 GiB by default. */
  readonly bytes?: number
}

/** Which limit was reached. */
export type Exhausted = 'steps' | 'time' | 'memory'

/** Thrown inside a search, and caught by whoever runs it. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached'
  readonly limit: Exhausted
  constructor(limit: Exhausted) {
    super(`the limit of ${limit} is reached`)
    this.limit = limit
  }
}

/** How often the clock is read: at every call of the model, whose time is not ours, and once for so many known steps. */
const stepsPerReading = 512

/** Counts what all searches of one check use together. */
export class Meter {
  steps = 0
  bytes = 0
  /** The most that was in use at one time. */
  bytesMax = 0
  private readonly stepsLimit: number
  private readonly bytesLimit: number
  private readonly deadline: number
  private readonly clock: (() => number) | undefined

  constructor({ steps = Infinity, milliseconds, clock, bytes = 2 ** 30 }: Limits) {
    if (milliseconds !== undefined && clock === undefined)
      throw new TypeError('a limit of milliseconds needs a clock, such as () => performance.now()')
    this.stepsLimit = steps
    this.bytesLimit = bytes
    this.clock = milliseconds === undefined ? undefined : clock
    this.deadline = (this.clock?.() ?? 0) + (milliseconds ?? 0)
  }

  /** One operation is tried. */
  step(): void {
    if (this.steps >= this.stepsLimit) throw new LimitReached('steps')
    if (++this.steps % stepsPerReading === 0) this.readClock()
  }

  /** The model is about to be asked: how long that takes is not ours to say (porcupine#44). */
  readClock(): void {
    if (this.clock !== undefined && this.clock() >= this.deadline) throw new LimitReached('time')
  }

  /** Asks before memory is taken. */
  take(bytes: number): void {
    if (this.bytes + bytes > this.bytesLimit) throw new LimitReached('memory')
    this.bytes += bytes
    this.bytesMax = Math.max(this.bytesMax, this.bytes)
  }

  release(bytes: number): void {
    this.bytes -= bytes
  }
}
