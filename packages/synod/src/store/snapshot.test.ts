import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AssertionFailed, Malformed, type SnapshotSource } from '../core/index.ts'
import { ReplicatedStore, Store, type Operation, putOf } from './index.ts'
import { StoreSink } from './snapshot-sink.ts'
import { StoreSnapshot } from './snapshot.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const put = (key: string, value: Uint8Array | string, lease = 0n): Operation =>
  putOf(bytes(key), typeof value === 'string' ? bytes(value) : value, { lease })
const remove = (key: string, end = ''): Operation => ({
  type: 'deleteRange',
  key: bytes(key),
  rangeEnd: bytes(end),
  prevKv: false,
})
const compact = (revision: number): Operation => ({ type: 'compact', revision, physical: false })

function drain(source: SnapshotSource): Buffer {
  const pieces: Uint8Array[] = []
  for (let piece = source.next(); piece !== undefined; piece = source.next()) pieces.push(piece)
  source.close()
  return Buffer.concat(pieces)
}

function restore(snapshot: Uint8Array, cut = snapshot.length): Store {
  const stores: Store[] = []
  const sink = new StoreSink(crc32, (store) => stores.push(store))
  for (let at = 0; at < snapshot.length; at += cut) sink.write(snapshot.subarray(at, at + cut))
  sink.finish()
  const [store] = stores
  if (store === undefined) throw new Error('a whole snapshot makes a store')
  return store
}

function hash(store: Store, revision: number): number {
  const hashing = store.hashKv(revision)
  if (!('finish' in hashing)) throw new Error(hashing.message)
  return hashing.finish()
}

/** Some thousand changes: keys that stay, keys that change often, keys that go, leases. */
function lived(): Store {
  const store = new Store(crc32)
  for (let i = 1; i <= 300; i++) store.apply({ type: 'leaseGrant', id: BigInt(i), ttlSeconds: i })
  for (let i = 0; i < 4000; i++) {
    store.apply(put(`stays${i}`, `value ${i}`, i % 9 === 0 ? BigInt((i % 300) + 1) : 0n))
    store.apply(put('often', 'x'.repeat(i % 300)))
    if (i % 5 === 0) store.apply(remove(`stays${i - 50}`))
  }
  for (let i = 1; i <= 300; i += 3) store.apply({ type: 'leaseRevoke', id: BigInt(i) })
  return store
}

test('pitfall F5: a snapshot holds the state of its beginning, whatever is applied while it is read', () => {
  const [busy, still] = [lived(), lived()]
  const wanted = drain(new StoreSnapshot(still))
  const source = new StoreSnapshot(busy)
  const pieces: Uint8Array[] = []
  const writes = (i: number): Operation[] => [
    put('often', 'changed'),
    put(`new${i}`, 'v'),
    put(`stays${i}`, 'changed', 2n),
    remove(`stays${i * 7}`, `stays${i * 7}9`),
    compact(busy.revision),
    { type: 'leaseRevoke', id: BigInt(3 * i + 2) },
    { type: 'leaseGrant', id: BigInt(1000 + i), ttlSeconds: 9 },
  ]
  let i = 0
  for (let piece = source.next(); piece !== undefined; piece = source.next()) {
    pieces.push(piece)
    for (const operation of writes(i++)) busy.apply(operation)
    busy.reclaim(1)
  }
  expect(pieces.length).toBeGreaterThan(3)
  expect(Buffer.concat(pieces).equals(wanted)).toBe(true)
  source.close()

  // What the compactions left is given back once nobody reads any more.
  const held = busy.sizeBytes
  busy.apply(compact(busy.revision))
  while (busy.reclaim(1));
  expect(busy.sizeBytes).toBeLessThan(held / 2)
})

test('a snapshot is taken in pieces of bounded size, also of values larger than one', () => {
  const store = new Store(crc32)
  const large = Uint8Array.from({ length: 1_500_000 }, (_, i) => i % 251)
  for (const key of ['a', 'b', 'c']) store.apply(put(key, large))
  const source = new StoreSnapshot(store)
  const sizes: number[] = []
  const pieces: Uint8Array[] = []
  for (let piece = source.next(); piece !== undefined; piece = source.next()) {
    sizes.push(piece.length)
    pieces.push(piece)
  }
  source.close()
  expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024)
  expect(Math.min(...sizes)).toBeGreaterThan(0)
  expect(hash(restore(Buffer.concat(pieces), 100_000), 0)).toBe(hash(store, 0))
})

