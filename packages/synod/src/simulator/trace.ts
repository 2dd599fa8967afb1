/** What kind of event a trace was told of. */
export const traced = { start: 1, end: 2, frame: 3, alarm: 4, disk: 5, operation: 6, answer: 7, fault: 8 } as const

/**
 * A running hash over everything that happens in a world: two runs are the same run if and only if their traces are
 * equal, but for one chance in 2^64.
 */
export class Trace {
  /** Events so far. */
  count = 0
  private low = 0x811c9dc5
  private high = 0x2f0b4c47
  private readonly time = new Float64Array(1)
  private readonly words: Uint32Array
  /** The hash after each event, where it was asked for: what finds the first difference between two runs. */
  readonly steps: number[] | undefined

  constructor(keepSteps = false) {
    this.words = new Uint32Array(this.time.buffer)
    this.steps = keepSteps ? [] : undefined
  }

  event(kind: number, now: number, subject: number, detail: number): void {
    this.time[0] = now
    this.mix(kind ^ (subject << 8))
    this.mix(this.words[0] ?? 0)
    this.mix(this.words[1] ?? 0)
    this.mix(detail)
    this.count++
    this.steps?.push(this.low >>> 0)
  }

  private mix(word: number): void {
    let low = Math.imul(this.low ^ word, 0x01000193)
    low ^= low >>> 13
    this.low = low
    this.high = Math.imul(this.high ^ low, 0x5bd1e995) ^ (this.high >>> 15)
  }

  /** As 16 hexadecimal digits. */
  get hash(): string {
    return [this.high, this.low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
