import type { TimerName } from '../../core/index.ts'
import type { Bounds, Participant } from './system.ts'

/** What a bounded event takes of the budget, which is one number of a state: so many bits for each kind of event. */
export interface Cost {
  readonly what: string
  readonly shift: number
  readonly mask: number
  readonly limit: number
  /** How often it was left out, because the budget was used up. */
  refused: number
}

/** Of a number that is compared as one with a sign. */
const mostBits = 31

type Counted = Pick<Bounds<Participant>, 'crashes' | 'losses' | 'duplicates' | 'timeouts'> & {
  readonly inputs?: readonly unknown[]
}

/** What may happen, and how often, of all nodes together. */
export class Budget {
  readonly crash: Cost | undefined
  readonly loss: Cost | undefined
  readonly duplicate: Cost | undefined
  private readonly inputs: readonly Cost[]
  private readonly timers: ReadonlyMap<TimerName, Cost>
  /** That are taken. */
  private bits = 0

  constructor({ crashes = 0, losses = 0, duplicates = 0, inputs = [], timeouts = {} }: Counted) {
    this.crash = this.counting('crashes', crashes)
    this.loss = losses === 'any' ? undefined : this.counting('losses', losses)
    this.duplicate = this.counting('deliveries of a message that stays under way', duplicates)
    this.inputs = inputs.map(() => this.countingTo('', 1))
    this.timers = new Map(
      Object.entries(timeouts).map(([timer, limit]) => [timer, this.countingTo(`timeouts of ${timer}`, limit)]),
    )
  }

  input(input: number): Cost | undefined {
    return this.inputs[input]
  }

  timer(timer: TimerName): Cost | undefined {
    return this.timers.get(timer)
  }

  /** Whether it may happen once more. */
  affords(spent: number, cost: Cost): boolean {
    if (((spent >>> cost.shift) & cost.mask) < cost.limit) return true
    cost.refused++
    return false
  }

  leftOut(): string[] {
    const counted = [this.crash, this.loss, this.duplicate, ...this.timers.values()].filter(
      (cost) => cost !== undefined,
    )
    return counted.filter(({ refused }) => refused > 0).map(({ what, refused }) => `more ${what}, ${refused} times`)
  }

  private counting(what: string, limit: number): Cost | undefined {
    return limit === 0 ? undefined : this.countingTo(what, limit)
  }

  private countingTo(what: string, limit: number): Cost {
    const shift = this.bits
    const bits = 32 - Math.clz32(limit)
    this.bits += bits
    if (this.bits > mostBits) throw new RangeError(`the bounds are more than ${mostBits} bits can count`)
    return { what: `${what} than ${limit}`, shift, mask: 2 ** bits - 1, limit, refused: 0 }
  }
}
