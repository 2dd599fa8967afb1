import { expect, test } from 'vitest'
import {
  errors,
  Store,
  type KeyValue,
  type Operation,
  type OperationResult,
  type StoreObserver,
  putOf,
} from './index.ts'
import { restored, snapshotOf } from './snapshot-pieces.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

function put(store: Store, key: string, lease: bigint): OperationResult {
  return store.apply(putOf(bytes(key), bytes('v'), { lease }))
}

const grant = (store: Store, id: bigint): OperationResult => store.apply({ type: 'leaseGrant', id, ttlSeconds: 60 })
const revoke = (store: Store, id: bigint): OperationResult => store.apply({ type: 'leaseRevoke', id })

function keysOf(store: Store): string[] {
  const keys: string[] = []
  store.tree.scan('', undefined, (key) => {
    if (key.exists) keys.push(key.text)
    return true
  })
  return keys
}

/** As a member comes back: from its snapshot. */
function restart(store: Store): Store {
  const back = restored(snapshotOf(store))
  expect(back).not.toBe(store)
  return back
}

type Step = 'restart' | ((store: Store) => OperationResult)

const attachA: Step = (store) => put(store, 'k', 1n)
const attachB: Step = (store) => put(store, 'k', 2n)
const detach: Step = (store) => put(store, 'k', 0n)
const revokeA: Step = (store) => revoke(store, 1n)
const revokeB: Step = (store) => revoke(store, 2n)

test.each<[string, Step[], readonly string[], number]>([
  ['attach, restart, revoke', [attachA, 'restart', revokeA], [], 2],
  ['attach, revoke, restart', [attachA, revokeA, 'restart'], [], 2],
  ['attach, detach, restart, revoke', [attachA, detach, 'restart', revokeA], ['k'], 2],
  ['attach, move, restart, revoke the old one', [attachA, attachB, 'restart', revokeA], ['k'], 2],
  ['attach, move, restart, revoke both', [attachA, attachB, 'restart', revokeA, revokeB], [], 3],
  ['attach, restart, move, restart, revoke both', [attachA, 'restart', attachB, 'restart', revokeA, revokeB], [], 3],
])('exactly the keys attached at the end vanish, in one revision for each lease: %s', (_, steps, left, changes) => {
  let store = new Store()
  grant(store, 1n)
  grant(store, 2n)
  for (const step of steps) {
    if (step === 'restart') store = restart(store)
    else expect(step(store).type).not.toBe('error')
  }
  expect(keysOf(store)).toEqual(left)
  expect(store.revision).toBe(1 + changes)
})

test('pitfall G5: an expiry that a deposed leader decided does not end a lease that lives on', () => {
  const store = new Store()
  grant(store, 1n)
  put(store, 'k', 1n)
  const first = store.leases.get(1n)?.grantedAt ?? 0
  const expire = (grantedAt: number, term: number): OperationResult =>
    store.apply({ type: 'leaseExpire', id: 1n, grantedAt, term })

  store.apply({ type: 'leaseLead', term: 4 })
  expect(expire(first, 3)).toEqual({ type: 'leaseExpire', revision: 2, expired: false })
  // An earlier leader does not take the leases back.
  store.apply({ type: 'leaseLead', term: 2 })
  expect(expire(first, 3)).toMatchObject({ expired: false })
  expect(keysOf(store)).toEqual(['k'])

  revoke(store, 1n)
  grant(store, 1n)
  put(store, 'again', 1n)
  const second = store.leases.get(1n)?.grantedAt ?? 0
  expect(expire(first, 4)).toMatchObject({ expired: false })
  expect(keysOf(store)).toEqual(['again'])
  expect(restart(store).leases.term).toBe(4)
  expect(expire(second, 4)).toEqual({ type: 'leaseExpire', revision: 5, expired: true })
  expect(keysOf(store)).toEqual([])
})

test('a lease ends all its keys in one revision, in key order', () => {
  const store = new Store()
  const heard: [number, KeyValue[]][] = []
  grant(store, 7n)
  for (const key of ['c', 'a', '\xff', 'b']) put(store, key, 7n)
  store.observer = { changed: (revision, changes) => heard.push([revision, [...changes]]) }
  revoke(store, 7n)
  expect(heard).toHaveLength(1)
  expect(heard[0]?.[0]).toBe(6)
  expect(heard[0]?.[1].map((kv) => [...kv.key])).toEqual([[97], [98], [99], [255]])
  expect(heard[0]?.[1].every((kv) => kv.version === 0 && kv.modRevision === 6)).toBe(true)
})

test('a lease is granted once, ends once, and its id may be granted again', () => {
  const store = new Store()
  const heard: string[] = []
  const observer: StoreObserver = {
    granted: (lease) => heard.push(`granted ${lease.id}`),
    ended: (lease) => heard.push(`ended ${lease.id}`),
  }
  store.observer = observer
  for (const id of [2n ** 63n - 1n, -(2n ** 63n)]) {
    expect(grant(store, id)).toEqual({ type: 'leaseGrant', revision: 1, id, ttlSeconds: 60 })
    expect(grant(store, id)).toBe(errors.leaseExists)
    expect(revoke(store, id)).toEqual({ type: 'leaseRevoke', revision: 1 })
    expect(revoke(store, id)).toBe(errors.leaseNotFound)
    expect(put(store, 'k', id)).toBe(errors.leaseNotFound)
    expect(grant(store, id).type).toBe('leaseGrant')
  }
  expect(heard.filter((what) => what.startsWith('granted'))).toHaveLength(4)
  expect(heard.filter((what) => what.startsWith('ended'))).toHaveLength(2)
})

test('many leases come and go without leaving a trace', () => {
  const store = new Store()
  const reader = store.leases.read()
  let early = reader
  for (let i = 1; i <= 5000; i++) {
    grant(store, BigInt(i))
    put(store, `k${i % 50}`, BigInt(i))
    if (i > 100) revoke(store, BigInt(i - 100))
    if (i === 150) early = store.leases.read()
  }
  expect(reader.next()).toBeUndefined()
  // It reads what lived when it began, though all of that has ended since.
  for (let i = 51; i <= 150; i++) expect(early.next()?.id).toBe(BigInt(i))
  expect(early.next()).toBeUndefined()
  expect(store.leases.count).toBe(100)
  const operation: Operation = { type: 'leaseRevoke', id: 5000n }
  store.apply(operation)
  const left: bigint[] = []
  const after = store.leases.read()
  for (let lease = after.next(); lease !== undefined; lease = after.next()) left.push(lease.id)
  expect(left).toEqual(Array.from({ length: 99 }, (_, i) => BigInt(4901 + i)))
})
