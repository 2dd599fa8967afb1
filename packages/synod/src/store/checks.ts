import { errors } from './errors.ts'
import type { StoreError } from './errors.ts'
import { overlaps } from './overlaps.ts'
import type { Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from './requests.ts'
import { compareResults, compareTargets, sortOrders, sortTargets } from './requests.ts'
import { changeOverhead } from './revisions.ts'

// Everything that can be wrong with a request by itself is found here, before anything is proposed: what was decided
// is applied by every member, so nothing may fail there but what only the state can tell.

/** Each branch of a transaction, its comparisons, and what is nested in it, may take so many operations together. */
export const txnOperationsMax = 128

/** The ranges of a transaction may take so many keys together. Only the state can tell: whoever applies it counts them first. */
export const txnKeysMax = 1_000_000

/** In seconds. */
export const leaseTtlMax = 9_000_000_000

function known(value: number, numbers: Readonly<Record<string, number>>): boolean {
  for (const number of Object.values(numbers)) if (number === value) return true
  return false
}

/** What is wrong with a range, whatever the state. */
export function checkRange(request: RangeRequest): StoreError | undefined {
  if (request.key.length === 0) return errors.emptyKey
  if (request.sortOrder === 0 && request.sortTarget === 0) return undefined
  const sortable = known(request.sortOrder, sortOrders) && known(request.sortTarget, sortTargets)
  return sortable ? undefined : errors.invalidSortOption
}

/** What is wrong with a put, whatever the state. */
export function checkPut(request: PutRequest): StoreError | undefined {
  if (request.key.length === 0) return errors.emptyKey
  if (request.ignoreValue && request.value.length > 0) return errors.valueProvided
  if (request.ignoreLease && request.lease !== 0n) return errors.leaseProvided
  return undefined
}

/** What is wrong with a deletion, whatever the state. */
export function checkDeleteRange(request: DeleteRangeRequest): StoreError | undefined {
  return request.key.length === 0 ? errors.emptyKey : undefined
}

/** What is wrong with a transaction, whatever the state; both branches are looked at, on all levels. */
export function checkTxn(request: TxnRequest): StoreError | undefined {
  return checkLevel(request, txnOperationsMax) ?? (overlaps(request) ? errors.duplicateKey : undefined)
}

/** Descends only as long as operations are left to spend, so it never goes deeper than `left`. */
function checkLevel(request: TxnRequest, left: number): StoreError | undefined {
  const spent = Math.max(request.compare.length, request.success.length, request.failure.length)
  if (spent > left) return errors.tooManyOperations
  for (const compare of request.compare) {
    const error = checkCompare(compare)
    if (error !== undefined) return error
  }
  for (const branch of [request.success, request.failure]) {
    for (const op of branch) {
      const error = checkOp(op, left - spent)
      if (error !== undefined) return error
    }
  }
  return undefined
}

function checkCompare(compare: Compare): StoreError | undefined {
  if (compare.key.length === 0) return errors.emptyKey
  if (!known(compare.result, compareResults)) return errors.invalidCompareResult
  return known(compare.target, compareTargets) ? undefined : errors.invalidCompareTarget
}

function checkOp(op: RequestOp, left: number): StoreError | undefined {
  switch (op?.type) {
    case 'range':
      return checkRange(op)
    case 'put':
      return checkPut(op)
    case 'deleteRange':
      return checkDeleteRange(op)
    case 'txn':
      return checkLevel(op, left)
    case undefined:
      return errors.keyNotFound
  }
}

/** What is wrong with a grant, whatever the state. An id of 0 asks the server for one. */
export function checkLeaseGrant(ttlSeconds: number): StoreError | undefined {
  return ttlSeconds > leaseTtlMax ? errors.leaseTtlTooLarge : undefined
}

/** A transaction that changes nothing whichever branch it takes is a read: it is answered without being proposed. */
export function isReadOnly(request: TxnRequest): boolean {
  return [request.success, request.failure].every((branch) =>
    branch.every((op) => op?.type === 'range' || (op?.type === 'txn' && isReadOnly(op))),
  )
}

/** A read that need not be linearizable: so are all the reads in it. */
export function isSerializable(request: TxnRequest): boolean {
  return [request.success, request.failure].every((branch) =>
    branch.every((op) => (op?.type === 'range' && op.serializable) || (op?.type === 'txn' && isSerializable(op))),
  )
}

/** What may take space: everything that is asked for, but for the ends of leases and compactions. */
type Asked = RequestOp | { readonly type: 'leaseGrant' }

/** Does it take space? Deletions, compactions and reads are welcome when there is none left. */
export function takesSpace(request: Asked): boolean {
  return spaceOf(request) > 0
}

const leaseBytes = 64

/** About how many bytes it takes, of the branch of a transaction that takes more, on all levels. */
function spaceOf(request: Asked): number {
  switch (request?.type) {
    case 'put':
      return changeOverhead + request.key.length + request.value.length
    case 'leaseGrant':
      return leaseBytes
    case 'txn':
      return Math.max(spaceOfAll(request.success), spaceOfAll(request.failure))
    case 'range':
    case 'deleteRange':
    case undefined:
      return 0
  }
}

function spaceOfAll(branch: readonly RequestOp[]): number {
  let bytes = 0
  for (const op of branch) bytes += spaceOf(op)
  return bytes
}

/**
 * Refuses what would take more space than the quota has left. The one who proposes asks this, not the one who applies:
 * members may differ in their quotas and in how far they have reclaimed, but never in what they apply.
 */
export function checkQuota(request: Asked, sizeBytes: number, quotaBytes: number): StoreError | undefined {
  const bytes = spaceOf(request)
  return bytes > 0 && sizeBytes + bytes > quotaBytes ? errors.noSpace : undefined
}
