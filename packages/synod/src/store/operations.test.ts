import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Malformed, Reader, Writer } from '../core/index.ts'
import {
  putOf,
  alarmTypes,
  decodeOperation,
  encodeOperation,
  operationFormat,
  Operations,
  type Compare,
  type Operation,
  type RangeRequest,
  type RequestOp,
  type TxnRequest,
} from './index.ts'

function encoded(operation: Operation): Uint8Array {
  const out = new Writer()
  encodeOperation(out, operation)
  return out.control.slice(0, out.length)
}

function decoded(bytes: Uint8Array): Operation {
  const input = new Reader(bytes)
  const operation = decodeOperation(input)
  input.done()
  return operation
}

const someBytes = fc.uint8Array({ maxLength: 12 })
const aKey = fc.uint8Array({ minLength: 1, maxLength: 12 })
const aNumber = fc.maxSafeInteger()
const anId = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
)
const aLease = anId.filter((id) => id !== 0n)

const aRange: fc.Arbitrary<RangeRequest> = fc.record({
  type: fc.constant('range' as const),
  key: aKey,
  rangeEnd: someBytes,
  limit: aNumber,
  revision: aNumber,
  sortOrder: fc.integer({ min: 0, max: 2 }),
  sortTarget: fc.integer({ min: 0, max: 4 }),
  serializable: fc.boolean(),
  keysOnly: fc.boolean(),
  countOnly: fc.boolean(),
  minModRevision: aNumber,
  maxModRevision: aNumber,
  minCreateRevision: aNumber,
  maxCreateRevision: aNumber,
})
const aPut = fc.oneof(
  fc.record({
    type: fc.constant('put' as const),
    key: aKey,
    value: someBytes,
    lease: anId,
    prevKv: fc.boolean(),
    ignoreValue: fc.constant(false),
    ignoreLease: fc.constant(false),
  }),
  fc.record({
    type: fc.constant('put' as const),
    key: aKey,
    value: fc.constant(new Uint8Array(0)),
    lease: fc.constant(0n),
    prevKv: fc.boolean(),
    ignoreValue: fc.boolean(),
    ignoreLease: fc.boolean(),
  }),
)
const aDelete = fc.record({
  type: fc.constant('deleteRange' as const),
  key: aKey,
  rangeEnd: someBytes,
  prevKv: fc.boolean(),
})
const aCompare: fc.Arbitrary<Compare> = fc.record({
  result: fc.integer({ min: 0, max: 3 }),
  target: fc.integer({ min: 0, max: 4 }),
  key: aKey,
  rangeEnd: someBytes,
  operand: fc.oneof(
    fc.constant(undefined),
    fc.record({
      field: fc.constantFrom('version' as const, 'createRevision' as const, 'modRevision' as const),
      number: aNumber,
    }),
    fc.record({ field: fc.constant('value' as const), bytes: someBytes }),
    fc.record({ field: fc.constant('lease' as const), id: anId }),
  ),
})
const { txn: aTxn } = fc.letrec<{ txn: TxnRequest; op: RequestOp }>((tie) => ({
  txn: fc.record({
    type: fc.constant('txn' as const),
    compare: fc.array(aCompare, { maxLength: 3 }),
    success: fc.array(tie('op'), { maxLength: 3 }),
    failure: fc.array(tie('op'), { maxLength: 3 }),
  }),
  op: fc.oneof({ maxDepth: 3 }, aPut, aRange, aDelete, tie('txn')),
}))
const aCount = fc.nat(Number.MAX_SAFE_INTEGER)
const anOperation: fc.Arbitrary<Operation> = fc.oneof(
  aPut,
  aDelete,
  aTxn,
  fc.record({ type: fc.constant('compact' as const), revision: aNumber, physical: fc.boolean() }),
  fc.record({ type: fc.constant('leaseGrant' as const), id: aLease, ttlSeconds: aCount }),
  fc.record({ type: fc.constant('leaseRevoke' as const), id: anId }),
  fc.record({ type: fc.constant('leaseExpire' as const), id: anId, grantedAt: aCount, term: aCount }),
  fc.record({ type: fc.constant('leaseLead' as const), term: aCount }),
  fc.record({ type: fc.constant('leaseAsk' as const), id: anId, question: anId }),
  fc.record({ type: fc.constant('leaseTell' as const), question: anId, seconds: aCount }),
  fc.record({
    type: fc.constant('alarm' as const),
    on: fc.boolean(),
    alarm: fc.constantFrom(...Object.values(alarmTypes)),
    member: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    quotaBytes: aCount,
  }),
  fc.record({ type: fc.constant('nothing' as const) }),
)

