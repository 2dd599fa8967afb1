import type { Change } from '../history.ts'

/**
 * What a client asks of the replicated store. Keys and values are text. `end` makes a key a range, as in etcd: the keys
 * from `key` up to but without `end`; `'\0'` has no upper bound.
 */
export type StoreOperation =
  | StoreRequest
  | { readonly type: 'compact'; readonly revision: number }
  /** Not a client's: at this instant these revisions existed, made by these changes. Made of `observed` events. */
  | { readonly type: 'observe'; readonly seen: readonly Revision[] }
  /** Not a client's either: a write of unknown outcome that can have made only one of these revisions. */
  | { readonly type: 'within'; readonly request: StoreRequest; readonly revisions: readonly number[] }

/** What made a revision. */
export interface Revision {
  readonly revision: number
  readonly changes: readonly Change[]
}

/** What may also stand in a branch of a transaction. */
export type StoreRequest =
  | {
      readonly type: 'get'
      readonly key: string
      readonly end?: string
      /** As the store was at this revision. */
      readonly revision?: number
      readonly limit?: number
      /** May be answered from an older state. */
      readonly serializable?: boolean
    }
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly key: string; readonly end?: string }
  | {
      readonly type: 'txn'
      /** The first branch runs if all of them hold. */
      readonly compare: readonly StoreCompare[]
      readonly success: readonly StoreRequest[]
      readonly failure: readonly StoreRequest[]
    }

/** `version`, `create` and `mod` of a key that does not exist are 0; comparing its value never holds. */
export type StoreCompare = { readonly key: string; readonly is: '=' | '!=' | '<' | '>' } & (
  | { readonly target: 'version' | 'create' | 'mod'; readonly operand: number }
  | { readonly target: 'value'; readonly operand: string }
)

/** What the store answers. `revision` is the store's after the operation, as in the header of etcd's answers. */
export type StoreResult =
  | (StoreResponse & { readonly revision: number })
  | { readonly type: 'compact'; readonly revision: number }
  /** Answered, and nothing was changed: what was asked for lies below the compaction, or beyond the newest revision. */
  | StoreRefusal
  /** To an `observe`, which is no request: the newest of what was seen. */
  | { readonly type: 'observe'; readonly revision: number }

export interface StoreRefusal {
  readonly type: 'error'
  readonly error: 'compacted' | 'future-revision'
}

/** The answer to one request of a transaction. */
export type StoreResponse =
  | {
      readonly type: 'get'
      /** Ascending by key. */
      readonly kvs: readonly StoreKeyValue[]
      /** How many there are, whatever the limit. */
      readonly count?: number
    }
  | { readonly type: 'put' }
  | { readonly type: 'delete'; readonly deleted: number }
  | { readonly type: 'txn'; readonly succeeded: boolean; readonly responses: readonly StoreResponse[] }

export interface StoreKeyValue {
  readonly key: string
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
}
