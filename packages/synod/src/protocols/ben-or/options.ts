import { assert, seeded, random, type Milliseconds } from '../../core/index.ts'
import type { Bit } from './messages.ts'

export interface BenOrOptions {
  /** `crash`: n > 2f. `byzantine`: n > 5f, and whoever is faulty may say anything to anybody. */
  readonly faults: 'crash' | 'byzantine'
  /** How many may be faulty. More than that, and nothing is promised. */
  readonly f: number
  /** What is done where nobody proposed a value that one could take over. */
  readonly coin: Coin
  /** What was lost is asked for after a time drawn from [this, 2 × this). */
  readonly repeat: Milliseconds
}

export type Coin =
  /** Each its own. Ends with probability 1, whatever the scheduler; it may take an exponential number of rounds. */
  | { readonly type: 'local' }
  /**
   * All see the same coin in a round. `confirmed` is a third exchange before it: without that, a scheduler that sees the coin
   * keeps the participants apart for ever (Aguilera and Toueg 2012). The seed must be a secret until the coin falls, as a
   * threshold signature would be: whoever knows it beforehand can keep them apart, too.
   */
  | { readonly type: 'common'; readonly seed: number; readonly confirmed: boolean }

export const defaultBenOrOptions: Omit<BenOrOptions, 'f'> = { faults: 'crash', coin: { type: 'local' }, repeat: 200 }

/** How many votes are needed for what. */
export interface Thresholds {
  /** So many votes are waited for: more may never come. */
  readonly enough: number
  /** So many for one value make it the only one that anybody can see so often: against n, whatever was received. */
  readonly majority: number
  readonly decide: number
  readonly adopt: number
}

/** Throws `AssertionFailed` for more faults than so many participants survive. */
export function thresholdsOf({ faults, f, coin }: BenOrOptions, n: number): Thresholds {
  assert(Number.isInteger(f) && f >= 0, 'a number of faults')
  if (faults === 'crash') {
    assert(n > 2 * f, 'crash faults: n > 2f')
    return { enough: n - f, majority: Math.floor(n / 2) + 1, decide: f + 1, adopt: 1 }
  }
  assert(n > 5 * f, 'Byzantine faults: n > 5f')
  assert(coin.type === 'local', 'Byzantine faults: a coin of their own')
  const majority = Math.floor((n + f) / 2) + 1
  return { enough: n - f, majority, decide: majority, adopt: f + 1 }
}

/** The coin that all see in a round. */
export function commonCoin(seed: number, round: number): Bit {
  const stream = seeded(seed + Math.imul(round, 0x9e3779b1))
  return random(stream) < 0.5 ? 0 : 1
}
