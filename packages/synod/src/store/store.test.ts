import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  putOf,
  checkTxn,
  errors,
  rangeOf,
  type Compare,
  type CompareOperand,
  type DeleteRangeRequest,
  type KeyValue,
  type Operation,
  type OperationResult,
  type PutRequest,
  type RangeRequest,
  type RangeResult,
  type RequestOp,
  type ResponseOp,
  Store,
  type StoreError,
  type TxnRequest,
} from './index.ts'
import { restored, snapshotOf } from './snapshot-pieces.ts'

// The store against a model that is too simple to be wrong: it keeps all changes for ever, and works out each state by
// going through them from the first.

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const text = (value: Uint8Array): string => String.fromCharCode(...value)

interface ModelKv {
  readonly key: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly value: string
  readonly lease: bigint
}

interface ModelChange {
  readonly revision: number
  readonly key: string
  /** undefined: deleted. */
  readonly put: { readonly value: string; readonly lease: bigint } | undefined
}

class Model {
  revision = 1
  compacted = 0
  readonly leases = new Map<bigint, number>()
  private grants = 0
  private changes: ModelChange[] = []
  /** Of the transaction under way. */
  private pending: ModelChange[] = []

  private get soFar(): number {
    return this.revision + (this.pending.length > 0 ? 1 : 0)
  }

