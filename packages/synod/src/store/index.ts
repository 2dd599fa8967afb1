/**
 * The replicated key-value store: keys with revisions, transactions, compaction and leases, as etcd's clients know them,
 * as a deterministic state machine in memory. Requests are checked before they are proposed, encoded as operations, and
 * applied by every member in the order in which they were decided.
 *
 * ```ts
 * const store = new Store()
 * store.apply(putOf(key, value))
 * store.range(rangeOf(key))
 * ```
 *
 * @module
 */
export {
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkQuota,
  checkRange,
  checkTxn,
  isReadOnly,
  isSerializable,
  leaseTtlMax,
  takesSpace,
  txnOperationsMax,
} from './checks.ts'
export { alarmTypes, Alarms, isAlarmType } from './alarms.ts'
export type { Alarm } from './alarms.ts'
export { errors, malformedOperation } from './errors.ts'
export type { ErrorName, StoreError } from './errors.ts'
export { keyBytes } from './key-text.ts'
export { Lease, LeaseReader, Leases } from './leases.ts'
export {
  appendOperation,
  decodeOperation,
  encodeOperation,
  encodePut,
  operationFormat,
  Operations,
} from './operations.ts'
export type {
  AlarmOperation,
  CompactOperation,
  LeaseAskOperation,
  LeaseExpireOperation,
  LeaseGrantOperation,
  LeaseLeadOperation,
  LeaseRevokeOperation,
  LeaseTellOperation,
  NothingOperation,
  Operation,
} from './operations.ts'
export { ReplicatedStore } from './replicated-store.ts'
export type { StoreContext } from './replicated-store.ts'
export { compareResults, compareTargets, putOf, rangeOf, sortOrders, sortTargets } from './requests.ts'
export type {
  Compare,
  CompareOperand,
  DeleteRangeRequest,
  DeleteRangeResult,
  KeyValue,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResult,
} from './requests.ts'
export type { Key } from './revisions.ts'
export { snapshotFormat } from './snapshot.ts'
export { StateHash } from './state-hash.ts'
export { Store } from './store.ts'
export type { OperationResult, PlainResult, StoreObserver, StoreTally } from './store.ts'
