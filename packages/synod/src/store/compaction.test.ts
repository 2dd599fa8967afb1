import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { errors, rangeOf, Store, type Operation, type OperationResult, putOf } from './index.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const compact = (store: Store, revision: number): OperationResult =>
  store.apply({ type: 'compact', revision, physical: true })

function put(store: Store, key: string, value = 'v'): OperationResult {
  const operation: Operation = putOf(bytes(key), bytes(value))
  return store.apply(operation)
}

const everything = rangeOf(bytes('\0'), { rangeEnd: bytes('\0') })

/** Keys that stay between thousands of changes of one key, and keys that come and go. */
function lived(): Store {
  const store = new Store(crc32)
  for (let i = 0; i < 10_000; i++) {
    put(store, 'hot', `${i}`)
    if (i % 700 === 0) put(store, `stays${i}`, 'x'.repeat(5 * i))
    if (i % 3 === 0) put(store, `goes${i}`)
    if (i % 3 === 1)
      store.apply({ type: 'deleteRange', key: bytes(`goes${i - 1}`), rangeEnd: bytes(''), prevKv: false })
  }
  return store
}

function hash(store: Store, revision: number): number | string {
  const hashing = store.hashKv(revision)
  return 'finish' in hashing ? hashing.finish() : hashing.message
}

test('nothing that may still be asked for changes while a compaction is reclaimed step by step', () => {
  const store = lived()
  const middle = store.revision - 5000
  compact(store, middle)
  const revisions = [middle, middle + 1, middle + 2500, store.revision]
  const wanted = revisions.map((revision) => store.range({ ...everything, revision, keysOnly: true }))
  const hashes = revisions.map((revision) => hash(store, revision))
  let steps = 0
  for (let more = true; more; steps++) {
    const before = store.sizeBytes
    more = store.reclaim(1)
    expect(store.sizeBytes).toBeLessThanOrEqual(before)
    expect(revisions.map((revision) => store.range({ ...everything, revision, keysOnly: true }))).toEqual(wanted)
    expect(revisions.map((revision) => hash(store, revision))).toEqual(hashes)
  }
  // 16,000 changes in steps of a page, which is a thousand at most.
  expect(steps).toBeGreaterThan(15)
  expect(store.range({ ...everything, revision: middle - 1 })).toBe(errors.compacted)
})

test('all that a compaction makes obsolete is given back', () => {
  const store = lived()
  compact(store, store.revision)
  while (store.reclaim(2));
  const fresh = new Store()
  for (let i = 0; i < 10_000; i += 700) put(fresh, `stays${i}`, 'x'.repeat(5 * i))
  put(fresh, 'hot', '9999')
  put(fresh, 'goes9999')
  expect(store.sizeBytes).toBe(fresh.sizeBytes)
  expect(store.keys.size).toBe(fresh.keys.size)
  const values = (of: Store): unknown => {
    const range = of.range(everything)
    return range.type === 'error' ? range : range.kvs.map((kv) => [kv.key, kv.value])
  }
  expect(values(store)).toEqual(values(fresh))
  let inTree = 0
  store.tree.scan('', undefined, () => ++inTree > 0)
  expect(inTree).toBe(fresh.keys.size)
})

test('compactions that come faster than they are reclaimed all come to an end', () => {
  const store = lived()
  const size = store.sizeBytes
  for (let revision = 1000; revision <= store.revision; revision += 37) {
    expect(compact(store, revision).type).toBe('compact')
    store.reclaim(1)
    put(store, 'hot')
  }
  compact(store, store.revision - 1000)
  store.reclaim(1)
  compact(store, store.revision)
  while (store.reclaim(1));
  expect(store.sizeBytes).toBeLessThan(size)
  const left = store.range({ ...everything, revision: store.revision })
  expect(left).toMatchObject({ count: store.keys.size })
  const bare = new Store()
  if (left.type === 'range')
    for (const kv of left.kvs) put(bare, String.fromCharCode(...kv.key), String.fromCharCode(...kv.value))
  expect(store.sizeBytes).toBe(bare.sizeBytes)
  put(store, 'hot')
  put(store, 'goes0', 'again')
  const range = store.range({ ...everything, key: bytes('goes0'), rangeEnd: bytes('') })
  expect(range).toMatchObject({ count: 1, kvs: [{ version: 1, createRevision: store.revision }] })
})

test('what is left of a page is found however often the page shrinks', () => {
  const store = new Store()
  const total = 1500
  for (let i = 0; i < total; i++) put(store, `key${i}`, `value ${i}`)
  for (let round = 1; round <= 8; round++) {
    // Every round overwrites half of what no round before it did.
    for (let i = 0; i < total; i++) if (i % 2 ** round === 2 ** (round - 1)) put(store, `key${i}`, `round ${round}`)
    compact(store, store.revision)
    while (store.reclaim(1));
    const range = store.range(everything)
    if (range.type === 'error') throw new Error(range.message)
    for (const kv of range.kvs) {
      const i = Number(String.fromCharCode(...kv.key.subarray(3)))
      const first = [1, 2, 3, 4, 5, 6, 7, 8].find((turn) => i % 2 ** turn === 2 ** (turn - 1)) ?? 9
      const [value, version] = first <= round ? [`round ${first}`, 2] : [`value ${i}`, 1]
      expect([String.fromCharCode(...kv.value), kv.version, kv.createRevision]).toEqual([value, version, i + 2])
    }
    expect(range.count).toBe(total)
  }
})

test('the page that is being filled goes on, though little is left of it', () => {
  const store = new Store()
  for (let i = 0; i < 10; i++) put(store, 'hot', `${i}`)
  compact(store, store.revision)
  while (store.reclaim(1));
  put(store, 'empty', '')
  put(store, 'after', 'v')
  const keys = store.range(everything)
  expect(keys).toMatchObject({ kvs: [{ modRevision: 13 }, { modRevision: 12 }, { modRevision: 11 }] })
})

test('changes of one transaction are compacted together', () => {
  const store = new Store()
  const op = (key: string): Operation & { type: 'put' } => putOf(bytes(key), bytes('1'))
  store.apply({ type: 'txn', compare: [], success: [op('a'), op('b')], failure: [] })
  store.apply({
    type: 'txn',
    compare: [],
    success: [op('a'), { type: 'deleteRange', key: bytes('b'), rangeEnd: bytes(''), prevKv: false }],
    failure: [],
  })
  compact(store, 3)
  while (store.reclaim(1));
  expect([...store.keys.keys()]).toEqual(['a'])
  expect(store.range({ ...everything, revision: 3 })).toMatchObject({
    count: 1,
    kvs: [{ version: 2, createRevision: 2, modRevision: 3 }],
  })
})