  state(revision: number): ModelKv[] {
    const keys = new Map<string, ModelKv>()
    for (const change of [...this.changes, ...this.pending]) {
      if (change.revision > revision) continue
      const before = keys.get(change.key)
      if (change.put === undefined) keys.delete(change.key)
      else {
        keys.set(change.key, {
          key: change.key,
          createRevision: before?.createRevision ?? change.revision,
          modRevision: change.revision,
          version: (before?.version ?? 0) + 1,
          ...change.put,
        })
      }
    }
    return [...keys.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  within(revision: number, key: Uint8Array, rangeEnd: Uint8Array): ModelKv[] {
    const start = text(key)
    const end = text(rangeEnd)
    return this.state(revision).filter((kv) => {
      if (end === '') return kv.key === start
      return kv.key >= start && (end === '\0' || kv.key < end)
    })
  }

  range(request: RangeRequest): RangeResult | StoreError {
    if (request.revision > this.soFar) return errors.futureRevision
    if (request.revision > 0 && request.revision < this.compacted) return errors.compacted
    const all = this.within(request.revision > 0 ? request.revision : this.soFar, request.key, request.rangeEnd)
    let kvs = all.filter(
      (kv) =>
        (request.minModRevision === 0 || kv.modRevision >= request.minModRevision) &&
        (request.maxModRevision === 0 || kv.modRevision <= request.maxModRevision) &&
        (request.minCreateRevision === 0 || kv.createRevision >= request.minCreateRevision) &&
        (request.maxCreateRevision === 0 || kv.createRevision <= request.maxCreateRevision),
    )
    const field = (['key', 'version', 'createRevision', 'modRevision', 'value'] as const)[request.sortTarget] ?? 'key'
    const sign = request.sortOrder === 2 ? -1 : 1
    kvs = kvs.toSorted((a, b) => (a[field] === b[field] ? 0 : a[field] < b[field] ? -sign : sign))
    const more = !request.countOnly && request.limit > 0 && kvs.length > request.limit
    if (request.countOnly) kvs = []
    else if (more) kvs = kvs.slice(0, request.limit)
    const answered = kvs.map((kv) => shown(kv, !request.keysOnly))
    return { type: 'range', revision: this.soFar, kvs: answered, more, count: all.length }
  }

  apply(operation: Operation): OperationResult {
    const result = this.run(operation)
    if (result.type === 'error') this.pending = []
    if (this.pending.length > 0) {
      this.revision++
      this.changes.push(...this.pending)
      this.pending = []
    }
    return result
  }

  private run(operation: Operation): OperationResult {
    switch (operation.type) {
      case 'put':
        return this.put(operation)
      case 'deleteRange':
        return this.delete(operation)
      case 'txn':
        return this.txn(operation)
      case 'compact':
        if (operation.revision <= this.compacted) return errors.compacted
        if (operation.revision > this.revision) return errors.futureRevision
        this.compacted = operation.revision
        return { type: 'compact', revision: this.revision }
      case 'leaseGrant':
        if (this.leases.has(operation.id)) return errors.leaseExists
        this.leases.set(operation.id, ++this.grants)
        return { type: 'leaseGrant', revision: this.revision, id: operation.id, ttlSeconds: operation.ttlSeconds }
      case 'leaseRevoke': {
        if (!this.leases.delete(operation.id)) return errors.leaseNotFound
        const doomed = this.state(this.revision).filter((kv) => kv.lease === operation.id)
        for (const { key } of doomed) this.pending.push({ revision: this.revision + 1, key, put: undefined })
        return { type: 'leaseRevoke', revision: this.soFar }
      }
      case 'leaseExpire':
      case 'leaseLead':
      case 'leaseAsk':
      case 'leaseTell':
      case 'alarm':
      case 'nothing':
        throw new Error('not of this model')
    }
  }

  private put(request: PutRequest): OperationResult & ({ type: 'put' } | StoreError) {
    const [before] = this.within(this.soFar, request.key, bytes(''))
    if (before === undefined && (request.ignoreValue || request.ignoreLease)) return errors.keyNotFound
    if (request.lease !== 0n && !this.leases.has(request.lease)) return errors.leaseNotFound
    const value = request.ignoreValue ? (before?.value ?? '') : text(request.value)
    const lease = request.ignoreLease ? (before?.lease ?? 0n) : request.lease
    this.pending.push({ revision: this.revision + 1, key: text(request.key), put: { value, lease } })
    const prevKv = request.prevKv && before !== undefined ? shown(before) : undefined
    return { type: 'put', revision: this.soFar, prevKv }
  }

  private delete(request: DeleteRangeRequest): ResponseOp & { type: 'deleteRange' } {
    const doomed = this.within(this.soFar, request.key, request.rangeEnd)
    for (const { key } of doomed) this.pending.push({ revision: this.revision + 1, key, put: undefined })
    const prevKvs = request.prevKv ? doomed.map((kv) => shown(kv)) : []
    return { type: 'deleteRange', revision: this.soFar, deleted: doomed.length, prevKvs }
  }

  private txn(request: TxnRequest): OperationResult {
    const before = this.state(this.revision)
    const run = (txn: TxnRequest): ResponseOp | StoreError => {
      const succeeded = txn.compare.every((compare) => modelHolds(before, compare))
      const responses: ResponseOp[] = []
      for (const op of succeeded ? txn.success : txn.failure) {
        const response = this.op(op, run)
        if (response.type === 'error') return response
        responses.push(response)
      }
      return { type: 'txn', revision: this.soFar, succeeded, responses }
    }
    const result = run(request)
    return result.type === 'txn' || result.type === 'error' ? result : errors.keyNotFound
  }

  private op(op: RequestOp, run: (txn: TxnRequest) => ResponseOp | StoreError): ResponseOp | StoreError {
    if (op?.type === 'put') return this.put(op)
    if (op?.type === 'deleteRange') return this.delete(op)
    if (op?.type === 'txn') return run(op)
    if (op === undefined) return errors.keyNotFound
    // The newest revision that a transaction may ask for by its number is the one before it.
    return op.revision > this.revision ? errors.futureRevision : this.range(op)
  }
}

const shown = (kv: ModelKv, withValue = true): KeyValue => ({
  ...kv,
  key: bytes(kv.key),
  value: bytes(withValue ? kv.value : ''),
})

function modelHolds(state: readonly ModelKv[], compare: Compare): boolean {
  const end = text(compare.rangeEnd)
  const start = text(compare.key)
  const kvs = state.filter((kv) => (end === '' ? kv.key === start : kv.key >= start && (end === '\0' || kv.key < end)))
  return kvs.length === 0 ? modelHoldsFor(undefined, compare) : kvs.every((kv) => modelHoldsFor(kv, compare))
}

function modelHoldsFor(kv: ModelKv | undefined, { target, operand, result }: Compare): boolean {
  const field = (['version', 'createRevision', 'modRevision', 'value', 'lease'] as const)[target]
  if (field === undefined || (field === 'value' && kv === undefined)) return false
  const zero = field === 'value' ? '' : 0n
  const sent =
    operand?.field !== field
      ? zero
      : 'number' in operand
        ? BigInt(operand.number)
        : 'id' in operand
          ? operand.id
          : text(operand.bytes)
  const held = kv?.[field] ?? zero
  const mine = typeof held === 'number' ? BigInt(held) : held
  return [mine === sent, mine > sent, mine < sent, mine !== sent][result] === true
}

// What is asked

const aKey = fc.constantFrom('a', 'b', 'ba', 'c', 'd', '\0', '\x7f', '\x80', '\xff', '\xff\xff').map(bytes)
const anEnd = fc.oneof(
  { weight: 3, arbitrary: fc.constant(bytes('')) },
  { weight: 2, arbitrary: fc.constant(bytes('\0')) },
  aKey,
)
const aLease = fc.constantFrom(0n, 0n, 1n, 2n, -9n)
const aRevision = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 30 }))
const anOption = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 15 }))

