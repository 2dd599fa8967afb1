import { errors } from './errors.ts'
import type { StoreError } from './errors.ts'
import { interval } from './key-text.ts'
import type { Interval } from './key-text.ts'
import type { KeyTree } from './key-tree.ts'
import type { RangeRequest, RangeResult } from './requests.ts'
import { sortOrders, sortTargets } from './requests.ts'
import type { Key, Place, RevisionLog } from './revisions.ts'

/** What a range needs of the store that it reads. */
export interface Ranged {
  readonly keys: ReadonlyMap<string, Key>
  readonly tree: KeyTree<Key>
  readonly log: RevisionLog
  readonly compacted: number
}

/** May the revision be read, when the newest is `current`? A revision that is not positive asks for the newest. */
export function checkRevision(asked: number, current: number, compacted: number): StoreError | undefined {
  if (asked > current) return errors.futureRevision
  return asked > 0 && asked < compacted ? errors.compacted : undefined
}

/** `current` is the newest revision, that of a transaction under way in it. The request was checked. */
export function evaluateRange(store: Ranged, request: RangeRequest, current: number): RangeResult | StoreError {
  const error = checkRevision(request.revision, current, store.compacted)
  if (error !== undefined) return error
  const past = request.revision > 0 && request.revision < current ? request.revision : undefined
  if (request.rangeEnd.length === 0) return single(store, request, current, past)
  const asked = interval(request.key, request.rangeEnd)
  if (request.countOnly) {
    return { type: 'range', revision: current, kvs: [], more: false, count: count(store, asked, past) }
  }
  const limit = request.limit > 0 ? request.limit : Infinity
  // One more than the limit tells whether there is more, unless the limit is to apply to a selection or another order.
  const most = isSorted(request) || isBounded(request) ? Infinity : limit + 1
  const { found, whole } = collect(store, asked, past, most)
  const total = whole ? found.length : count(store, asked, past)
  const kept = isBounded(request) ? found.filter((place) => within(request, store.log, place)) : found
  const inOrder = isSorted(request) ? sorted(kept, store.log, request) : kept
  const more = inOrder.length > limit
  if (more) inOrder.length = limit
  const kvs = inOrder.map((place) => store.log.pageOf(place).keyValue(place, !request.keysOnly))
  return { type: 'range', revision: current, kvs, more, count: total }
}

/** How many keys it takes to answer this range: those that it returns, or has to look at for a selection or another order. */
export function keysFor(store: Ranged, request: RangeRequest, current: number): number {
  if (request.rangeEnd.length === 0) return 1
  if (request.countOnly) return 0
  const past = request.revision > 0 && request.revision < current ? request.revision : undefined
  const all = count(store, interval(request.key, request.rangeEnd), past)
  return request.limit > 0 && !isSorted(request) && !isBounded(request) ? Math.min(request.limit, all) : all
}

function single(store: Ranged, request: RangeRequest, current: number, past: number | undefined): RangeResult {
  const { start } = interval(request.key, request.rangeEnd)
  const key = store.keys.get(start)
  const found = key === undefined ? 0 : placeOf(store, key, past)
  if (found === 0) return { type: 'range', revision: current, kvs: [], more: false, count: 0 }
  const shown = !request.countOnly && within(request, store.log, found)
  const kvs = shown ? [store.log.pageOf(found).keyValue(found, !request.keysOnly)] : []
  return { type: 'range', revision: current, kvs, more: false, count: 1 }
}

/** Of the state that is asked for; 0 if the key does not exist in it. */
function placeOf(store: Ranged, key: Key, past: number | undefined): Place {
  return past === undefined ? key.current : store.log.at(key, past)
}

/** So many changes are looked at in no time. */
const fewChanges = 1024

/**
 * Of the present from the counts of the tree. Of the past from them too, less what came since and plus what went; or key by
 * key, where more has changed than there are keys. Who lists a million keys by pages of 500 at one revision asks 2,000 times.
 */
function count(store: Ranged, asked: Interval, past: number | undefined): number {
  const now = store.tree.countBetween(asked.start, asked.end)
  if (past === undefined) return now
  let then = now
  const all = store.log.changedSince(past, now + fewChanges, (key) => {
    if (key.text < asked.start || (asked.end !== undefined && key.text >= asked.end)) return
    then += Number(store.log.at(key, past) !== 0) - Number(key.exists)
  })
  return all ? then : collect(store, asked, past, Infinity).found.length
}

/** The first `most` of the interval. `whole`: those are all. */
function collect(
  store: Ranged,
  asked: Interval,
  past: number | undefined,
  most: number,
): { found: Place[]; whole: boolean } {
  const found: Place[] = []
  const visit = (key: Key): boolean => {
    const place = placeOf(store, key, past)
    if (place !== 0) found.push(place)
    return found.length < most
  }
  if (past === undefined) store.tree.scanExisting(asked.start, asked.end, visit)
  else store.tree.scan(asked.start, asked.end, visit)
  return { found, whole: found.length < most }
}

function isBounded(request: RangeRequest): boolean {
  return (
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0
  )
}

/** The bounds are inclusive, and 0 is none. */
function within(request: RangeRequest, log: RevisionLog, place: Place): boolean {
  const page = log.pageOf(place)
  const modRevision = page.modRevision(place)
  const createRevision = page.createRevision(place)
  if (request.maxModRevision !== 0 && modRevision > request.maxModRevision) return false
  if (request.minModRevision !== 0 && modRevision < request.minModRevision) return false
  if (request.maxCreateRevision !== 0 && createRevision > request.maxCreateRevision) return false
  return request.minCreateRevision === 0 || createRevision >= request.minCreateRevision
}

/** Keys come in ascending order anyway; without an order, another target sorts ascending. */
function isSorted(request: RangeRequest): boolean {
  return request.sortTarget !== sortTargets.key || request.sortOrder === sortOrders.descend
}

/** `places` are in the order of their keys, in which equals stay. */
function sorted(places: Place[], log: RevisionLog, request: RangeRequest): Place[] {
  const direction = request.sortOrder === sortOrders.descend ? -1 : 1
  switch (request.sortTarget) {
    case sortTargets.version:
      return sortedBy(places, (place) => log.pageOf(place).version(place), direction)
    case sortTargets.createRevision:
      return sortedBy(places, (place) => log.pageOf(place).createRevision(place), direction)
    case sortTargets.modRevision:
      return sortedBy(places, (place) => log.modRevision(place), direction)
    case sortTargets.value:
      return places
        .map((place) => ({ place, value: log.pageOf(place).value(place) }))
        .toSorted((a, b) => direction * compareBytes(a.value, b.value))
        .map(({ place }) => place)
    default:
      return direction < 0 ? places.toReversed() : places
  }
}

function sortedBy(places: readonly Place[], number: (place: Place) => number, direction: 1 | -1): Place[] {
  return places
    .map((place) => ({ place, number: number(place) }))
    .toSorted((a, b) => direction * (a.number - b.number))
    .map(({ place }) => place)
}

/** Bytewise; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
