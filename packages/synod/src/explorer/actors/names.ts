import type { NodeId } from '../../core/index.ts'
import { encode } from '../encoding.ts'
import { unordered, type Image, type Outcome } from './image.ts'

/** Nodes exchange their names in whatever they know, say and have on their disks. */
export class Names {
  private readonly nodes: readonly NodeId[]
  private readonly order: readonly number[]
  private readonly sets: readonly string[]

  /** `order`: the node in each slot goes to that slot. `sets`: fields that keep nodes in the order of their names. */
  constructor(nodes: readonly NodeId[], order: readonly number[], sets: readonly string[]) {
    this.nodes = nodes
    this.order = order
    this.sets = sets
  }

  slot(slot: number): number {
    return this.order[slot] ?? slot
  }

  node(id: NodeId): NodeId {
    const slot = this.nodes.indexOf(id)
    return slot < 0 ? id : (this.nodes[this.slot(slot)] ?? id)
  }

  /** In values and in keys. Lists stay in their order, but for sets, which are sorted again. */
  in<T>(value: T): T {
    return this.renamed(value) as T
  }

  image<State, Message, Durable>(image: Image<State, Message, Durable>): Image<State, Message, Durable> {
    const renamed = this.in(image)
    if (renamed.phase !== 'up') return renamed
    return { ...renamed, timers: renamed.timers.toSorted(), held: unordered(renamed.held) }
  }

  private renamed(value: unknown): unknown {
    if (typeof value === 'string') return this.node(value)
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    if (Array.isArray(value)) return value.map((item: unknown) => this.renamed(item))
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [this.node(key), this.field(key, field)]))
  }

  private field(key: string, value: unknown): unknown {
    if (!Array.isArray(value) || !this.sets.includes(key)) return this.renamed(value)
    if (value.some((item, i) => i > 0 && !(value[i - 1] < item)))
      throw new NamesMatter(`symmetry is refused: ${key} is declared a set, but ${encode(value)} is not sorted`)
    return value.map((item: NodeId) => this.node(item)).toSorted((a, b) => (a < b ? -1 : 1))
  }
}

/** A protocol to which it matters what its nodes are called: symmetry would leave out states that differ. */
export class NamesMatter extends Error {
  override readonly name = 'NamesMatter'
}

/** An answer that is the same whatever nodes are called. Throws `NamesMatter`. */
export function underAllNames(
  what: string,
  renamings: readonly Names[],
  answer: (renamed: <T>(value: T) => T) => boolean,
): boolean {
  const told = answer((value) => value)
  for (const names of renamings)
    if (answer((value) => names.in(value)) !== told)
      throw new NamesMatter(`symmetry is refused: ${what} depends on names`)
  return told
}

/** The same text for the same outcomes, in whatever order messages were sent. */
export function outcomesText(outcomes: readonly Outcome<unknown, unknown, unknown>[], names?: Names): string {
  const texts = outcomes.map((outcome) => {
    const { sends, outputs } = names === undefined ? outcome : names.in(outcome)
    const image = names === undefined ? outcome.image : names.image(outcome.image)
    // What failed tells names in its text.
    if (image.phase === 'failed') return `failed: ${image.property}`
    return `${encode(image)} ${sends.map(encode).toSorted().join(' ')} ${encode(outputs)}`
  })
  return texts.toSorted().join('\n')
}
