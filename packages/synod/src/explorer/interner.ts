import { present } from '../core/index.ts'
import { encode } from './encoding.ts'

/** Gives equal values the same number, counted from 0. There are thousands of them where there are millions of states. */
export class Interner<T> {
  private readonly numbers = new Map<string, number>()
  private readonly values: T[] = []

  get size(): number {
    return this.values.length
  }

  /** `text` tells values apart. */
  number(value: T, text: string = encode(value)): number {
    const known = this.numbers.get(text)
    if (known !== undefined) return known
    this.numbers.set(text, this.values.length)
    this.values.push(value)
    return this.values.length - 1
  }

  value(number: number): T {
    return present(this.values[number], 'what has a number was interned')
  }
}
