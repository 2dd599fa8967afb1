import { assert, present } from '../core/index.ts'
import type { KeyValue } from './requests.ts'
import type { Change, Key, Place } from './revisions.ts'
import { keyBytes } from './key-text.ts'

/** The numbers of one change, side by side: one line of the processor's cache. The lease is a whole number of 64 bits. */
const columns = {
  modRevision: 0,
  createRevision: 1,
  version: 2,
  next: 3,
  lease: 4,
  offset: 5,
  length: 6,
  position: 7,
} as const
const width = 8

const changesPerPage = 1024
/** Room that the first page of a log begins with: a store that holds little takes little. */
const changesAtFirst = 64
const slabBytesMin = 4 * 1024
const slabBytesMax = 256 * 1024
/** A larger value has bytes of its own, so that it does not close a slab which is half empty. */
const slabValueBytesMax = 32 * 1024

/** The offset of a value that has bytes of its own. */
const apart = -1

const noBytes = new Uint8Array(0)

/** A run of changes in the log, some of which may have been reclaimed. */
export class Page {
  /** Changes from here on, and before `end`, belong here. */
  readonly first: Place
  end: Place
  /** Of places and rows in use, reclaimed ones among them. */
  count = 0
  /** How many changes are left. */
  live = 0
  private rows: Float64Array
  /** The same bytes. */
  private leases: BigInt64Array
  /** undefined where a change was reclaimed. */
  private keys: (Key | undefined)[] = []
  private slab: Uint8Array
  /** Bytes of the slab that are given out, and those still in use. */
  taken = 0
  private used = 0
  private readonly large = new Map<Place, Uint8Array>()
  /** Once it shrank: the distance from `first` of each row's place. */
  private distances: Uint16Array | undefined

  /** With a slab as large as values like those of the page before will need, and the first of its own. */
  constructor(first: Place, takenBefore: number, valueLength = 0) {
    this.first = first
    this.end = first
    this.rows = new Float64Array((takenBefore === 0 ? changesAtFirst : changesPerPage) * width)
    this.leases = new BigInt64Array(this.rows.buffer)
    const expected = Math.min(slabBytesMax, Math.max(slabBytesMin, 2 * takenBefore))
    this.slab = new Uint8Array(valueLength > slabValueBytesMax ? expected : Math.max(expected, valueLength))
  }

  hasRoom(valueLength: number): boolean {
    if (this.count === changesPerPage) return false
    return valueLength > slabValueBytesMax || this.taken + valueLength <= this.slab.length
  }

  append(change: Change): void {
    const place = this.end++
    const at = this.count * width
    const { value } = change
    let offset = this.taken
    if (value.length > slabValueBytesMax) {
      offset = apart
      this.large.set(place, value.slice())
    } else {
      this.slab.set(value, offset)
      this.taken += value.length
      this.used += value.length
    }
    if (at === this.rows.length) this.growRows()
    const { rows } = this
    rows[at] = change.modRevision
    rows[at + columns.createRevision] = change.createRevision
    rows[at + columns.version] = change.version
    if (change.lease !== 0n) this.leases[at + columns.lease] = change.lease
    rows[at + columns.offset] = offset
    rows[at + columns.length] = value.length
    rows[at + columns.position] = change.position
    this.keys.push(change.key)
    this.count++
    this.live++
  }

  private growRows(): void {
    const rows = new Float64Array(Math.min(changesPerPage * width, 2 * this.rows.length))
    rows.set(this.rows)
    this.rows = rows
    this.leases = new BigInt64Array(rows.buffer)
  }

  /** The change of the same key that came after it belongs to that revision. */
  supersede(place: Place, modRevision: number): void {
    this.rows[this.rowOf(place) + columns.next] = modRevision
  }

  key(place: Place): Key {
    return present(this.keys[this.indexOf(place)], 'a change that was not reclaimed has its key')
  }

  modRevision(place: Place): number {
    return this.number(place, columns.modRevision)
  }

  createRevision(place: Place): number {
    return this.number(place, columns.createRevision)
  }

  version(place: Place): number {
    return this.number(place, columns.version)
  }

  position(place: Place): number {
    return this.number(place, columns.position)
  }

  lease(place: Place): bigint {
    return this.leases[this.rowOf(place) + columns.lease] ?? 0n
  }

  /** A view. Nothing ever overwrites what it shows. */
  value(place: Place): Uint8Array {
    const row = this.rowOf(place)
    const length = this.rows[row + columns.length] ?? 0
    if (length === 0) return noBytes
    const offset = this.rows[row + columns.offset] ?? 0
    if (offset === apart) return present(this.large.get(place), 'a large value has bytes of its own')
    return this.slab.subarray(offset, offset + length)
  }

