import type { Batch } from './batch.ts'
import { zeros } from './memory.ts'

/**
 * The states that were visited, each known by 64 bits of a hash of its numbers: a table of numbers with open addressing,
 * because the engine's own sets end at 16,777,216 members and take 56 bytes for each. Two states with the same
 * fingerprint would be taken for one; how likely that is, `collisionBound` says.
 */
export class Fingerprints {
  private readonly seed: number
  /** Three numbers each: two halves of the fingerprint, and 1 + which state it was; 0: empty. */
  private slots = new Int32Array(3 * 1024)
  private mask = 1023
  private count = 0
  /** The last hash. */
  private high = 0
  private low = 0
  /** So that what is read ahead is read. */
  protected read = 0

  /** Another seed is another hash: a search that comes to the same numbers with two of them has mixed up nothing. */
  constructor(seed = 0) {
    this.seed = seed
  }

  get size(): number {
    return this.count
  }

  /** How many bytes it takes. */
  get bytes(): number {
    return this.slots.byteLength
  }

  /**
   * The state's number, counted from 0, if it is new; otherwise the complement (`~`) of the number that it has already.
   * Throws `OutOfMemory`, and knows what it knew.
   */
  add(state: Int32Array): number {
    this.makeRoom(1)
    this.hash(state, 0, state.length)
    return this.place(this.high, this.low, true)
  }

  /** The number of a state that was added; -1: it was not. */
  find(state: Int32Array): number {
    this.hash(state, 0, state.length)
    const found = this.place(this.high, this.low, false)
    return found < 0 ? ~found : -1
  }

  /**
   * `add` for each state of a batch, in order: `batch.numbers` tells what came of each. Nearly each place of the table is far from the
   * last one, and memory is slow: so all are read once before any is looked at, for which the processor waits once, not for each.
   */
  addAll(batch: Batch): void {
    this.makeRoom(batch.count)
    const { slots, mask } = this
    let read = 0
    for (let i = 0; i < batch.count; i++) {
      const from = i === 0 ? 0 : (batch.ends[i - 1] ?? 0)
      this.hash(batch.words, from, batch.ends[i] ?? 0)
      batch.numbers[i] = this.low
      batch.highs[i] = this.high
    }
    for (let i = 0; i < batch.count; i++) read |= slots[3 * ((batch.numbers[i] ?? 0) & mask) + 2] ?? 0
    this.read = read
    for (let i = 0; i < batch.count; i++)
      batch.numbers[i] = this.place(batch.highs[i] ?? 0, batch.numbers[i] ?? 0, true)
  }

  /** Above 5/8 the search for a free place takes long. */
  private makeRoom(more: number): void {
    while (8 * (this.count + more) > 5 * (this.mask + 1)) this.grow()
  }

  /** Of the words up to `to`, without zeros at the end: in `high` and `low`. */
  private hash(words: Int32Array, from: number, to: number): void {
    let end = to
    while (end > from && words[end - 1] === 0) end--
    let high = this.seed ^ 0x243f6a88
    let low = this.seed ^ 0x13198a2e
    for (let i = from; i < end; i++) {
      const word = words[i] ?? 0
      high = Math.imul(high ^ word, 0xcc9e2d51)
      high ^= high >>> 15
      low = Math.imul(((low << 13) | (low >>> 19)) + word, 0x85ebca6b)
      low ^= low >>> 13
    }
    this.high = finished(high ^ (end - from))
    this.low = finished(low + Math.imul(this.high, 0x9e3779b1))
  }

  private place(high: number, low: number, adds: boolean): number {
    const { slots, mask } = this
    let at = low & mask
    for (;;) {
      const slot = 3 * at
      const known = slots[slot + 2] ?? 0
      if (known === 0) {
        if (!adds) return this.count
        slots[slot] = high
        slots[slot + 1] = low
        slots[slot + 2] = ++this.count
        return this.count - 1
      }
      if (slots[slot] === high && slots[slot + 1] === low) return ~(known - 1)
      at = (at + 1) & mask
    }
  }

  private grow(): void {
    const old = this.slots
    this.slots = zeros(2 * old.length)
    this.mask = 2 * this.mask + 1
    const { slots, mask } = this
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 2] === 0) continue
      let at = (old[i + 1] ?? 0) & mask
      while (slots[3 * at + 2] !== 0) at = (at + 1) & mask
      slots[3 * at] = old[i] ?? 0
      slots[3 * at + 1] = old[i + 1] ?? 0
      slots[3 * at + 2] = old[i + 2] ?? 0
    }
  }
}

/** The last step of MurmurHash3: each bit of the input moves half of the output's. */
function finished(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** At most so likely have two of so many states the same fingerprint, if the hash is as good as chance. */
export function collisionBound(states: number): number {
  return (states * states) / 2 / 2 ** 64
}
