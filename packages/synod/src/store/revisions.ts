import { assert, present } from '../core/index.ts'
import type { KeyText } from './key-text.ts'
import { Page } from './revision-page.ts'

/** Names one change in the log. They count up from 1 in the order in which changes are made; 0 is none. */
export type Place = number

/** One change of one key, as it enters the log. */
export interface Change {
  readonly key: Key
  /** The store's revision that it belongs to, shared by all changes of one transaction. */
  readonly modRevision: number
  /** Which it is among the changes of that revision. */
  readonly position: number
  readonly createRevision: number
  /** How often the key was put since it was created; 0 is a deletion. */
  readonly version: number
  readonly lease: bigint
  readonly value: Uint8Array
}

/** A key, and where its changes are that are not yet reclaimed. */
export class Key {
  readonly text: KeyText
  newest: Place
  /** Does it exist now? Its newest change did not delete it. */
  exists: boolean
  /** The changes before the newest, oldest first, from `olderFrom` on; most keys have none. */
  private older: Place[] | undefined
  private olderFrom: number

  constructor(text: KeyText) {
    this.text = text
    this.newest = 0
    this.exists = false
    this.older = undefined
    this.olderFrom = 0
  }

  /** The change that made it what it is now; 0 if it does not exist. */
  get current(): Place {
    return this.exists ? this.newest : 0
  }

  push(place: Place, exists: boolean): void {
    if (this.newest !== 0) {
      if (this.older === undefined) this.older = [this.newest]
      else this.older.push(this.newest)
    }
    this.newest = place
    this.exists = exists
  }

  /** The last of its changes that `isBefore` accepts: it accepts all up to some change, and none after it. */
  last(isBefore: (place: Place) => boolean): Place {
    if (this.newest === 0 || isBefore(this.newest)) return this.newest
    const older = this.older
    if (older === undefined) return 0
    let low = this.olderFrom
    let high = older.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(present(older[middle], 'a change within its key'))) low = middle + 1
      else high = middle
    }
    return low === this.olderFrom ? 0 : (older[low - 1] ?? 0)
  }

  /** Its oldest change is forgotten. true: it was the last, and the key is no more. */
  forget(place: Place): boolean {
    if (this.newest === place) {
      assert(this.older === undefined && !this.exists, 'changes of a key are forgotten oldest first')
      this.newest = 0
      return true
    }
    const older = present(this.older, 'a forgotten change belongs to its key')
    assert(older[this.olderFrom] === place, 'changes of a key are forgotten oldest first')
    this.olderFrom++
    if (this.olderFrom === older.length) {
      this.older = undefined
      this.olderFrom = 0
    } else if (this.olderFrom * 2 > older.length) {
      this.older = older.slice(this.olderFrom)
      this.olderFrom = 0
    }
    return false
  }
}

/** About what a change takes beside its key and value, in bytes. */
export const changeOverhead = 128

/**
 * All changes in the order in which they were made, as numbers in large arrays and values in large slabs: half a million
 * objects, or half a million small arrays, would be as much work for each garbage collection. It only grows at its end,
 * so a reader who stops at the revision of its beginning is not disturbed by writes. Reclaiming takes out of the middle,
 * and rests while somebody reads.
 */
export class RevisionLog {
  /** In order; of those but the last, none is empty for long. */
  private pages: Page[] = [new Page(1, 0)]
  /** What all changes in it count for, in bytes. */
  size = 0
  private nextPlace: Place = 1
  /** Readers under way. */
  private pins = 0
  /** The last page looked into. */
  private recent: Page

  constructor() {
    this.recent = this.lastPage
  }

  /** Somebody reads it, and nothing is reclaimed. */
  get pinned(): boolean {
    return this.pins > 0
  }

  private get lastPage(): Page {
    return present(this.pages.at(-1), 'a log has a last page')
  }