  /** As a client sees it. */
  keyValue(place: Place, withValue: boolean): KeyValue {
    const row = this.rowOf(place)
    return {
      key: keyBytes(this.key(place).text),
      createRevision: this.rows[row + columns.createRevision] ?? 0,
      modRevision: this.rows[row] ?? 0,
      version: this.rows[row + columns.version] ?? 0,
      value: withValue ? this.value(place) : noBytes,
      lease: this.lease(place),
    }
  }

  /**
   * Is it, after a compaction at `compacted`, part of no state that may still be asked for? The newest change of a key up
   * to the compacted revision stays, unless it deleted the key.
   */
  obsolete(place: Place, compacted: number): boolean {
    return this.obsoleteRow(this.rowOf(place), compacted)
  }

  private obsoleteRow(row: number, compacted: number): boolean {
    if ((this.rows[row] ?? 0) > compacted) return false
    const next = this.rows[row + columns.next] ?? 0
    return this.rows[row + columns.version] === 0 || (next !== 0 && next <= compacted)
  }

  private number(place: Place, column: number): number {
    return this.rows[this.rowOf(place) + column] ?? 0
  }

  private rowOf(place: Place): number {
    return this.indexOf(place) * width
  }

  private indexOf(place: Place): number {
    const distance = place - this.first
    const distances = this.distances
    if (distances === undefined) return distance
    let low = 0
    let high = distances.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((distances[middle] ?? 0) < distance) low = middle + 1
      else high = middle
    }
    assert(distances[low] === distance, 'only what was not reclaimed is looked for')
    return low
  }

  placeAt(index: number): Place {
    return this.first + (this.distances === undefined ? index : (this.distances[index] ?? 0))
  }

  /** Of the change in that row; undefined: it was reclaimed. */
  keyAt(index: number): Key | undefined {
    return this.keys[index]
  }

  /** The first change from an index on that was not reclaimed; `count` if there is none. */
  nextIndex(from: number): number {
    let index = from
    while (index < this.count && this.keys[index] === undefined) index++
    return index
  }

  /** Gives up what is obsolete after a compaction. */
  reclaim(compacted: number, forgotten: (key: Key, place: Place, valueLength: number) => void): void {
    for (let index = this.nextIndex(0); index < this.count; index = this.nextIndex(index + 1)) {
      const row = index * width
      if (!this.obsoleteRow(row, compacted)) continue
      const key = present(this.keys[index], 'a change that was not reclaimed has its key')
      const place = this.placeAt(index)
      const length = this.rows[row + columns.length] ?? 0
      if (this.rows[row + columns.offset] === apart) this.large.delete(place)
      else this.used -= length
      this.keys[index] = undefined
      this.live--
      forgotten(key, place, length)
    }
  }

  /** Copies what is left into arrays of its size, when that is less than half. It takes no more changes. */
  shrink(): void {
    if (this.live === 0) return
    if (this.live * 2 < this.count) this.shrinkRows()
    if (this.used * 2 < this.slab.length) this.shrinkSlab()
  }

  private shrinkRows(): void {
    const rows = new Float64Array(this.live * width)
    const distances = new Uint16Array(this.live)
    const keys: (Key | undefined)[] = []
    for (let index = this.nextIndex(0); index < this.count; index = this.nextIndex(index + 1)) {
      rows.set(this.rows.subarray(index * width, (index + 1) * width), keys.length * width)
      distances[keys.length] = this.placeAt(index) - this.first
      keys.push(this.keys[index])
    }
    this.rows = rows
    this.leases = new BigInt64Array(rows.buffer)
    this.distances = distances
    this.keys = keys
    this.count = keys.length
  }

  /** Views of the old slab that are still around keep it alive and unchanged. */
  private shrinkSlab(): void {
    const slab = new Uint8Array(this.used)
    let taken = 0
    for (let index = this.nextIndex(0); index < this.count; index = this.nextIndex(index + 1)) {
      const row = index * width
      const offset = this.rows[row + columns.offset] ?? 0
      if (offset === apart) continue
      const length = this.rows[row + columns.length] ?? 0
      slab.set(this.slab.subarray(offset, offset + length), taken)
      this.rows[row + columns.offset] = taken
      taken += length
    }
    assert(taken === this.used, 'a slab holds what its page counts')
    this.slab = slab
    this.taken = taken
  }
}
