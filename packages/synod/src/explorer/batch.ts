import { zeros } from './memory.ts'

/** States that were found and are not yet looked up, one behind the other. */
export class Batch {
  count = 0
  words: Int32Array = new Int32Array(1024)
  /** Where each ends. */
  ends: Int32Array = new Int32Array(64)
  /** What `Fingerprints` answers for each. */
  numbers: Int32Array = new Int32Array(64)
  highs: Int32Array = new Int32Array(64)
  /** The number of the state that each was found from. */
  parents: Int32Array = new Int32Array(64)

  clear(): void {
    this.count = 0
  }

  push(state: Int32Array, parent: number): void {
    const from = this.from(this.count)
    const to = from + state.length
    if (to > this.words.length) this.words = longer(this.words, 2 * to)
    if (this.count === this.ends.length) this.lengthen()
    const { words } = this
    for (let i = 0; i < state.length; i++) words[from + i] = state[i] ?? 0
    this.parents[this.count] = parent
    this.ends[this.count++] = to
  }

  from(which: number): number {
    return which === 0 ? 0 : (this.ends[which - 1] ?? 0)
  }

  private lengthen(): void {
    const length = 2 * this.ends.length
    this.ends = longer(this.ends, length)
    this.numbers = longer(this.numbers, length)
    this.highs = longer(this.highs, length)
    this.parents = longer(this.parents, length)
  }
}

function longer(words: Int32Array, length: number): Int32Array {
  const long = zeros(length)
  long.set(words)
  return long
}
