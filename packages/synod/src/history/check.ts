import { present } from '../core/index.ts'
import { callsOf, happenedOf, partition, prepared } from './calls.ts'
import type { Call } from './calls.ts'
import type { History } from './history.ts'
import { LimitReached, Meter } from './limits.ts'
import type { Exhausted, Limits } from './limits.ts'
import type { Model } from './model.ts'
import { arrange } from './problem.ts'
import { Search } from './search.ts'
import type { Found } from './search.ts'

/** What a check found, and what it cost. */
export type Verdict<Operation = unknown, Result = unknown> = Cost &
  (
    | { readonly outcome: 'linearizable' }
    | {
        readonly outcome: 'not-linearizable'
        readonly partition: string
        /** All calls of the partition that may have happened. */
        readonly calls: readonly Call<Operation, Result>[]
        /**
         * What was invoked up to the return of this call cannot be linearized, with what all answers together tell of calls of
         * unknown outcome; up to the return before it, it can.
         */
        readonly blocked: Call<Operation, Result>
      }
    /** A limit was reached before an answer was found; none of the partitions that were finished is to blame. */
    | { readonly outcome: 'unknown'; readonly limit: Exhausted; readonly unfinished: readonly string[] }
  )

/** What a check used. */
export interface Cost {
  /** Operations tried. */
  readonly steps: number
  /** The most that was kept at one time, in bytes. */
  readonly bytes: number
  readonly partitions: number
  /** Operations that may have happened. */
  readonly operations: number
}

/** How many steps each partition gets in the first round. */
const firstBudget = 1000

/**
 * Judges whether the history is linearizable (Herlihy and Wing 1990) by the model: whether each operation could have
 * taken effect at one instant between its invocation and its return. Partitions take turns of doubling budgets, and the
 * first that is wrong decides. The model's own errors are thrown; those of the history as `MalformedHistory`.
 */
export function check<Operation, Result, State>(
  history: History<Operation, Result>,
  model: Model<Operation, Result, State>,
  limits: Limits = {},
): Verdict<Operation, Result> {
  const meter = new Meter(limits)
  const happened = happenedOf(callsOf(history, model.observe?.bind(model)))
  const calls = prepared(happened, model)
  const parts = partition(calls, model)
  const cost = (): Cost => ({
    steps: meter.steps,
    bytes: meter.bytesMax,
    partitions: parts.size,
    operations: calls.length,
  })

  let turns = [...parts].map(([name, part]) => new Turn(name, part, model))
  const unfinished: string[] = []
  let limit: Exhausted = 'memory'
  for (let budget = firstBudget; turns.length > 0; budget *= 2) {
    const paused: typeof turns = []
    for (const turn of turns) {
      const found = turn.run(budget, meter)
      if (found === 'not-linearizable') {
        const { name, search } = turn
        const blocked = present(search?.problem.calls[search.blockedBy], 'what cannot be linearized ends at a return')
        const all = partition(happened, model).get(name) ?? []
        return { ...cost(), outcome: found, partition: name, calls: all, blocked }
      } else if (found === 'paused') paused.push(turn)
      else if (found !== 'linearizable') {
        limit = found
        unfinished.push(turn.name)
        // Another partition may still decide within the memory that this one gives back.
        if (found !== 'memory')
          return { ...cost(), outcome: 'unknown', limit, unfinished: turns.map(({ name }) => name) }
      }
    }
    turns = paused
  }
  if (unfinished.length > 0) return { ...cost(), outcome: 'unknown', limit, unfinished }
  return { ...cost(), outcome: 'linearizable' }
}

/** One partition, whose search is made at its first turn and kept while it is paused. */
class Turn<Operation, Result, State> {
  readonly name: string
  readonly calls: readonly Call<Operation, Result>[]
  search: Search<Operation, Result, State> | undefined
  private readonly model: Model<Operation, Result, State>
  private bytes = 0

  constructor(name: string, calls: readonly Call<Operation, Result>[], model: Model<Operation, Result, State>) {
    this.name = name
    this.calls = calls
    this.model = model
  }

  run(budget: number, meter: Meter): Found | Exhausted {
    const before = meter.bytes
    try {
      this.search ??= new Search(arrange(this.calls, this.model), this.model, meter)
      const found = this.search.run(budget)
      this.bytes += meter.bytes - before
      if (found === 'linearizable') this.release(meter)
      return found
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error
      this.bytes += meter.bytes - before
      this.release(meter)
      return error.limit
    }
  }

  private release(meter: Meter): void {
    this.search = undefined
    meter.release(this.bytes)
    this.bytes = 0
  }
}
