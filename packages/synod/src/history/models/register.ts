import type { Model, NondeterministicModel, Possible } from '../model.ts'
import { determinize } from '../model.ts'

/** A single value; writes answer nothing (`null`), a compare-and-set whether it set. */
export type RegisterOperation =
  | { readonly type: 'read' }
  | { readonly type: 'write'; readonly value: Value }
  | { readonly type: 'cas'; readonly from: Value; readonly to: Value }

export type Value = string | number | boolean | null

/** The value that was read; whether a cas found `from`; null for a write. */
export type RegisterResult = Value

/** A register, with compare-and-set for those who use it. */
export function register(initial: Value = null, name = 'register'): Model<RegisterOperation, RegisterResult, Value> {
  return {
    name,
    initial,
    step(state, operation, result) {
      switch (operation.type) {
        case 'read':
          return result === undefined || result === state ? state : undefined
        case 'write':
          return operation.value
        case 'cas': {
          const succeeds = operation.from === state
          if (result !== undefined && result !== succeeds) return undefined
          return succeeds ? operation.to : state
        }
      }
    },
    encode: (state) => JSON.stringify(state),
    isPure: ({ type }, result) => type === 'read' || (type === 'cas' && result === false),
    answer: (state, operation) =>
      operation.type === 'read' ? state : operation.type === 'write' ? null : operation.from === state,
    describe(operation, result) {
      const answer = result === undefined ? '' : ` → ${JSON.stringify(result)}`
      switch (operation.type) {
        case 'read':
          return `read${answer}`
        case 'write':
          return `write ${JSON.stringify(operation.value)}`
        case 'cas':
          return `cas ${JSON.stringify(operation.from)} to ${JSON.stringify(operation.to)}${answer}`
      }
    },
  }
}

/** Writes set *some* subset of their value, a read of any answers some subset of the state, a read of all the whole. */
export type SubsetOperation =
  | { readonly type: 'put-any'; readonly value: readonly number[] }
  | { readonly type: 'get-any' }
  | { readonly type: 'get-all' }

/** A register that decides for itself how much of a write it keeps: the example of a non-deterministic model. */
export function nondeterministicRegister(): Model<
  SubsetOperation,
  readonly number[] | null,
  Possible<readonly number[]>
> {
  const model: NondeterministicModel<SubsetOperation, readonly number[] | null, readonly number[]> = {
    name: 'nondeterministic-register',
    initial: [],
    steps(state, operation, result) {
      switch (operation.type) {
        case 'put-any':
          return subsetsOf(operation.value)
        case 'get-any':
          return result === undefined || result?.every((value) => state.includes(value)) === true ? [state] : []
        case 'get-all':
          return result === undefined || ascending(result ?? []).join() === state.join() ? [state] : []
      }
    },
    encode: (state) => JSON.stringify(state),
    describe: (operation, result) =>
      operation.type === 'put-any'
        ? `put-any ${JSON.stringify(operation.value)}`
        : `${operation.type}${result === undefined ? '' : ` → ${JSON.stringify(result)}`}`,
  }
  return determinize(model)
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b)
}

function subsetsOf(values: readonly number[]): number[][] {
  const subsets: number[][] = [[]]
  for (const value of ascending(values)) subsets.push(...subsets.map((subset) => [...subset, value]))
  return subsets
}
