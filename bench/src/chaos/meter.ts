/** A span of the run, in milliseconds since it began. */
export interface Gap {
  readonly from: number
  readonly to: number
}

/**
 * How long nobody was served. Service is a write that was acknowledged to anybody; after a leader's death it is one
 * that was also asked after it, since an answer to an older one may have been on its way.
 */
export class Meter {
  /** The longest time without an acknowledged write. */
  longest: Gap = { from: 0, to: 0 }
  /** For each leader that died while nothing else was wrong: how long until the next write was served. */
  readonly afterLeaderDeath: number[] = []
  private lastServed: number
  private diedAt: number | undefined
  private recovered: (() => void) | undefined
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
    this.lastServed = now()
  }

  /** A write that was asked at `invokedAt` has been acknowledged. */
  served(invokedAt: number): void {
    const now = this.now()
    if (now - this.lastServed > this.longest.to - this.longest.from) this.longest = { from: this.lastServed, to: now }
    this.lastServed = now
    if (this.diedAt === undefined || invokedAt < this.diedAt) return
    this.afterLeaderDeath.push(now - this.diedAt)
    this.diedAt = undefined
    this.recovered?.()
  }

  /** Nothing is asked any more, or is expected to be served: the time from here on does not count. */
  pause(): void {
    const now = this.now()
    if (now - this.lastServed > this.longest.to - this.longest.from) this.longest = { from: this.lastServed, to: now }
    this.lastServed = Infinity
  }

  /** The leader dies now. Resolves when the next write is served, or with `false` after `timeoutMs`. */
  async leaderDies(timeoutMs: number): Promise<boolean> {
    this.diedAt = this.now()
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.recovered = () => resolve(true)
    const timer = setTimeout(() => resolve(false), timeoutMs)
    const recovered = await promise
    clearTimeout(timer)
    this.recovered = undefined
    this.diedAt = undefined
    return recovered
  }
}

/** The middle one, or the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN
  return (upper + lower) / 2
}
