import { assert, present } from '../core/index.ts'
import { LimitReached } from './limits.ts'
import type { Meter } from './limits.ts'
import { mix } from './states.ts'

/** A set of call numbers, with the places of its first word that is not full and its last that is not empty. */
export class CallSet {
  readonly words: Int32Array
  low = 0
  high = -1

  constructor(size: number) {
    this.words = new Int32Array(Math.ceil(size / 32))
  }

  has(i: number): boolean {
    return (((this.words[i >>> 5] ?? 0) >>> (i & 31)) & 1) === 1
  }

  add(i: number): void {
    const word = i >>> 5
    this.words[word] = (this.words[word] ?? 0) | (1 << (i & 31))
    if (word > this.high) this.high = word
    while (this.words[this.low] === -1) this.low++
  }

  delete(i: number): void {
    const word = i >>> 5
    this.words[word] = (this.words[word] ?? 0) & ~(1 << (i & 31))
    if (word < this.low) this.low = word
    while (this.high >= 0 && this.words[this.high] === 0) this.high--
  }
}

const chunkWords = 1 << 16

/**
 * The memo of Lowe (2017): configurations that were searched already, each the calls that are placed and the state. It
 * compares exactly, never by hash alone. Of calls with unknown outcome a configuration with fewer of them placed can do
 * whatever one with more can: it stands for both.
 *
 * Kept in chunks of numbers, each entry: the first of its sets of unknown calls, state, place of the first word, how many,
 * words; each set: the next one, words. Full words before and empty words after are left out.
 */
export class Visited {
  private readonly meter: Meter
  private readonly unknownWords: number
  private readonly chunks: Int32Array[] = []
  private readonly chunkLength: number
  private used: number
  /** Open addressing, two numbers each: hash, and 1 + the place of the entry. */
  private slots = new Int32Array(2 * 256)
  private count = 0

  constructor(knownWords: number, unknownWords: number, meter: Meter) {
    this.meter = meter
    this.unknownWords = unknownWords
    // A power of two, so that a place splits into chunk and offset.
    let length = chunkWords
    while (length < knownWords + unknownWords + 8) length *= 2
    this.chunkLength = length
    this.used = length
    meter.take(this.slots.byteLength)
  }

  /** Whether the configuration, or one that can do whatever it can, is new; from then on it is not. */
  add(known: CallSet, hash: number, unknown: CallSet, state: number): boolean {
    const mask = this.slots.length / 2 - 1
    const full = mix(hash ^ Math.imul(state + 1, 0x9e3779b1)) | 0
    let slot = full & mask
    for (;;) {
      const place = (this.slots[2 * slot + 1] ?? 0) - 1
      if (place < 0) break
      if (this.slots[2 * slot] === full && this.isEntry(place, known, state)) return this.addTo(place, unknown)
      slot = (slot + 1) & mask
    }
    this.slots[2 * slot] = full
    this.slots[2 * slot + 1] = this.append(known, unknown, state) + 1
    if (3 * ++this.count > this.slots.length) this.grow()
    return true
  }

  private isEntry(place: number, { words, low, high }: CallSet, state: number): boolean {
    const chunk = this.chunkOf(place)
    const at = place & (this.chunkLength - 1)
    const length = Math.max(0, high - low + 1)
    if (chunk[at + 1] !== state || chunk[at + 2] !== low || chunk[at + 3] !== length) return false
    for (let i = 0; i < length; i++) if (chunk[at + 4 + i] !== words[low + i]) return false
    return true
  }

  /** Adds a set of unknown calls to an entry, unless one of its subsets is there. */
  private addTo(place: number, unknown: CallSet): boolean {
    if (this.unknownWords === 0) return false
    const entry = this.chunkOf(place)
    const head = place & (this.chunkLength - 1)
    for (let set = entry[head] ?? -1; set >= 0;) {
      const chunk = this.chunkOf(set)
      const at = set & (this.chunkLength - 1)
      if (this.isSubset(chunk, at, unknown)) return false
      set = chunk[at] ?? -1
    }
    entry[head] = this.appendSet(unknown, entry[head] ?? -1)
    return true
  }

  private isSubset(chunk: Int32Array, at: number, unknown: CallSet): boolean {
    for (let i = 0; i < this.unknownWords; i++)
      if (((chunk[at + 1 + i] ?? 0) & ~(unknown.words[i] ?? 0)) !== 0) return false
    return true
  }

  private append({ words, low, high }: CallSet, unknown: CallSet, state: number): number {
    const set = this.unknownWords === 0 ? -1 : this.appendSet(unknown, -1)
    const length = Math.max(0, high - low + 1)
    const place = this.room(4 + length)
    const chunk = this.chunkOf(place)
    const at = place & (this.chunkLength - 1)
    chunk[at] = set
    chunk[at + 1] = state
    chunk[at + 2] = low
    chunk[at + 3] = length
    for (let i = 0; i < length; i++) chunk[at + 4 + i] = words[low + i] ?? 0
    return place
  }

  private appendSet(unknown: CallSet, next: number): number {
    const place = this.room(1 + this.unknownWords)
    const chunk = this.chunkOf(place)
    const at = place & (this.chunkLength - 1)
    chunk[at] = next
    chunk.set(unknown.words, at + 1)
    return place
  }

  private room(words: number): number {
    assert(words <= this.chunkLength, 'an entry of the memo fits into a chunk')
    if (this.used + words > this.chunkLength) {
      // Places are numbers of 31 bits.
      if ((this.chunks.length + 1) * this.chunkLength > 0x7fff_ffff) throw new LimitReached('memory')
      // Most histories need little of their first chunk: it begins small.
      const length = this.chunks.length === 0 ? Math.min(this.chunkLength, 512) : this.chunkLength
      this.meter.take(4 * length)
      this.chunks.push(new Int32Array(length))
      this.used = 0
    }
    const place = (this.chunks.length - 1) * this.chunkLength + this.used
    this.used += words
    if (this.chunks.length === 1) this.growFirst()
    return place
  }

  private growFirst(): void {
    const first = present(this.chunks[0], 'what is used lies in a chunk')
    if (this.used <= first.length) return
    let { length } = first
    while (length < this.used) length *= 2
    this.meter.take(4 * length)
    const larger = new Int32Array(length)
    larger.set(first)
    this.chunks[0] = larger
    this.meter.release(first.byteLength)
  }

  private chunkOf(place: number): Int32Array {
    return present(this.chunks[Math.floor(place / this.chunkLength)], 'a place of the memo is inside a chunk')
  }

  private grow(): void {
    const old = this.slots
    this.meter.take(2 * old.byteLength)
    this.slots = new Int32Array(2 * old.length)
    const mask = this.slots.length / 2 - 1
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue
      let slot = (old[i] ?? 0) & mask
      while (this.slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
      this.slots.set(old.subarray(i, i + 2), 2 * slot)
    }
    this.meter.release(old.byteLength)
  }
}
