/**
 * A refusal as an etcd client sees it: the gRPC status code and the message, both of which clients match on. It is data,
 * not an exception: it travels through results, and every member computes the same one.
 */
export interface StoreError {
  readonly type: 'error'
  /** A gRPC status code. */
  readonly code: number
  readonly message: string
}

function error(code: number, message: string): StoreError {
  return Object.freeze({ type: 'error', code, message })
}

const invalidArgument = 3
const notFound = 5
const resourceExhausted = 8
const failedPrecondition = 9
const outOfRange = 11
const internal = 13
const dataLoss = 15

/** What the store may refuse. */
export type ErrorName =
  | 'emptyKey'
  | 'keyNotFound'
  | 'valueProvided'
  | 'leaseProvided'
  | 'tooManyOperations'
  | 'duplicateKey'
  | 'invalidSortOption'
  | 'invalidCompareResult'
  | 'invalidCompareTarget'
  | 'leaseNotFound'
  | 'noSpace'
  | 'tooManyKeys'
  | 'leaseExists'
  | 'compacted'
  | 'futureRevision'
  | 'leaseTtlTooLarge'
  | 'corrupt'
  | 'invalidAlarm'

/** Every refusal of the store. The texts are part of etcd's API, but for those that say why they are not. */
export const errors: Readonly<Record<ErrorName, StoreError>> = {
  emptyKey: error(invalidArgument, 'etcdserver: key is not provided'),
  keyNotFound: error(invalidArgument, 'etcdserver: key not found'),
  valueProvided: error(invalidArgument, 'etcdserver: value is provided'),
  leaseProvided: error(invalidArgument, 'etcdserver: lease is provided'),
  tooManyOperations: error(invalidArgument, 'etcdserver: too many operations in txn request'),
  duplicateKey: error(invalidArgument, 'etcdserver: duplicate key given in txn request'),
  invalidSortOption: error(invalidArgument, 'etcdserver: invalid sort option'),
  /** etcd takes an unknown result for a comparison that holds, and an unknown target for one of zeros. */
  invalidCompareResult: error(invalidArgument, 'etcdserver: invalid compare result'),
  invalidCompareTarget: error(invalidArgument, 'etcdserver: invalid compare target'),
  leaseNotFound: error(notFound, 'etcdserver: requested lease not found'),
  noSpace: error(resourceExhausted, 'etcdserver: mvcc: database space exceeded'),
  /** etcd reads all of them on every member, however many. */
  tooManyKeys: error(
    resourceExhausted,
    'synod: the ranges of this transaction take more than 1000000 keys: ask for fewer, by a limit or in several requests',
  ),
  leaseExists: error(failedPrecondition, 'etcdserver: lease already exists'),
  compacted: error(outOfRange, 'etcdserver: mvcc: required revision has been compacted'),
  futureRevision: error(outOfRange, 'etcdserver: mvcc: required revision is a future revision'),
  leaseTtlTooLarge: error(outOfRange, 'etcdserver: too large lease TTL'),
  corrupt: error(dataLoss, 'etcdserver: corrupt cluster'),
  /** etcd answers an unknown action with nothing, and some of its versions end. */
  invalidAlarm: error(invalidArgument, 'etcdserver: invalid alarm'),
}

/** A decided operation that this version cannot read: nothing was changed, here and on every other member. */
export function malformedOperation(reason: string): StoreError {
  return error(internal, `synod: the operation could not be read and was not applied: ${reason}`)
}
