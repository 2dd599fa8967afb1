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

const crashBits = 4
const lossBits = 8
const inputBits = 8
const timerBits = 4

type Counted = Pick<Bounds<Participant>, 'crashes' | 'losses' | 'timeouts'> & { readonly inputs?: readonly unknown[] }

/** What may happen, and how often, of all nodes together. */
export class Budget {
  readonly crash: Cost | undefined
  readonly loss: Cost | undefined
  private readonly inputs: readonly Cost[]
  private readonly timers: ReadonlyMap<TimerName, Cost>

  constructor({ crashes = 0, losses = 0, inputs = [], timeouts = {} }: Counted) {
    this.crash = crashes === 0 ? undefined : counting(`crashes than ${crashes}`, 0, crashBits, crashes)
    this.loss =
      losses === 'any' || losses === 0 ? undefined : counting(`losses than ${losses}`, crashBits, lossBits, losses)
    const first = crashBits + lossBits
    if (inputs.length > inputBits) throw new RangeError(`at most ${inputBits} inputs, not ${inputs.length}`)
    this.inputs = inputs.map((_, i) => counting('', first + i, 1, 1))
    const timers = Object.entries(timeouts)
    if (timers.length > 3) throw new RangeError(`at most 3 timers are counted, not ${timers.length}`)
    this.timers = new Map(
      timers.map(([timer, limit], i) => [
        timer,
        counting(`timeouts of ${timer} than ${limit}`, first + inputBits + timerBits * i, timerBits, limit),
      ]),
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
    const counted = [this.crash, this.loss, ...this.timers.values()].filter((cost) => cost !== undefined)
    return counted.filter(({ refused }) => refused > 0).map(({ what, refused }) => `more ${what}, ${refused} times`)
  }
}

function counting(what: string, shift: number, bits: number, limit: number): Cost {
  const mask = (1 << bits) - 1
  if (limit > mask) throw new RangeError(`no more ${what}: ${mask} can be counted`)
  return { what, shift, mask, limit, refused: 0 }
}