test('equal states are equal bytes, however they came about', () => {
  const [reclaimed, not] = [lived(), lived()]
  for (const store of [reclaimed, not]) store.apply(compact(5000))
  while (reclaimed.reclaim(1));
  expect(reclaimed.sizeBytes).toBeLessThan(not.sizeBytes)
  const wanted = drain(new StoreSnapshot(not))
  expect(drain(new StoreSnapshot(reclaimed)).equals(wanted)).toBe(true)
  expect(drain(new StoreSnapshot(restore(wanted))).equals(wanted)).toBe(true)
})

test('pieces may be cut anywhere', () => {
  const store = new Store()
  for (let i = 0; i < 20; i++) store.apply(put(`k${i % 7}`, `value ${i}`))
  const snapshot = drain(new StoreSnapshot(store))
  for (let cut = 1; cut < 40; cut++) expect(hash(restore(snapshot, cut), 0)).toBe(hash(store, 0))
})

test('pitfall G7: neither revision nor compaction goes back over a restore, not even of an empty store', () => {
  const store = new Store()
  for (let i = 0; i < 10; i++) store.apply(put('k', `${i}`))
  store.apply(remove('k'))
  store.apply(compact(store.revision))
  while (store.reclaim(1));
  expect(store.keys.size).toBe(0)
  const back = restore(drain(new StoreSnapshot(store)))
  expect([back.revision, back.compacted]).toEqual([12, 12])
  expect(back.apply(compact(12)).type).toBe('error')
  expect(back.apply(put('k', 'v'))).toMatchObject({ revision: 13 })

  const machine = new ReplicatedStore()
  const ahead = machine.install()
  ahead.write(drain(new StoreSnapshot(back)))
  ahead.finish()
  const behind = machine.install()
  behind.write(drain(new StoreSnapshot(store)))
  expect(() => behind.finish()).toThrow(AssertionFailed)
})

test('a snapshot that is damaged anywhere is refused, and nothing is replaced', () => {
  const store = new Store()
  for (const member of [1n, 2n]) store.apply({ type: 'alarm', on: true, alarm: 1, member, quotaBytes: 7 })
  store.apply({ type: 'leaseGrant', id: 1n, ttlSeconds: 60 })
  for (let i = 0; i < 6; i++) store.apply(put(`k${i % 3}`, `value ${i}`, BigInt(i % 2)))
  const snapshot = drain(new StoreSnapshot(store))
  for (let at = 0; at < snapshot.length; at++) {
    const damaged = Buffer.from(snapshot)
    damaged[at] = (damaged[at] ?? 0) ^ 0x10
    expect(() => restore(damaged), `byte ${at}`).toThrow(Malformed)
    expect(() => restore(snapshot.subarray(0, at)), `the first ${at}`).toThrow(Malformed)
  }
  expect(() => restore(Buffer.concat([snapshot, Buffer.of(0)]))).toThrow('1 bytes after its end')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      expect(() => restore(Buffer.concat([snapshot.subarray(0, snapshot.length - 40), noise]))).toThrow(Malformed)
    }),
  )
})

test('a snapshot of which a key has a lease that is not there is refused', () => {
  const store = new Store()
  store.apply({ type: 'leaseGrant', id: 1n, ttlSeconds: 60 })
  store.apply(put('k', 'v', 1n))
  // As a defect would write it, with all checksums right.
  Reflect.set(store.leases, 'granted', [])
  expect(() => restore(drain(new StoreSnapshot(store)))).toThrow('1 keys have a lease that is not there')
})

test('a snapshot of another format is refused with both numbers', () => {
  const snapshot = drain(new StoreSnapshot(new Store()))
  snapshot.writeUInt32LE(9, 8)
  expect(() => restore(snapshot)).toThrow('it has format 9, this version reads format 3')
  expect(() => restore(Buffer.from('not a snapshot of any store, but long enough to be one'))).toThrow(
    'does not begin like one',
  )
})