  /** Copies the value, and tells the key's change before it that it is superseded. */
  append(change: Change): Place {
    const { key, value } = change
    let page = this.lastPage
    if (!page.hasRoom(value.length)) {
      page = new Page(this.nextPlace, page.taken, value.length)
      this.pages.push(page)
    }
    const place = this.nextPlace++
    page.append(change)
    if (key.newest !== 0) this.pageOf(key.newest).supersede(key.newest, change.modRevision)
    key.push(place, change.version > 0)
    this.size += changeOverhead + key.text.length + value.length
    return place
  }

  /** The page that holds a change, which must not have been reclaimed. */
  pageOf(place: Place): Page {
    if (this.recent.first <= place && place < this.recent.end) return this.recent
    let low = 0
    let high = this.pages.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (present(this.pages[middle], 'a page within its log').first <= place) low = middle
      else high = middle - 1
    }
    const page = present(this.pages[low], 'a page within its log')
    this.recent = page
    return page
  }

  page(index: number): Page | undefined {
    return this.pages[index]
  }

  modRevision(place: Place): number {
    return this.pageOf(place).modRevision(place)
  }

  /** What the key was at that revision of the store; 0 if it did not exist then. */
  at(key: Key, revision: number): Place {
    const place = key.last((candidate) => this.modRevision(candidate) <= revision)
    return place === 0 || this.pageOf(place).version(place) === 0 ? 0 : place
  }

  /**
   * The keys that changed after a revision which may still be read, each once, the last to change first. false: that would
   * take a look at more than `most` changes, and not all keys were visited.
   */
  changedSince(revision: number, most: number, visit: (key: Key) => void): boolean {
    let left = most
    for (let at = this.pages.length - 1; at >= 0; at--) {
      const page = present(this.pages[at], 'a page within its log')
      for (let index = page.count - 1; index >= 0; index--) {
        const key = page.keyAt(index)
        if (key === undefined) continue
        const place = page.placeAt(index)
        if (page.modRevision(place) <= revision) return true
        if (left-- === 0) return false
        if (key.newest === place) visit(key)
      }
    }
    return true
  }

  /** Takes out of one page what is obsolete, and tells `forgotten` of each. */
  reclaim(page: Page, compacted: number, forgotten: (key: Key, place: Place) => void): void {
    assert(!this.pinned, 'nothing is reclaimed while somebody reads the log')
    page.reclaim(compacted, (key, place, valueLength) => {
      this.size -= changeOverhead + key.text.length + valueLength
      forgotten(key, place)
    })
    // The last page goes on being filled.
    if (page !== this.lastPage) page.shrink()
  }

  dropEmptyPages(): void {
    const last = this.lastPage
    this.pages = this.pages.filter((page) => page.live > 0 || page === last)
    this.recent = last
  }

  /** The changes up to and including the revision `through`, in order. */
  read(through: number): LogReader {
    this.pins++
    return new LogReader(this, through)
  }

  unpin(): void {
    assert(this.pins > 0, 'a reader of the log ends once')
    this.pins--
  }
}

/** Reads a log through a revision, undisturbed by writes and compactions. Nothing is reclaimed until it is closed. */
export class LogReader {
  private readonly log: RevisionLog
  private readonly through: number
  private pageIndex = 0
  private index = -1
  private open = true
  /** Of the change that `next` came to. */
  page: Page
  place: Place = 0

  constructor(log: RevisionLog, through: number) {
    this.log = log
    this.through = through
    this.page = present(log.page(0), 'a log has a first page')
  }

  /** Moves to the next change; false: there is none. */
  next(): boolean {
    assert(this.open, 'a reader that was closed reads no more')
    for (let page = this.log.page(this.pageIndex); page !== undefined; page = this.log.page(this.pageIndex)) {
      this.index = page.nextIndex(this.index + 1)
      if (this.index < page.count) {
        this.page = page
        this.place = page.placeAt(this.index)
        if (page.modRevision(this.place) <= this.through) return true
        this.index--
        return false
      }
      this.pageIndex++
      this.index = -1
    }
    return false
  }

  close(): void {
    if (!this.open) return
    this.open = false
    this.log.unpin()
  }
}