const aPut: fc.Arbitrary<PutRequest> = fc
  .record({
    key: aKey,
    value: fc.constantFrom('', 'm', 'n', '\xff', 'long value').map(bytes),
    lease: aLease,
    prevKv: fc.boolean(),
    ignore: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ key, value, lease, prevKv, ignore }) => ({
    type: 'put',
    key,
    prevKv,
    ignoreValue: ignore === 0,
    value: ignore === 0 ? bytes('') : value,
    ignoreLease: ignore === 1,
    lease: ignore === 1 ? 0n : lease,
  }))
const aDelete: fc.Arbitrary<DeleteRangeRequest> = fc.record({
  type: fc.constant('deleteRange' as const),
  key: aKey,
  rangeEnd: anEnd,
  prevKv: fc.boolean(),
})
const aRange: fc.Arbitrary<RangeRequest> = fc.record({
  type: fc.constant('range' as const),
  key: aKey,
  rangeEnd: anEnd,
  limit: fc.integer({ min: -1, max: 4 }),
  revision: aRevision,
  sortOrder: fc.integer({ min: 0, max: 2 }),
  sortTarget: fc.integer({ min: 0, max: 4 }),
  serializable: fc.boolean(),
  keysOnly: fc.boolean(),
  countOnly: fc.boolean(),
  minModRevision: anOption,
  maxModRevision: anOption,
  minCreateRevision: anOption,
  maxCreateRevision: anOption,
})
const anOperand: fc.Arbitrary<CompareOperand | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({
    field: fc.constantFrom('version' as const, 'createRevision' as const, 'modRevision' as const),
    number: fc.integer({ min: -1, max: 15 }),
  }),
  fc.record({ field: fc.constant('value' as const), bytes: fc.constantFrom('', 'm', 'n').map(bytes) }),
  fc.record({ field: fc.constant('lease' as const), id: aLease }),
)
const aCompare: fc.Arbitrary<Compare> = fc.record({
  result: fc.integer({ min: 0, max: 3 }),
  target: fc.integer({ min: 0, max: 4 }),
  key: aKey,
  rangeEnd: anEnd,
  operand: anOperand,
})
const { txn: aTxn } = fc.letrec<{ txn: TxnRequest; op: RequestOp }>((tie) => ({
  txn: fc.record({
    type: fc.constant('txn' as const),
    compare: fc.array(aCompare, { maxLength: 2 }),
    success: fc.array(tie('op'), { maxLength: 3 }),
    failure: fc.array(tie('op'), { maxLength: 2 }),
  }),
  op: fc.oneof({ maxDepth: 2 }, aPut, aRange, aDelete, tie('txn')),
}))
const anOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: aPut },
  { weight: 3, arbitrary: aDelete },
  { weight: 5, arbitrary: aTxn.filter((txn) => checkTxn(txn) === undefined) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('compact' as const),
      revision: fc.integer({ min: 0, max: 30 }),
      physical: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('leaseGrant' as const),
      id: aLease.filter((id) => id !== 0n),
      ttlSeconds: fc.constant(60),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('leaseRevoke' as const), id: aLease.filter((id) => id !== 0n) }),
  },
)
type Step =
  | { readonly operation: Operation }
  | { readonly range: RangeRequest }
  | { readonly reclaim: number }
  | { readonly restore: true }
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ operation: anOperation }) },
  { weight: 8, arbitrary: fc.record({ range: aRange }) },
  { weight: 2, arbitrary: fc.record({ reclaim: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ restore: true as const }) },
)

