import { choose, present, random, seeded, type Milliseconds, type RandomState } from '../core/index.ts'

/**
 * Randomness by purpose: each purpose has a stream of its own, so that a fault that is removed, or a client that says
 * less, does not shift what all the others draw.
 */
export class Draws {
  private readonly seed: number

  constructor(seed: number) {
    this.seed = seed
  }

  /** The same seed and purpose give the same stream. */
  for(purpose: string): RandomState {
    let hash = this.seed | 0
    for (let i = 0; i < purpose.length; i++) {
      hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193)
      hash ^= hash >>> 15
    }
    return seeded(hash)
  }
}

/** How long something takes: anything in a range; usually short and now and then long; or mostly short with rare stragglers. */
export type Duration =
  | { readonly kind: 'uniform'; readonly min: Milliseconds; readonly max: Milliseconds }
  | { readonly kind: 'exponential'; readonly min: Milliseconds; readonly mean: Milliseconds }
  | {
      readonly kind: 'stragglers'
      readonly min: Milliseconds
      readonly max: Milliseconds
      readonly straggle: Milliseconds
    }

/** One in so many takes the whole of `straggle` longer. */
const oneStragglerIn = 50

export function draw(stream: RandomState, duration: Duration): Milliseconds {
  switch (duration.kind) {
    case 'uniform':
      return duration.min + (duration.max - duration.min) * random(stream)
    case 'exponential':
      return duration.min + duration.mean * exponential(stream)
    case 'stragglers': {
      const usual = duration.min + (duration.max - duration.min) * random(stream)
      return choose(stream, oneStragglerIn) === 0 ? usual + duration.straggle : usual
    }
  }
}

/**
 * Exponentially distributed with mean 1, by comparisons alone (von Neumann 1951): a logarithm would differ between
 * platforms in its last bit, and with it the whole run.
 */
export function exponential(stream: RandomState): number {
  for (let whole = 0; ; whole++) {
    const first = random(stream)
    let last = first
    for (let length = 1; ; length++) {
      const next = random(stream)
      if (next < last) {
        last = next
        continue
      }
      // A falling run of odd length is accepted with probability e^-first.
      if (length % 2 === 1) return whole + first
      break
    }
  }
}

/** In [min, max). */
export function between(stream: RandomState, min: number, max: number): number {
  return min + (max - min) * random(stream)
}

/** A whole number in [min, max]. */
export function within(stream: RandomState, min: number, max: number): number {
  return min + choose(stream, max - min + 1)
}

export function chance(stream: RandomState, probability: number): boolean {
  return random(stream) < probability
}

export function pick<T>(stream: RandomState, items: readonly T[]): T {
  return present(items[choose(stream, items.length)], 'there is something to choose from')
}

export function shuffled<T>(stream: RandomState, items: readonly T[]): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = choose(stream, i + 1)
    const [a, b] = [result[i], result[j]]
    if (a === undefined || b === undefined) continue
    result[i] = b
    result[j] = a
  }
  return result
}
