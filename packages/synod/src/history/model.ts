import type { Observed } from './history.ts'
import type { Call } from './calls.ts'

/**
 * A sequential specification: what one client alone would see. States are values that are never changed; `step` answers
 * a new one.
 *
 * ```ts
 * const counter: Model<'increment', number, number> = {
 *   name: 'counter',
 *   initial: 0,
 *   step: (count, _, result) => (result === undefined || result === count + 1 ? count + 1 : undefined),
 *   encode: String,
 *   describe: (_, result) => `increment → ${result ?? '?'}`,
 * }
 * ```
 */
export interface Model<Operation, Result, State> {
  readonly name: string
  readonly initial: State
  /**
   * The state after the operation, or undefined where it cannot answer `result` in this state. Without a result the
   * outcome is unknown: the operation happens, whatever it answers. Answers the same object if nothing changes.
   */
  step(state: State, operation: Operation, result: Result | undefined): State | undefined
  /**
   * Text that is the same for equal states and for no others: what is reached twice is searched once. `'lineage'` tells
   * states apart by how they were reached: for models in which two orders of writes never lead to the same state.
   */
  readonly encode: ((state: State) => string) | 'lineage'
  /**
   * The part of the state that the operation is about, such as its key, where parts can be judged each on its own
   * (P-compositionality: Herlihy and Wing 1990, §3.3; Horn and Kroening 2015). Without it there is one part.
   */
  partition?(operation: Operation): string
  /**
   * The operation changes no state that allows this answer; without an answer: no state at all. Such operations are placed
   * as early as they fit, without trying anything else.
   */
  isPure?(operation: Operation, result: Result | undefined): boolean
  /**
   * The one answer that `step` accepts in this state, compared as JSON, where there is just one. The incremental checker
   * keeps it for calls that have no answer yet; without it, it keeps the states in which they may have happened.
   */
  answer?(state: State, operation: Operation): Result
  /**
   * To wait is of no use for this answer: neither this state nor any that can follow it allows it, or this one does and the
   * operation is pure. There nothing more is tried: with answers that only grow, such as revisions, not every write of
   * unknown outcome need be tried.
   */
  isPast?(state: State, result: Result): boolean
  /** About how many bytes a state holds that no other state shares; without it, twice the length of its encoding. */
  sizeOf?(state: State): number
  /** For people: `put a = 1`, `get a → 1`; without a result, the operation alone. */
  describe(operation: Operation, result: Result | undefined): string
  describeState?(state: State): string
  /**
   * Uses what is known of the whole history before it is searched: may drop calls of unknown outcome that change nothing
   * that an answered one saw, and answer calls that know more. One of unknown outcome that has a result is nothing to go
   * by: `explain` asks what would be known if it had not happened.
   */
  prepare?(calls: readonly Call<Operation, Result>[]): readonly Call<Operation, Result>[]
  /** What somebody saw, as an operation at the instant at which it was seen. Without it, observations are ignored. */
  observe?(event: Observed): { readonly operation: Operation; readonly result: Result }
  /** Of a model that was made by `determinize`: what it was made of. */
  readonly nondeterministic?: NondeterministicModel<Operation, Result, unknown>
}

/** A specification in which an operation may lead to one of several states. */
export interface NondeterministicModel<Operation, Result, State> extends Pick<
  Model<Operation, Result, State>,
  'name' | 'initial' | 'partition' | 'describe' | 'describeState'
> {
  encode(state: State): string
  /** All states that may follow; none if the operation cannot answer `result` here. */
  steps(state: State, operation: Operation, result: Result | undefined): readonly State[]
}

/** The states in which the specification may be, ascending by their encoding. */
export type Possible<State> = readonly State[]

/** The power-set construction: a state is the set of all states that the answers so far allow. */
export function determinize<Operation, Result, State>(
  model: NondeterministicModel<Operation, Result, State>,
): Model<Operation, Result, Possible<State>> {
  return {
    name: model.name,
    initial: [model.initial],
    step(states, operation, result) {
      const next = new Map<string, State>()
      for (const state of states) {
        for (const follower of model.steps(state, operation, result)) next.set(model.encode(follower), follower)
      }
      if (next.size === 0) return undefined
      return [...next].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, follower]) => follower)
    },
    encode: (states) => JSON.stringify(states.map((state) => model.encode(state))),
    describe: (operation, result) => model.describe(operation, result),
    nondeterministic: model,
    ...(model.partition === undefined ? {} : { partition: model.partition.bind(model) }),
    describeState: (states) => states.map((state) => model.describeState?.(state) ?? model.encode(state)).join(' or '),
  }
}
