import type { NodeId } from '../../core/index.ts'
import { encode } from '../encoding.ts'
import { Interner } from '../interner.ts'
import type { Names } from './names.ts'
import type { Envelopes } from './network.ts'
import type { Envelope } from './system.ts'

const none: readonly number[] = []

/** The envelopes that were ever sent, by number, and where each goes. */
export class Directory<Message> implements Envelopes {
  private readonly nodes: readonly NodeId[]
  private readonly numbers = new Interner<Envelope<Message>>()
  private readonly destinations: number[] = []
  private readonly sources: number[] = []
  private readonly next: number[] = []
  private readonly copies: boolean[] = []
  private readonly pairs: number[][] = []
  /** Of a copy: what it is one more of. */
  private readonly originals: number[] = []

  constructor(nodes: readonly NodeId[]) {
    this.nodes = nodes
  }

  get size(): number {
    return this.numbers.size
  }

  number(envelope: Envelope<Message>): number {
    return this.entered(envelope, encode(envelope))
  }

  value(envelope: number): Envelope<Message> {
    return this.numbers.value(envelope)
  }

  /** The slot of the node that it is for. */
  to(envelope: number): number {
    return this.destinations[envelope] ?? 0
  }

  from(envelope: number): number {
    return this.sources[envelope] ?? 0
  }

  anotherCopy(envelope: number): number {
    const known = this.copyOf(envelope)
    if (known >= 0) return known
    const copy = this.entered(this.value(envelope), `copy of ${envelope}`)
    this.copies[copy] = true
    this.originals[copy] = envelope
    this.next[envelope] = copy
    return copy
  }

  /** The same under other names. */
  renamed(envelope: number, names: Names): number {
    const original = this.originals[envelope]
    if (original !== undefined) return this.anotherCopy(this.renamed(original, names))
    return this.number(names.in(this.value(envelope)))
  }

  copyOf(envelope: number): number {
    return this.next[envelope] ?? -1
  }

  isCopy(envelope: number): boolean {
    return this.copies[envelope] ?? false
  }

  pair(envelope: number): number {
    return this.from(envelope) * this.nodes.length + this.to(envelope)
  }

  between(pair: number): readonly number[] {
    return this.pairs[pair] ?? none
  }

  private entered(envelope: Envelope<Message>, text: string): number {
    const number = this.numbers.number(envelope, text)
    if (number === this.destinations.length) {
      this.destinations.push(this.nodes.indexOf(envelope.to))
      this.sources.push(this.nodes.indexOf(envelope.from))
      this.next.push(-1)
      this.copies.push(false)
      const bits = (this.pairs[this.pair(number)] ??= [])
      while (bits.length <= number >>> 5) bits.push(0)
      bits[number >>> 5] = (bits[number >>> 5] ?? 0) | (1 << (number & 31))
    }
    return number
  }
}
