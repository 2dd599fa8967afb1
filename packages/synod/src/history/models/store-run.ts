import type { Change } from '../history.ts'
import type { StoreCompare, StoreKeyValue, StoreRefusal, StoreRequest, StoreResponse } from './store-operations.ts'

/** The store at one revision. */
export interface StoreState {
  readonly revision: number
  /** What is below can no longer be read. */
  readonly compacted: number
  /** Ascending by the bytes of the key. */
  readonly kvs: readonly StoreKeyValue[]
  /** What made this revision. */
  readonly changes: readonly Change[]
  /** The store at the revision before. */
  readonly before: StoreState | undefined
}

/** What a request does to a state, and answers. */
export interface Ran {
  readonly after: StoreState
  readonly response: StoreResponse | StoreRefusal
}

/**
 * What etcd's v3 API says of get, put, delete and txn, one at a time: everything that a request changes makes one
 * revision, and a request that changes nothing makes none.
 */
export function run(state: StoreState, request: StoreRequest): Ran {
  const path = choose(state, request)
  const refused = refusal(state, path)
  if (refused !== undefined) return { after: state, response: refused }
  const draft: Draft = { state, kvs: state.kvs, changes: [] }
  const response = perform(draft, path)
  if (draft.changes.length === 0) return { after: state, response }
  const { kvs, changes } = draft
  const after = { revision: state.revision + 1, compacted: state.compacted, kvs, changes, before: state }
  return { after, response }
}

/** The store as it was at a revision that it has had. */
export function at(state: StoreState, revision: number): StoreState | undefined {
  let found: StoreState | undefined = state
  while (found !== undefined && found.revision > revision) found = found.before
  return found?.revision === revision ? found : undefined
}

/** A request with the branch of each transaction chosen: all comparisons are made before anything is done. */
type Path =
  | Exclude<StoreRequest, { readonly type: 'txn' }>
  | { readonly type: 'txn'; readonly succeeded: boolean; readonly taken: readonly Path[] }

function choose(state: StoreState, request: StoreRequest): Path {
  if (request.type !== 'txn') return request
  const succeeded = request.compare.every((compare) => holds(state, compare))
  const taken = (succeeded ? request.success : request.failure).map((one) => choose(state, one))
  return { type: 'txn', succeeded, taken }
}

function refusal(state: StoreState, path: Path): StoreRefusal | undefined {
  if (path.type === 'txn') {
    for (const one of path.taken) {
      const refused = refusal(state, one)
      if (refused !== undefined) return refused
    }
  }
  if (path.type !== 'get' || path.revision === undefined || path.revision === 0) return undefined
  if (path.revision > state.revision) return { type: 'error', error: 'future-revision' }
  return path.revision < state.compacted ? { type: 'error', error: 'compacted' } : undefined
}

interface Draft {
  readonly state: StoreState
  kvs: readonly StoreKeyValue[]
  readonly changes: Change[]
}

function perform(draft: Draft, path: Path): StoreResponse {
  switch (path.type) {
    case 'get': {
      const { key, end, limit = 0, revision = 0 } = path
      const kvs = revision === 0 ? draft.kvs : (at(draft.state, revision)?.kvs ?? [])
      const [from, to] = interval(kvs, key, end)
      const count = to - from
      return { type: 'get', kvs: kvs.slice(from, limit > 0 ? Math.min(to, from + limit) : to), count }
    }
    case 'put':
      put(draft, path.key, path.value)
      return { type: 'put' }
    case 'delete': {
      const [from, to] = interval(draft.kvs, path.key, path.end)
      const deleted = draft.kvs.slice(from, to)
      for (const { key } of deleted) draft.changes.push({ type: 'delete', key })
      if (deleted.length > 0) draft.kvs = draft.kvs.toSpliced(from, to - from)
      return { type: 'delete', deleted: deleted.length }
    }
    case 'txn':
      return { type: 'txn', succeeded: path.succeeded, responses: path.taken.map((one) => perform(draft, one)) }
  }
}

function put(draft: Draft, key: string, value: string): void {
  const modRevision = draft.state.revision + 1
  const place = firstNotBelow(draft.kvs, key)
  const old = draft.kvs[place]
  if (old?.key === key) {
    draft.kvs = draft.kvs.with(place, { ...old, value, modRevision, version: old.version + 1 })
  } else {
    draft.kvs = draft.kvs.toSpliced(place, 0, { key, value, createRevision: modRevision, modRevision, version: 1 })
  }
  draft.changes.push({ type: 'put', key, value })
}

function holds({ kvs }: StoreState, compare: StoreCompare): boolean {
  const place = firstNotBelow(kvs, compare.key)
  const found = kvs[place]?.key === compare.key ? kvs[place] : undefined
  if (compare.target === 'value') {
    // An absent key has no value, not even one that differs.
    return found !== undefined && isOrdered(compareText(found.value, compare.operand), compare.is)
  }
  const field = ({ version: 'version', create: 'createRevision', mod: 'modRevision' } as const)[compare.target]
  return isOrdered((found?.[field] ?? 0) - compare.operand, compare.is)
}

function isOrdered(difference: number, is: StoreCompare['is']): boolean {
  switch (is) {
    case '=':
      return difference === 0
    case '!=':
      return difference !== 0
    case '<':
      return difference < 0
    case '>':
      return difference > 0
  }
}

/** Whether a key lies in what `key` and `end` name. */
export function contains(key: string, end: string | undefined, candidate: string): boolean {
  if (end === undefined || end === '') return candidate === key
  return compareText(candidate, key) >= 0 && (end === '\0' || compareText(candidate, end) < 0)
}

/** Where the keys of a range begin and end among `kvs`. */
function interval(kvs: readonly StoreKeyValue[], key: string, end: string | undefined): [number, number] {
  const from = firstNotBelow(kvs, key)
  if (end === undefined || end === '') return [from, kvs[from]?.key === key ? from + 1 : from]
  return [from, end === '\0' ? kvs.length : Math.max(from, firstNotBelow(kvs, end))]
}

function firstNotBelow(kvs: readonly StoreKeyValue[], key: string): number {
  let low = 0
  let high = kvs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = kvs[middle]
    if (found !== undefined && compareText(found.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The order of the UTF-8 bytes, which is that of the code points and not that of UTF-16's units. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // Surrogates stand for code points above all others.
    const isHigh = (unit: number): boolean => (unit & 0xf800) === 0xd800
    return isHigh(x) === isHigh(y) ? x - y : isHigh(x) ? 1 : -1
  }
  return a.length - b.length
}
