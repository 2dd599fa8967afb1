import { present } from '../core/index.ts'
import { zeros } from './memory.ts'

const chunkLength = 1 << 16

/** A list of whole numbers that only grows, without ever being copied as a whole. */
export class Numbers {
  private readonly chunks: Int32Array[] = []
  private count = 0

  get length(): number {
    return this.count
  }

  push(value: number): void {
    const offset = this.count & (chunkLength - 1)
    if (offset === 0) this.chunks.push(zeros(chunkLength))
    const chunk = present(this.chunks.at(-1), 'a list that grows has a last chunk')
    chunk[offset] = value
    this.count++
  }

  at(index: number): number {
    return present(this.chunks[index >>> 16]?.[index & (chunkLength - 1)], 'the list has the number')
  }

  set(index: number, value: number): void {
    const chunk = present(this.chunks[index >>> 16], 'the list has the number')
    chunk[index & (chunkLength - 1)] = value
  }
}
