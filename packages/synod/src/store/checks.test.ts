import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  putOf,
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkQuota,
  checkRange,
  checkTxn,
  errors,
  isReadOnly,
  isSerializable,
  rangeOf,
  takesSpace,
  type Compare,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  type TxnRequest,
} from './index.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const none = new Uint8Array(0)

function put(key: string, more: Partial<PutRequest> = {}): PutRequest {
  return putOf(bytes(key), none, more)
}

const range = (key: string, more: Partial<RangeRequest> = {}): RangeRequest => rangeOf(bytes(key), more)

const remove = (key: string, end = ''): RequestOp => ({
  type: 'deleteRange',
  key: bytes(key),
  rangeEnd: bytes(end),
  prevKv: false,
})
const txn = (
  success: readonly RequestOp[],
  failure: readonly RequestOp[] = [],
  compare: readonly Compare[] = [],
): TxnRequest => ({ type: 'txn', compare, success, failure })
const compare = (more: Partial<Compare>): Compare => ({
  result: 0,
  target: 0,
  key: bytes('k'),
  rangeEnd: none,
  operand: undefined,
  ...more,
})

/** Every number that an enumeration of the API does not have. */
const odd = [-1, 9, 2 ** 31 - 1]

test('an unknown sort option is refused, whatever else is asked', () => {
  for (const number of odd) {
    expect(checkRange(range('k', { sortOrder: number }))).toBe(errors.invalidSortOption)
    expect(checkRange(range('k', { sortTarget: number }))).toBe(errors.invalidSortOption)
    expect(checkTxn(txn([], [range('k', { sortTarget: number })]))).toBe(errors.invalidSortOption)
  }
  expect(checkRange(range('k', { limit: -5, revision: -5, minModRevision: -5 }))).toBeUndefined()
})

test('an unknown comparison is refused instead of taken for one that holds', () => {
  for (const number of odd) {
    expect(checkTxn(txn([], [], [compare({ result: number })]))).toBe(errors.invalidCompareResult)
    expect(checkTxn(txn([txn([], [], [compare({ target: number })])]))).toBe(errors.invalidCompareTarget)
  }
})

test('an empty key is refused everywhere', () => {
  expect(checkRange(range(''))).toBe(errors.emptyKey)
  expect(checkPut(put('', { ignoreValue: true, value: bytes('v') }))).toBe(errors.emptyKey)
  expect(checkDeleteRange({ type: 'deleteRange', key: none, rangeEnd: bytes('z'), prevKv: false })).toBe(
    errors.emptyKey,
  )
  for (const op of [put(''), range(''), remove('')]) expect(checkTxn(txn([], [txn([op])]))).toBe(errors.emptyKey)
  expect(checkTxn(txn([undefined]))).toBe(errors.keyNotFound)
})

test('a lease may not be granted for longer than etcd grants it', () => {
  expect(checkLeaseGrant(9_000_000_000)).toBeUndefined()
  expect(checkLeaseGrant(9_000_000_001)).toBe(errors.leaseTtlTooLarge)
  expect(checkLeaseGrant(-1)).toBeUndefined()
})

test('a transaction 20,000 levels deep is refused without exhausting the stack', () => {
  let deep = txn([put('k')])
  for (let i = 0; i < 20_000; i++) deep = txn([deep])
  expect(checkTxn(deep)).toBe(errors.tooManyOperations)
  let deepest = txn([put('k')])
  for (let i = 0; i < 127; i++) deepest = txn([deepest])
  expect(checkTxn(deepest)).toBeUndefined()
  expect(checkTxn(txn([deepest]))).toBe(errors.tooManyOperations)
})

