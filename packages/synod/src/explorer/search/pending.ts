import { present } from '../../core/index.ts'
import { zeros } from '../memory.ts'

const chunkWords = 1 << 16

/** A piece of the queue; what is between `from` and `to` waits. */
interface Chunk {
  readonly words: Int32Array
  from: number
  to: number
}

/**
 * The states that are still to be expanded, taken from either end: the oldest first is a search breadth first, the
 * newest first one depth first. Each is kept as its length, its number and its own numbers without the zeros at the end,
 * and its length again. Typed arrays, because there may be tens of millions.
 */
export class Pending {
  private readonly chunks: Chunk[] = []
  private first = 0
  private spare: Int32Array | undefined
  private count = 0

  get size(): number {
    return this.count
  }

  /** A state that is the words up to `to`. */
  push(state: Int32Array, index: number, from: number = 0, to: number = state.length): void {
    let length = to - from
    while (length > 0 && state[from + length - 1] === 0) length--
    const chunk = this.room(length + 3)
    const { words } = chunk
    let at = chunk.to
    words[at++] = length
    words[at++] = index
    for (let i = 0; i < length; i++) words[at++] = state[from + i] ?? 0
    words[at++] = length
    chunk.to = at
    this.count++
  }

  /** The oldest: fills `state`, whose width suffices for each, and answers its number. */
  shift(state: Int32Array): number {
    const chunk = present(this.chunks[this.first], 'a state waits')
    const length = chunk.words[chunk.from] ?? 0
    const index = read(chunk.words, chunk.from, length, state)
    chunk.from += length + 3
    this.count--
    if (chunk.from === chunk.to) this.dropFirst()
    return index
  }

  /** The newest. */
  pop(state: Int32Array): number {
    const last = present(this.chunks.at(-1), 'a state waits')
    // There was room for states that were none.
    if (last.from === last.to) this.chunks.pop()
    const chunk = present(this.chunks.at(-1), 'a state waits')
    const length = chunk.words[chunk.to - 1] ?? 0
    chunk.to -= length + 3
    const index = read(chunk.words, chunk.to, length, state)
    this.count--
    if (chunk.from === chunk.to) this.chunks.pop()
    return index
  }

  /** For so many states more, of so many words together. Throws `OutOfMemory`, and keeps what waits. */
  makeRoom(words: number, states: number): void {
    this.room(words + 3 * states)
  }

  private room(words: number): Chunk {
    const last = this.chunks.at(-1)
    if (last !== undefined && last.to + words <= last.words.length) return last
    const chunk = { words: this.emptied(words), from: 0, to: 0 }
    if (last !== undefined && last.from === last.to) this.chunks.pop()
    this.chunks.push(chunk)
    return chunk
  }

  /** Memory that was used before costs no collection of garbage. */
  private emptied(words: number): Int32Array {
    const { spare } = this
    if (words > chunkWords || spare === undefined) return zeros(Math.max(chunkWords, words))
    this.spare = undefined
    return spare
  }

  /** Chunks that are done with are let go of; the list of them is cut only now and then. */
  private dropFirst(): void {
    const words = this.chunks[this.first]?.words
    if (words?.length === chunkWords) this.spare = words
    this.first++
    if (this.first < 64 && this.first < this.chunks.length) return
    this.chunks.splice(0, this.first)
    this.first = 0
  }
}

function read(words: Int32Array, at: number, length: number, state: Int32Array): number {
  for (let i = 0; i < length; i++) state[i] = words[at + 2 + i] ?? 0
  for (let i = length; i < state.length; i++) state[i] = 0
  return words[at + 1] ?? 0
}
