import type { NodeId } from '../../core/index.ts'
import { encode } from '../encoding.ts'
import { unordered, type Image, type Outcome } from './image.ts'

/** Nodes exchange their names in whatever they know, say and have on their disks. */
export class Names {
  private readonly nodes: readonly NodeId[]
  private readonly order: readonly number[]

  /** `order`: the node in each slot goes to that slot. */
  constructor(nodes: readonly NodeId[], order: readonly number[]) {
    this.nodes = nodes
    this.order = order
  }

  slot(slot: number): number {
    return this.order[slot] ?? slot
  }

  node(id: NodeId): NodeId {
    const slot = this.nodes.indexOf(id)
    return slot < 0 ? id : (this.nodes[this.slot(slot)] ?? id)
  }

  /** In values and in keys. A list of nothing but nodes is a set, which the contract keeps sorted. */
  in<T>(value: T): T {
    return this.renamed(value) as T
  }

  image<State, Message, Durable>(image: Image<State, Message, Durable>): Image<State, Message, Durable> {
    const renamed = this.in(image)
    return renamed.phase === 'up' ? { ...renamed, held: unordered(renamed.held) } : renamed
  }

  private renamed(value: unknown): unknown {
    if (typeof value === 'string') return this.node(value)
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    if (Array.isArray(value)) {
      const items = value.map((item: unknown) => this.renamed(item))
      const isSet = items.every((item) => typeof item === 'string' && this.nodes.includes(item))
      return isSet ? items.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)) : items
    }
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [this.node(key), this.renamed(field)]))
  }
}

/** A protocol to which it matters what its nodes are called: symmetry would leave out states that differ. */
export class NamesMatter extends Error {
  override readonly name = 'NamesMatter'
}

/** The same text for the same outcomes, in whatever order messages were sent. */
export function outcomesText(outcomes: readonly Outcome<unknown, unknown, unknown>[], names?: Names): string {
  const texts = outcomes.map((outcome) => {
    const { sends, outputs } = names === undefined ? outcome : names.in(outcome)
    const image = names === undefined ? outcome.image : names.image(outcome.image)
    // What failed tells names in its text.
    if (image.phase === 'failed') return 'failed'
    return `${encode(image)} ${sends.map(encode).toSorted().join(' ')} ${encode(outputs)}`
  })
  return texts.toSorted().join('\n')
}