function hash(store: Store, revision: number): number | StoreError {
  const hashing = store.hashKv(revision)
  return 'finish' in hashing ? hashing.finish() : hashing
}

test('whatever is asked of it, the store answers as a model does that forgets nothing', () => {
  fc.assert(
    fc.property(fc.array(aStep, { minLength: 1, maxLength: 60 }), (steps) => {
      const model = new Model()
      let store = new Store()
      /** Applies the same, never reclaims, never was restored. */
      const twin = new Store()
      for (const step of steps) {
        if ('operation' in step) {
          const wanted = model.apply(step.operation)
          expect(store.apply(step.operation)).toEqual(wanted)
          expect(twin.apply(step.operation)).toEqual(wanted)
          expect(store.revision).toBe(model.revision)
        } else if ('range' in step) {
          expect(store.range(step.range)).toEqual(model.range(step.range))
        } else if ('reclaim' in step) {
          store.reclaim(step.reclaim)
        } else {
          store = restored(snapshotOf(store))
        }
      }
      expect([...store.leases.values()].map((lease) => lease.id)).toEqual([...model.leases.keys()])
      for (const lease of store.leases.values()) {
        const attached = model.state(model.revision).filter((kv) => kv.lease === lease.id)
        expect(lease.sortedKeys().map((key) => key.text)).toEqual(attached.map((kv) => kv.key))
      }
      expect(store.tree.count).toBe(model.state(model.revision).length)
      for (let revision = 0; revision <= model.revision + 1; revision++)
        expect(hash(store, revision)).toEqual(hash(twin, revision))
      expect(Buffer.concat(snapshotOf(store)).equals(Buffer.concat(snapshotOf(twin)))).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test('a hash tells states apart that differ in one value, one lease, or one deletion', () => {
  const put = (value: string, lease = 0n): Operation => putOf(bytes('k'), bytes(value), { lease })
  const grant: Operation = { type: 'leaseGrant', id: 1n, ttlSeconds: 60 }
  const gone: Operation = { type: 'deleteRange', key: bytes('k'), rangeEnd: bytes(''), prevKv: false }
  const histories = [
    [put('1'), put('2')],
    [put('1'), put('3')],
    [grant, put('1'), put('2', 1n)],
    [put('1'), gone],
  ]
  const hashes = histories.map((history) => {
    const store = new Store()
    for (const operation of history) store.apply(operation)
    return hash(store, 0)
  })
  expect(new Set(hashes).size).toBe(histories.length)
})

test('a count under a limit is exact while others write, and pages at one revision miss nothing', () => {
  const store = new Store()
  const put = (key: string): OperationResult => store.apply(putOf(bytes(key), bytes('v')))
  for (let i = 0; i < 2000; i++) put(`key${String(i).padStart(5, '0')}`)
  const revision = store.revision
  const seen: string[] = []
  for (let from = 'key'; from !== '';) {
    const page = store.range(rangeOf(bytes(from), { rangeEnd: bytes('kez'), limit: 300, revision, keysOnly: true }))
    if (page.type === 'error') throw new Error(page.message)
    expect(page.count).toBe(2000 - seen.length)
    seen.push(...page.kvs.map((kv) => text(kv.key)))
    from = page.more ? `${seen.at(-1)}\0` : ''
    for (let i = 0; i < 100; i++) put(`key${String(i * 7).padStart(5, '0')}x${seen.length}`)
    store.apply({ type: 'deleteRange', key: bytes(`key00${seen.length}`), rangeEnd: bytes('kez'), prevKv: false })
  }
  expect(seen).toHaveLength(2000)
  expect(new Set(seen).size).toBe(2000)
})
