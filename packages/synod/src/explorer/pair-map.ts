import { zeros } from './memory.ts'

/** From two whole numbers to one that is not negative: looked up tens of millions of times, so made of numbers alone. */
export class PairMap {
  /** Three numbers each: the two, and 1 + what they map to; 0: empty. */
  private slots = new Int32Array(3 * 256)
  private mask = 255
  private count = 0

  get size(): number {
    return this.count
  }

  /** -1: nothing. */
  get(a: number, b: number): number {
    const { slots, mask } = this
    for (let at = hash(a, b) & mask; ; at = (at + 1) & mask) {
      const slot = 3 * at
      const value = slots[slot + 2] ?? 0
      if (value === 0 || (slots[slot] === a && slots[slot + 1] === b)) return value - 1
    }
  }

  /** For two that are not there yet. */
  set(a: number, b: number, value: number): void {
    if (2 * ++this.count > this.mask) this.grow()
    this.put(a, b, value + 1)
  }

  private put(a: number, b: number, stored: number): void {
    const { slots, mask } = this
    let at = hash(a, b) & mask
    while (slots[3 * at + 2] !== 0) at = (at + 1) & mask
    slots[3 * at] = a
    slots[3 * at + 1] = b
    slots[3 * at + 2] = stored
  }

  private grow(): void {
    const old = this.slots
    this.slots = zeros(2 * old.length)
    this.mask = 2 * this.mask + 1
    for (let i = 0; i < old.length; i += 3)
      if (old[i + 2] !== 0) this.put(old[i] ?? 0, old[i + 1] ?? 0, old[i + 2] ?? 0)
  }
}

function hash(a: number, b: number): number {
  const mixed = Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