test('what is encoded is decoded, to the last bit of an id', () => {
  fc.assert(
    fc.property(anOperation, (operation) => {
      expect(decoded(encoded(operation))).toEqual(operation)
    }),
    { numRuns: 500 },
  )
})

test('damaged bytes are refused or are another operation, and nothing else happens', () => {
  const damage = fc.array(fc.record({ at: fc.nat(400), to: fc.nat(255) }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(anOperation, damage, fc.nat(400), (operation, changes, length) => {
      const bytes = encoded(operation).slice(0, length)
      for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to
      try {
        const read = decoded(bytes)
        expect(decoded(encoded(read))).toEqual(read)
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed)
      }
    }),
    { numRuns: 1000 },
  )
})

test('another format and an unknown kind are refused by number', () => {
  expect(() => decoded(Uint8Array.of(((operationFormat + 1) << 4) | 1))).toThrow(
    'format 2, this version reads format 1',
  )
  expect(() => decoded(Uint8Array.of((operationFormat << 4) | 15))).toThrow('unknown kind 15')
})

test('what no client may send is not decoded either', () => {
  const put = putOf(Uint8Array.of(1), Uint8Array.of(2))
  expect(() => decoded(encoded({ ...put, key: new Uint8Array(0) }))).toThrow('the empty key')
  expect(() => decoded(encoded({ ...put, ignoreValue: true }))).toThrow('a value that is to be ignored')
  expect(() => decoded(encoded({ ...put, lease: 5n, ignoreLease: true }))).toThrow('a lease that is to be ignored')
  expect(() => decoded(encoded({ type: 'leaseGrant', id: 0n, ttlSeconds: 1 }))).toThrow('the lease 0')
  const txn = { type: 'txn', compare: [], success: [], failure: [] } as const
  const compare = { result: 0, target: 0, key: Uint8Array.of(1), rangeEnd: new Uint8Array(0), operand: undefined }
  for (const odd of [-1, 9, 2 ** 31 - 1]) {
    expect(() => decoded(encoded({ ...txn, compare: [{ ...compare, result: odd }] }))).toThrow('unknown compare result')
    expect(() => decoded(encoded({ ...txn, compare: [{ ...compare, target: odd }] }))).toThrow('unknown compare target')
  }
  expect(() => decoded(encoded({ ...txn, failure: [undefined] }))).toThrow("'nothing' inside a transaction")
})

test('transactions nested without end do not exhaust the stack', () => {
  const level = Uint8Array.of((operationFormat << 4) | 3, 0, 0, 0, 0, 1, 0, 0, 0)
  const bytes = new Uint8Array(100_000 * level.length)
  for (let i = 0; i < 100_000; i++) bytes.set(level, i * level.length)
  expect(() => decoded(bytes)).toThrow('more than 128 deep')
})

test('numbers beyond 53 bits are the greatest there are, as no revision is ever so great', () => {
  const compact = decoded(encoded({ type: 'compact', revision: 2 ** 63, physical: false }))
  expect(compact).toEqual({ type: 'compact', revision: Number.MAX_SAFE_INTEGER, physical: false })
})

test('a malformed operation does not hide its neighbors, a length that lies hides what follows', () => {
  const nothing = encoded({ type: 'nothing' })
  const command = new Writer()
  command.bytes(nothing)
  command.bytes(Uint8Array.of(0xff))
  command.bytes(Uint8Array.of(...nothing, 0))
  command.bytes(nothing)
  command.u32(1000)
  command.bytes(nothing)
  const walk = new Operations(command.control.slice(0, command.length))
  const taken: string[] = []
  while (!walk.done) {
    const operation = walk.take()
    taken.push(operation instanceof Malformed ? operation.message : operation.type)
  }
  expect(taken).toEqual([
    'nothing',
    'an operation of format 15, this version reads format 1',
    'an operation of 2 bytes ends after 1 of them',
    'nothing',
    'an operation of 1000 bytes, 5 are left',
  ])
})
