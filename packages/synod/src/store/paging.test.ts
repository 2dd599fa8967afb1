import { expect, test } from 'vitest'
import { errors, rangeOf, Store, putOf } from './index.ts'
import type { RangeRequest, RangeResult, TxnRequest } from './index.ts'

// Goal: what a page costs does not grow with the keys that are not on it. Method: many keys, and the keys that a range
// looks at are counted, not its time.

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const total = 50_000
const name = (i: number): string => `key${String(i).padStart(6, '0')}`

function put(store: Store, key: string): void {
  store.apply(putOf(bytes(key), bytes('v')))
}

function remove(store: Store, from: string, to: string): void {
  store.apply({ type: 'deleteRange', key: bytes(from), rangeEnd: bytes(to), prevKv: false })
}

function filled(): Store {
  const store = new Store()
  for (let i = 0; i < total; i++) put(store, name(i))
  return store
}

const everything = rangeOf(bytes('key'), { rangeEnd: bytes('kez'), keysOnly: true })

/** What it answers, and how many keys it looked at. */
function page(store: Store, asked: Partial<RangeRequest>): RangeResult & { looked: number } {
  const request: RangeRequest = { ...everything, ...asked }
  let looked = 0
  const { tree } = store
  for (const way of ['scan', 'scanExisting'] as const) {
    const real = tree[way].bind(tree)
    tree[way] = (start, end, visit) =>
      real(start, end, (key) => {
        looked++
        return visit(key)
      })
  }
  const result = store.range(request)
  // The methods of every other tree.
  Reflect.deleteProperty(tree, 'scan')
  Reflect.deleteProperty(tree, 'scanExisting')
  if (result.type === 'error') throw new Error(result.message)
  return { ...result, looked }
}

test('one key of many, and how many there are, takes a look at two keys, now and in the past', () => {
  const store = filled()
  const { revision } = store
  for (let i = 0; i < 500; i++) put(store, `${name(i)}x`)
  remove(store, name(total - 100), 'kez')
  put(store, name(total - 50))
  expect(page(store, { limit: 1 })).toMatchObject({ count: total + 401, more: true, looked: 2 })
  // Between the two, one that came since.
  expect(page(store, { limit: 1, revision })).toMatchObject({ count: total, more: true, looked: 3 })
  expect(page(store, { countOnly: true, revision })).toMatchObject({ count: total, looked: 0 })
  const rest = { key: bytes(name(total - 1000)), limit: 10 }
  expect(page(store, { ...rest, revision })).toMatchObject({ count: 1000, looked: 11 })
  expect(page(store, rest)).toMatchObject({ count: 901, looked: 11 })
})

test('where more has changed since than there are keys, these are looked at one by one', () => {
  const store = new Store()
  for (let i = 0; i < 50; i++) put(store, name(i))
  const { revision } = store
  for (let round = 0; round < 50; round++) for (let i = 0; i < 50; i++) put(store, name(2 * i))
  remove(store, name(0), name(30))
  expect(page(store, { limit: 1, revision })).toMatchObject({ count: 50, looked: 2 + 75 })
  expect(page(store, { limit: 1 })).toMatchObject({ count: 45 })
})

test('a transaction whose ranges take more keys than any answer holds is refused before it changes anything', () => {
  const store = filled()
  const { revision } = store
  const all = { ...everything, keysOnly: true }
  const put = putOf(bytes('a'), bytes('v'))
  const txn = (ranges: readonly RangeRequest[]): TxnRequest => ({
    type: 'txn',
    compare: [],
    success: [put, ...ranges.slice(1), { type: 'txn', compare: [], success: ranges.slice(0, 1), failure: [] }],
    failure: [],
  })
  const times = (count: number, range: RangeRequest): RangeRequest[] => Array.from({ length: count }, () => range)
  // What it would answer otherwise is too much to be shown.
  expect(store.apply(txn(times(21, all))) === errors.tooManyKeys).toBe(true)
  expect(store.apply(txn(times(21, { ...all, limit: 1, sortOrder: 2 }))) === errors.tooManyKeys).toBe(true)
  expect(store.revision).toBe(revision)
  expect(store.apply(txn(times(100, { ...all, countOnly: true })))).toMatchObject({ type: 'txn' })
  expect(store.apply(txn(times(100, { ...all, limit: 10 })))).toMatchObject({ type: 'txn' })
})