test('space is taken by puts and grants on any level, and refused to them alone when there is none', () => {
  expect(takesSpace(txn([range('a')], [txn([], [put('a')])]))).toBe(true)
  expect(takesSpace(txn([remove('a')], [range('a')]))).toBe(false)
  expect(checkQuota(put('a'), 100, 100)).toBe(errors.noSpace)
  expect(checkQuota({ type: 'leaseGrant' }, 100, 100)).toBe(errors.noSpace)
  // A put takes its key, its value and 128 bytes; a transaction the branch that takes more, on all levels.
  const small = put('a')
  expect([checkQuota(small, 871, 1000), checkQuota(small, 872, 1000)]).toEqual([undefined, errors.noSpace])
  const nested = txn([txn([small, small]), small], [small])
  expect([checkQuota(nested, 613, 1000), checkQuota(nested, 614, 1000)]).toEqual([undefined, errors.noSpace])
  expect(checkQuota(remove('a'), 100, 100)).toBeUndefined()
})

test('only a transaction of reads is a read, and only one of serializable reads is serializable', () => {
  expect(isReadOnly(txn([range('a'), txn([range('b')])]))).toBe(true)
  expect(isReadOnly(txn([range('a')], [txn([remove('b')])]))).toBe(false)
  expect(isSerializable(txn([range('a', { serializable: true })]))).toBe(true)
  expect(isSerializable(txn([range('a', { serializable: true }), txn([range('b')])]))).toBe(false)
})

// Overlaps against the definition: two changes of which both can happen, at least one of them a put, that touch one key.

interface Leaf {
  readonly op: RequestOp
  /** Which branch of which transaction, from the outermost in. */
  readonly path: readonly { readonly txn: TxnRequest; readonly branch: 'success' | 'failure' }[]
}

function leaves(request: TxnRequest, path: Leaf['path'] = []): Leaf[] {
  return (['success', 'failure'] as const).flatMap((branch) =>
    request[branch].flatMap((op) => {
      const inner = [...path, { txn: request, branch }]
      return op?.type === 'txn' ? leaves(op, inner) : [{ op, path: inner }]
    }),
  )
}

function excludeEachOther(a: Leaf, b: Leaf): boolean {
  return a.path.some(({ txn: shared, branch }) => b.path.some((step) => step.txn === shared && step.branch !== branch))
}

const keys = ['a', 'b', 'c', 'd', 'e']

function touches({ op }: Leaf, key: string): boolean {
  if (op?.type === 'put') return op.key[0] === key.charCodeAt(0)
  if (op?.type !== 'deleteRange') return false
  const [start, end] = [String.fromCharCode(...op.key), String.fromCharCode(...op.rangeEnd)]
  return end === '' ? start === key : key >= start && (end === '\0' || key < end)
}

function overlapsNaively(request: TxnRequest): boolean {
  const all = leaves(request)
  return keys.some((key) =>
    all.some((a, i) =>
      all.some(
        (b, j) => i !== j && a.op?.type === 'put' && touches(a, key) && touches(b, key) && !excludeEachOther(a, b),
      ),
    ),
  )
}

test('a key changed twice is found on all levels, and only where both changes can happen', () => {
  const aKey = fc.constantFrom(...keys)
  const { txn: aTxn } = fc.letrec<{ txn: TxnRequest; op: RequestOp }>((tie) => ({
    txn: fc
      .tuple(fc.array(tie('op'), { maxLength: 3 }), fc.array(tie('op'), { maxLength: 2 }))
      .map(([success, failure]) => txn(success, failure)),
    op: fc.oneof(
      { maxDepth: 3 },
      aKey.map((key) => put(key)),
      fc.tuple(aKey, fc.constantFrom('', '\0', ...keys)).map(([key, end]) => remove(key, end)),
      aKey.map((key) => range(key)),
      tie('txn'),
    ),
  }))
  const outcomes = { true: 0, false: 0 }
  fc.assert(
    fc.property(aTxn, (request) => {
      const overlapping = overlapsNaively(request)
      outcomes[`${overlapping}`]++
      expect(checkTxn(request)).toBe(overlapping ? errors.duplicateKey : undefined)
    }),
    { numRuns: 2000 },
  )
  expect(Math.min(outcomes.true, outcomes.false)).toBeGreaterThan(100)
})
