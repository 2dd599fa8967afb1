import { PairMap } from './pair-map.ts'

/** One way to give the participants of a state other names, on the numbers of its values. */
export interface Renaming {
  /** Where the value of a slot goes. */
  slot(slot: number): number
  /** What the value of a slot becomes. */
  component(number: number, slot: number): number
  item(number: number): number
}

/**
 * States that differ by names alone are one, the least of all their renamings: of _all_, because a representative that
 * is made by sorting by one field depends on the order in which states are found (665, 508 and 314 states of the same
 * model, by three orders). For the few participants that can be explored, all renamings are few as well.
 */
export class Symmetry {
  private readonly slots: number
  private readonly renamings: readonly Renaming[]
  /** Renamed values: by renaming and slot, and the value's number. */
  private readonly components = new PairMap()
  private readonly items = new PairMap()
  private least = new Int32Array(0)
  private renamed = new Int32Array(0)

  constructor(slots: number, renamings: readonly Renaming[]) {
    this.slots = slots
    this.renamings = renamings
  }

  /** The least of all its renamings. The array is used again at the next call. */
  canonical(state: Int32Array): Int32Array {
    if (this.least.length < state.length) this.least = new Int32Array(state.length)
    this.least.set(state)
    this.least.fill(0, state.length)
    for (let i = 0; i < this.renamings.length; i++) {
      this.rename(state, i)
      if (this.isLess()) [this.least, this.renamed] = [this.renamed, this.least]
    }
    return this.least
  }

  private rename(state: Int32Array, which: number): void {
    const { slots } = this
    const renaming = this.renamings[which]
    if (renaming === undefined) return
    if (this.renamed.length < this.least.length) this.renamed = new Int32Array(this.least.length)
    this.renamed.fill(0)
    for (let slot = 0; slot < slots; slot++)
      this.renamed[renaming.slot(slot)] = this.component(renaming, which, slot, state[slot] ?? 0)
    for (let word = slots; word < state.length; word++)
      for (let bits = state[word] ?? 0; bits !== 0; bits &= bits - 1) {
        const item = 32 * (word - slots) + 31 - Math.clz32(bits & -bits)
        this.set(this.item(renaming, which, item))
      }
  }

  private component(renaming: Renaming, which: number, slot: number, number: number): number {
    const key = which * this.slots + slot
    const known = this.components.get(key, number)
    if (known >= 0) return known
    const renamed = renaming.component(number, slot)
    this.components.set(key, number, renamed)
    return renamed
  }

  private item(renaming: Renaming, which: number, item: number): number {
    const known = this.items.get(which, item)
    if (known >= 0) return known
    const renamed = renaming.item(item)
    this.items.set(which, item, renamed)
    return renamed
  }

  /** A renamed item may be one that no state had so far: there is a number more. */
  private set(item: number): void {
    const word = this.slots + (item >>> 5)
    if (word >= this.renamed.length) {
      this.renamed = widened(this.renamed, word + 1)
      this.least = widened(this.least, word + 1)
    }
    this.renamed[word] = (this.renamed[word] ?? 0) | (1 << (item & 31))
  }

  private isLess(): boolean {
    const { renamed, least } = this
    for (let i = 0; i < least.length; i++) {
      const difference = (renamed[i] ?? 0) - (least[i] ?? 0)
      if (difference !== 0) return difference < 0
    }
    return false
  }
}

/** Room for more, with what is there. */
export function widened(words: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const wide = new Int32Array(length)
  wide.set(words)
  return wide
}

/** All orders of so many, the identity first. */
export function permutations(count: number): number[][] {
  if (count === 0) return [[]]
  return permutations(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, i) => [
      ...order.slice(0, count - 1 - i),
      count - 1,
      ...order.slice(count - 1 - i),
    ]),
  )
}
