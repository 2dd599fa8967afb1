import type { Model } from '../model.ts'
import type { Value } from './register.ts'

export type SetOperation = { readonly type: 'add' | 'remove'; readonly value: Value } | { readonly type: 'read' }

/** All members, in any order, each once; null for a change. */
export type SetResult = readonly Value[] | null

/** A set that is read as a whole. */
export function set(initial: readonly Value[] = []): Model<SetOperation, SetResult, readonly Value[]> {
  return {
    name: 'set',
    initial: sorted(initial),
    step(state, operation, result) {
      switch (operation.type) {
        case 'add':
          return state.includes(operation.value) ? state : sorted([...state, operation.value])
        case 'remove':
          return state.includes(operation.value) ? state.filter((one) => one !== operation.value) : state
        case 'read':
          return result === undefined || text(sorted(result ?? [])) === text(state) ? state : undefined
      }
    },
    encode: text,
    isPure: ({ type }) => type === 'read',
    describe: (operation, result) =>
      operation.type === 'read'
        ? `read${result === undefined ? '' : ` → ${text(result)}`}`
        : `${operation.type} ${text(operation.value)}`,
  }
}

/** Any value but null, which is what an empty queue answers. */
export type QueueOperation =
  | { readonly type: 'enqueue'; readonly value: NonNullable<Value> }
  | { readonly type: 'dequeue' }

/** What was dequeued; null for an empty queue, and for an enqueue. */
export type QueueResult = Value

/** First in, first out. */
export function queue(initial: readonly Value[] = []): Model<QueueOperation, QueueResult, readonly Value[]> {
  return {
    name: 'queue',
    initial,
    step(state, operation, result) {
      if (operation.type === 'enqueue') return [...state, operation.value]
      const [first = null, ...rest] = state
      if (result !== undefined && result !== first) return undefined
      return state.length === 0 ? state : rest
    },
    encode: text,
    isPure: ({ type }, result) => type === 'dequeue' && result === null,
    answer: (state, { type }) => (type === 'dequeue' ? (state[0] ?? null) : null),
    describe: (operation, result) =>
      operation.type === 'enqueue'
        ? `enqueue ${text(operation.value)}`
        : `dequeue${result === undefined ? '' : ` → ${text(result)}`}`,
  }
}

/** `holder` is who asks, so that nobody can release another's lock. */
export interface LockOperation {
  readonly type: 'acquire' | 'release'
  readonly holder: string
}

/** A lock that answers at once: whether it was acquired (it was free), or released (the holder had it). */
export function lock(initial: string | null = null): Model<LockOperation, boolean, string | null> {
  return {
    name: 'lock',
    initial,
    step(state, { type, holder }, result) {
      const succeeds = state === (type === 'acquire' ? null : holder)
      if (result !== undefined && result !== succeeds) return undefined
      if (!succeeds) return state
      return type === 'acquire' ? holder : null
    },
    encode: text,
    isPure: (_, result) => result === false,
    answer: (state, { type, holder }) => state === (type === 'acquire' ? null : holder),
    describe: ({ type, holder }, result) =>
      `${text(holder)}: ${type}${result === undefined ? '' : ` → ${String(result)}`}`,
    describeState: (state) => (state === null ? 'free' : `held by ${text(state)}`),
  }
}

/** In one order, whichever it is. */
function sorted(values: readonly Value[]): readonly Value[] {
  return values.toSorted((a, b) => {
    const [x, y] = [text(a), text(b)]
    return x < y ? -1 : x > y ? 1 : 0
  })
}

function text(value: unknown): string {
  return JSON.stringify(value)
}
