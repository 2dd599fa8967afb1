import { exp, ln, lnErfc, type Milliseconds } from '../../core/index.ts'

/** How the times between two heartbeats are taken to be distributed. */
export type Distribution = 'normal' | 'exponential'

/** The heartbeats of one process, as far as they are remembered. */
export interface Arrivals {
  /** The last one; before any has come, when it was begun to wait for one. An instant of the own clock. */
  readonly last: Milliseconds
  /** Between them, the oldest first. */
  readonly intervals: readonly Milliseconds[]
  readonly mean: Milliseconds
  readonly deviation: Milliseconds
}

export interface ArrivalOptions {
  /** What the interval is guessed to be before any was seen; its deviation is guessed to be a quarter. */
  readonly expected: Milliseconds
  /** So many intervals are remembered. */
  readonly samples: number
  /** Of heartbeats that come like clockwork: the slightest delay would be told apart otherwise. */
  readonly deviationMin: Milliseconds
}

/**
 * Nothing was seen yet. Two intervals are made up, a quarter below and above the one that is expected: with one alone there
 * would be no deviation, and with none nobody could ever be suspected.
 */
export function noArrivals(now: Milliseconds, options: ArrivalOptions): Arrivals {
  const { expected } = options
  return summed(now, [expected * 0.75, expected * 1.25], options)
}

/** `isGap`: the interval says nothing about heartbeats, its process was down meanwhile. */
export function arrived(arrivals: Arrivals, now: Milliseconds, isGap: boolean, options: ArrivalOptions): Arrivals {
  if (isGap) return { ...arrivals, last: now }
  return summed(now, [...arrivals.intervals, Math.max(0, now - arrivals.last)].slice(-options.samples), options)
}

/** As if all of it had come so much later: for so long nobody listened. */
export function later(arrivals: Arrivals, by: Milliseconds): Arrivals {
  return { ...arrivals, last: arrivals.last + by }
}

/** The sum of squares of differences: that of squares, less a square, may come out below zero. */
function summed(last: Milliseconds, intervals: readonly Milliseconds[], { deviationMin }: ArrivalOptions): Arrivals {
  let sum = 0
  for (const interval of intervals) sum += interval
  const mean = sum / intervals.length
  let squares = 0
  for (const interval of intervals) squares += (interval - mean) * (interval - mean)
  return { last, intervals, mean, deviation: Math.max(deviationMin, Math.sqrt(squares / intervals.length)) }
}

/** φ: with a heartbeat expected at all, the chance that it comes later than now is 10^−φ (Hayashibara and others 2004). */
export function phi({ last, mean, deviation }: Arrivals, now: Milliseconds, distribution: Distribution): number {
  const silence = Math.max(0, now - last)
  return distribution === 'normal' ? phiNormal((silence - mean) / deviation) : phiExponential(silence / mean)
}

/**
 * −log₁₀ of the normal distribution's tail, ½ erfc(z/√2). As 1 − F(z) it would be infinite from z = 8.3 on, where the
 * difference is lost: the logarithm of the tail itself is not.
 */
export function phiNormal(z: number): number {
  const lnTail = lnErfc((z < 0 ? -z : z) * Math.SQRT1_2) - Math.LN2
  // Before the mean, the tail of the other side is what is missing.
  return -(z < 0 ? ln(1 - exp(lnTail)) : lnTail) / Math.LN10
}

/** −log₁₀ e^(−t/μ). */
export function phiExponential(means: number): number {
  return means / Math.LN10
}
