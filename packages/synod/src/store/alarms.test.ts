import fc from 'fast-check'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { Malformed } from '../core/index.ts'
import { alarmTypes, errors, Store, putOf } from './index.ts'
import type { AlarmOperation, DeleteRangeRequest, Operation, OperationResult, PutRequest, TxnRequest } from './index.ts'
import { restored, snapshotOf } from './snapshot-pieces.ts'

const key = Uint8Array.of(1)
const none = new Uint8Array(0)
const { noSpace, corrupt } = alarmTypes

const put: PutRequest = putOf(key, key)
const remove: DeleteRangeRequest = { type: 'deleteRange', key, rangeEnd: none, prevKv: false }
const txn = (...success: TxnRequest['success']): Operation => ({ type: 'txn', compare: [], success, failure: [] })

const alarm = (on: boolean, type: number, member: bigint, quotaBytes = 0): AlarmOperation => ({
  type: 'alarm',
  on,
  alarm: type,
  member,
  quotaBytes,
})

const shown = (store: Store): string[] =>
  store.alarms.list.map((one) => `${one.alarm} of ${one.member} at ${one.quotaBytes}`)

/** A store with a lease, and the refusals of every kind of operation. */
function refusals(...alarms: readonly Operation[]): Record<string, string | undefined> {
  const operations: Operation[] = [
    put,
    txn(put),
    txn(remove),
    remove,
    { type: 'leaseGrant', id: 2n, ttlSeconds: 9 },
    { type: 'leaseRevoke', id: 1n },
    { type: 'leaseExpire', id: 1n, grantedAt: 1, term: 0 },
    { type: 'compact', revision: 1, physical: false },
    { type: 'leaseLead', term: 1 },
    { type: 'nothing' },
  ]
  const names = ['put', 'txn of a put', 'txn of a deletion']
  const answers = operations.map((operation, i): [string, OperationResult] => {
    const store = new Store(crc32)
    store.apply({ type: 'leaseGrant', id: 1n, ttlSeconds: 9 })
    for (const one of alarms) store.apply(one)
    return [names[i] ?? operation.type, store.apply(operation)]
  })
  return Object.fromEntries(
    answers.flatMap(([name, answer]) => (answer.type === 'error' ? [[name, answer.message] as const] : [])),
  )
}

test('what takes space is refused while NOSPACE is on, whoever raised it, and nothing else is', () => {
  expect(refusals()).toEqual({})
  const { message } = errors.noSpace
  expect(refusals(alarm(true, noSpace, 5n))).toEqual({ put: message, 'txn of a put': message, leaseGrant: message })
  expect(refusals(alarm(true, noSpace, 5n), alarm(true, noSpace, 6n), alarm(false, noSpace, 5n))).toHaveProperty('put')
  expect(refusals(alarm(true, noSpace, 5n), alarm(false, noSpace, 5n))).toEqual({})
})

test('while CORRUPT is on nothing changes a key, and no lease ends', () => {
  const refused = refusals(alarm(true, corrupt, 5n), alarm(true, noSpace, 5n))
  expect(Object.keys(refused)).toEqual([
    'put',
    'txn of a put',
    'txn of a deletion',
    'deleteRange',
    'leaseGrant',
    'leaseRevoke',
    'leaseExpire',
    'compact',
  ])
  expect(new Set(Object.values(refused))).toEqual(new Set([errors.corrupt.message]))
})

test('an alarm that a member raised by itself ends by itself, unless it was raised anew or by hand since', () => {
  const store = new Store(crc32)
  store.apply(alarm(true, noSpace, 5n, 1000))
  store.apply(alarm(true, noSpace, 5n, 2000))
  expect(store.apply(alarm(false, noSpace, 5n, 1000))).toMatchObject({ alarm: undefined })
  expect(shown(store)).toEqual(['1 of 5 at 2000'])
  store.apply(alarm(true, noSpace, 5n))
  store.apply(alarm(true, noSpace, 5n, 2000))
  expect(store.apply(alarm(false, noSpace, 5n, 2000))).toMatchObject({ alarm: undefined })
  expect(shown(store)).toEqual(['1 of 5 at 0'])
  expect(store.apply(alarm(false, noSpace, 5n))).toMatchObject({ alarm: { member: 5n }, revision: 1 })
  store.apply(alarm(true, noSpace, 5n, 2000))
  expect(store.apply(alarm(false, noSpace, 5n))).toMatchObject({ alarm: { member: 5n } })
  expect(shown(store)).toEqual([])
})

test('alarms are in a snapshot, in one order however they came about, and in no hash of the keys', () => {
  const anAlarm = fc.record({
    on: fc.boolean(),
    alarm: fc.constantFrom(noSpace, corrupt),
    member: fc.constantFrom(0n, 1n, 5n, 2n ** 63n, 2n ** 64n - 1n),
    quotaBytes: fc.constantFrom(0, 1000, Number.MAX_SAFE_INTEGER),
  })
  const hashed = (store: Store): unknown => {
    const hash = store.hashKv(0)
    return 'finish' in hash ? hash.finish() : hash
  }
  const empty = hashed(new Store(crc32))
  fc.assert(
    fc.property(fc.array(anAlarm, { maxLength: 12 }), (operations) => {
      const store = new Store(crc32)
      for (const operation of operations) store.apply({ type: 'alarm', ...operation })
      const back = restored(snapshotOf(store))
      expect(shown(back)).toEqual(shown(store))
      expect([back.alarms.noSpace, back.alarms.corrupt]).toEqual([store.alarms.noSpace, store.alarms.corrupt])
      const shuffled = new Store(crc32)
      for (const one of back.alarms.list.toReversed()) shuffled.apply({ type: 'alarm', on: true, ...one })
      expect(Buffer.concat(snapshotOf(shuffled)).equals(Buffer.concat(snapshotOf(store)))).toBe(true)
      expect(hashed(store)).toBe(empty)
    }),
  )
})

test('a snapshot with an unknown alarm, or with one twice, is refused', () => {
  for (const list of [
    [{ alarm: 3, member: 1n, quotaBytes: 0 }],
    [
      { alarm: 1, member: 1n, quotaBytes: 0 },
      { alarm: 1, member: 1n, quotaBytes: 0 },
    ],
  ]) {
    const store = new Store(crc32)
    // As a defect would write it, with all checksums right.
    Reflect.set(store.alarms, 'list', list)
    expect(() => restored(snapshotOf(store))).toThrow(Malformed)
  }
})
