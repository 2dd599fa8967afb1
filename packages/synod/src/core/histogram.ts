/**
 * How many values of which size there were, in plain numbers: to record one is a few comparisons and additions, and
 * allocates nothing, so that it may be done on the way of every put.
 */
export class Histogram {
  /** The greatest value of each class but the last, which has none. */
  readonly bounds: readonly number[]
  /** One more than there are bounds. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  record(value: number): void {
    const { bounds, counts } = this
    let at = 0
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++
    counts[at] = (counts[at] ?? 0) + 1
    this.sum += value
  }

  /** What another one with the same bounds has counted. */
  add(other: Histogram): void {
    for (const [at, count] of other.counts.entries()) this.counts[at] = (this.counts[at] ?? 0) + count
    this.sum += other.sum
  }
}

/** So many bounds, each twice the one before. */
export function doublingBounds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first * 2 ** i)
}
