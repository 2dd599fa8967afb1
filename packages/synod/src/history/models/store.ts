import type { Change } from '../history.ts'
import type { Model } from '../model.ts'
import { hasWritten, patch } from './store-evidence.ts'
import type {
  Revision,
  StoreKeyValue,
  StoreOperation,
  StoreRequest,
  StoreResponse,
  StoreResult,
} from './store-operations.ts'
import { at, compareText, run } from './store-run.ts'
import type { StoreState } from './store-run.ts'
import { describe, describeState } from './store-text.ts'

/** What the store held before the first event of a history: nothing, at revision 1, unless it says otherwise. */
export interface StoreInitial {
  readonly revision: number
  readonly kvs: readonly StoreKeyValue[]
}

/**
 * Synod's replicated store, and etcd's: a specification of its own, that shares no code with either. Every answer carries
 * the store's revision, which puts the writes into an order and makes the search nearly linear. Leases, watches and
 * sessions are operations that join `StoreOperation` when the recorder records them.
 */
export function store(
  { revision, kvs }: StoreInitial = { revision: 1, kvs: [] },
): Model<StoreOperation, StoreResult, StoreState> {
  const sorted = kvs.toSorted((a, b) => compareText(a.key, b.key))
  return {
    name: 'store',
    initial: { revision, compacted: 0, kvs: sorted, changes: [], before: undefined },
    step,
    // Two orders of writes leave different revisions on their keys.
    encode: 'lineage',
    isPure: ({ type }, result) =>
      type === 'observe' || type === 'get' || (result !== undefined && type !== 'compact' && !hasWritten(result)),
    isPast: (state, result) =>
      result.type !== 'error' &&
      (result.revision < state.revision ||
        (result.revision === state.revision && (result.type === 'observe' || hasWritten(result)))),
    sizeOf: (state) => 200 + 8 * state.kvs.length,
    describe,
    describeState,
    prepare: (calls) => patch(calls, revision),
    observe: ({ revision: seen, changes }) => ({
      operation: { type: 'observe', seen: [{ revision: seen, changes }] },
      result: { type: 'observe', revision: seen },
    }),
  }
}

function step(state: StoreState, operation: StoreOperation, result: StoreResult | undefined): StoreState | undefined {
  switch (operation.type) {
    case 'observe':
      return hasRevisions(state, operation.seen) ? state : undefined
    case 'within': {
      const { after } = run(state, operation.request)
      return after === state || operation.revisions.includes(after.revision) ? after : undefined
    }
    case 'compact':
      return compact(state, operation.revision, result)
    case 'get':
    case 'put':
    case 'delete':
    case 'txn':
      return answer(state, operation, result)
  }
}

function answer(state: StoreState, request: StoreRequest, result: StoreResult | undefined): StoreState | undefined {
  const isStale = request.type === 'get' && request.serializable === true && result?.type === 'get'
  // A member that lags answers from what it has.
  const source = isStale ? at(state, result.revision) : state
  if (source === undefined) return undefined
  const { after, response } = run(source, request)
  if (result === undefined) return after
  if (response.type === 'error' || result.type === 'error')
    return response.type === 'error' && result.type === 'error' && response.error === result.error ? state : undefined
  if (result.type === 'compact' || result.type === 'observe') return undefined
  if (result.revision !== after.revision || !isSame(response, result)) return undefined
  return isStale ? state : after
}

function compact(state: StoreState, revision: number, result: StoreResult | undefined): StoreState | undefined {
  const error = revision > state.revision ? 'future-revision' : revision <= state.compacted ? 'compacted' : undefined
  if (error !== undefined)
    return result === undefined || (result.type === 'error' && result.error === error) ? state : undefined
  if (result !== undefined && (result.type !== 'compact' || result.revision !== state.revision)) return undefined
  return { ...state, compacted: revision }
}

/** Whether the store had made each of these revisions, and by these changes. */
function hasRevisions(state: StoreState, seen: readonly Revision[]): boolean {
  let place: StoreState | undefined = state
  for (const { revision, changes } of seen.toSorted((a, b) => b.revision - a.revision)) {
    place = place === undefined ? undefined : at(place, revision)
    if (place === undefined || textOf(place.changes) !== textOf(changes)) return false
  }
  return true
}

/** Changes have no order: a revision changes a key once. */
function textOf(changes: readonly Change[]): string {
  const texts = changes.map((change) => JSON.stringify([change.key, change.type === 'put' ? change.value : null]))
  return texts.length < 2 ? texts.join() : texts.toSorted().join()
}

/** Whether an answer is what the specification answers; a count that the answer does not tell is not asked for. */
function isSame(expected: StoreResponse, found: StoreResponse): boolean {
  switch (expected.type) {
    case 'get':
      return (
        found.type === 'get' &&
        (found.count ?? expected.count) === expected.count &&
        found.kvs.length === expected.kvs.length &&
        expected.kvs.every((kv, i) => isSameKeyValue(kv, found.kvs[i]))
      )
    case 'put':
      return found.type === 'put'
    case 'delete':
      return found.type === 'delete' && found.deleted === expected.deleted
    case 'txn':
      return (
        found.type === 'txn' &&
        found.succeeded === expected.succeeded &&
        found.responses.length === expected.responses.length &&
        expected.responses.every((response, i) => isSame(response, found.responses[i] ?? expected))
      )
  }
}

function isSameKeyValue(a: StoreKeyValue, b: StoreKeyValue | undefined): boolean {
  return (
    b !== undefined &&
    a.key === b.key &&
    a.value === b.value &&
    a.createRevision === b.createRevision &&
    a.modRevision === b.modRevision &&
    a.version === b.version
  )
}
