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
    this.makeRoom(1)
    const chunk = present(this.chunks[this.count >>> 16], 'a list that grows has a last chunk')
    chunk[this.count & (chunkLength - 1)] = value
    this.count++
  }

  /** For so many more. */
  makeRoom(more: number): void {
    while (this.chunks.length * chunkLength < this.count + more) this.chunks.push(zeros(chunkLength))
  }

  at(index: number): number {
    return present(this.chunks[index >>> 16]?.[index & (chunkLength - 1)], 'the list has the number')
  }

  set(index: number, value: number): void {
    const chunk = present(this.chunks[index >>> 16], 'the list has the number')
    chunk[index & (chunkLength - 1)] = value
  }
}
