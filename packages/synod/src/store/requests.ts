/** What a client asks of keys; etcdserverpb's messages as data. Absent bytes are empty ones, absent numbers are 0. */
export interface RangeRequest {
  readonly type: 'range'
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
  readonly limit: number
  readonly revision: number
  readonly sortOrder: number
  readonly sortTarget: number
  readonly serializable: boolean
  readonly keysOnly: boolean
  readonly countOnly: boolean
  readonly minModRevision: number
  readonly maxModRevision: number
  readonly minCreateRevision: number
  readonly maxCreateRevision: number
}

/** The request for one key, as it is now; `options` say what else is wanted. */
export function rangeOf(key: Uint8Array, options: Partial<Omit<RangeRequest, 'type' | 'key'>> = {}): RangeRequest {
  return {
    type: 'range',
    key,
    rangeEnd: new Uint8Array(0),
    limit: 0,
    revision: 0,
    sortOrder: sortOrders.none,
    sortTarget: sortTargets.key,
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
    ...options,
  }
}

export interface PutRequest {
  readonly type: 'put'
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** 0 for none. */
  readonly lease: bigint
  readonly prevKv: boolean
  readonly ignoreValue: boolean
  readonly ignoreLease: boolean
}

/** The request to write one key; `options` say what else is wanted. */
export function putOf(
  key: Uint8Array,
  value: Uint8Array,
  options: Partial<Omit<PutRequest, 'type' | 'key' | 'value'>> = {},
): PutRequest {
  return { type: 'put', key, value, lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false, ...options }
}

export interface DeleteRangeRequest {
  readonly type: 'deleteRange'
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
  readonly prevKv: boolean
}

/** What is compared with: the field that was sent, whether or not it is the target's. */
export type CompareOperand =
  | { readonly field: 'version' | 'createRevision' | 'modRevision'; readonly number: number }
  | { readonly field: 'value'; readonly bytes: Uint8Array }
  | { readonly field: 'lease'; readonly id: bigint }

export interface Compare {
  readonly result: number
  readonly target: number
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
  readonly operand: CompareOperand | undefined
}

export interface TxnRequest {
  readonly type: 'txn'
  readonly compare: readonly Compare[]
  readonly success: readonly RequestOp[]
  readonly failure: readonly RequestOp[]
}

/** An operation of a transaction; undefined is one that asks for nothing, which `checkTxn` refuses. */
export type RequestOp = RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest | undefined

/** The numbers of RangeRequest.SortOrder. */
export const sortOrders = { none: 0, ascend: 1, descend: 2 } as const
/** The numbers of RangeRequest.SortTarget. */
export const sortTargets = { key: 0, version: 1, createRevision: 2, modRevision: 3, value: 4 } as const
/** The numbers of Compare.CompareResult. */
export const compareResults = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const
/** The numbers of Compare.CompareTarget. */
export const compareTargets = { version: 0, createRevision: 1, modRevision: 2, value: 3, lease: 4 } as const

/** mvccpb.KeyValue. The bytes are views: whoever keeps them longer than the call that gave them copies them. */
export interface KeyValue {
  readonly key: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly value: Uint8Array
  readonly lease: bigint
}

/** `revision` is for the answer's header: the store's after the operation; inside a transaction, the revision so far. */
export interface RangeResult {
  readonly type: 'range'
  readonly revision: number
  readonly kvs: readonly KeyValue[]
  readonly more: boolean
  readonly count: number
}

export interface PutResult {
  readonly type: 'put'
  readonly revision: number
  readonly prevKv: KeyValue | undefined
}

export interface DeleteRangeResult {
  readonly type: 'deleteRange'
  readonly revision: number
  readonly deleted: number
  readonly prevKvs: readonly KeyValue[]
}

export interface TxnResult {
  readonly type: 'txn'
  readonly revision: number
  readonly succeeded: boolean
  readonly responses: readonly ResponseOp[]
}

export type ResponseOp = RangeResult | PutResult | DeleteRangeResult | TxnResult
