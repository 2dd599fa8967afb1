import type { Model } from '../model.ts'

/** Text by key; a key that was never written reads as the empty text. */
export type KeyValueOperation =
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'put' | 'append'; readonly key: string; readonly value: string }

/** The text that was read; null for a write. */
export type KeyValueResult = string | null

/** Keys with put and append, each key a partition of its own. */
export function keyValue(): Model<KeyValueOperation, KeyValueResult, string> {
  return {
    name: 'key-value',
    initial: '',
    step(state, operation, result) {
      switch (operation.type) {
        case 'get':
          return result === undefined || result === state ? state : undefined
        case 'put':
          return operation.value
        case 'append':
          return state + operation.value
      }
    },
    encode: (state) => state,
    partition: ({ key }) => key,
    isPure: ({ type }) => type === 'get',
    answer: (state, { type }) => (type === 'get' ? state : null),
    describe(operation, result) {
      const key = JSON.stringify(operation.key)
      if (operation.type !== 'get') return `${operation.type} ${key} ${JSON.stringify(operation.value)}`
      return `get ${key}${result === undefined ? '' : ` → ${JSON.stringify(result)}`}`
    },
    describeState: (state) => JSON.stringify(state),
  }
}
