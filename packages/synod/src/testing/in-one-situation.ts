import type { Invariant, NodeId } from '../core/index.ts'
import type { Situation, SituationNode, StepProperty } from '../explorer/index.ts'

/** A node as the invariants of a protocol see it. */
export interface WatchedNode<State> {
  readonly id: NodeId
  readonly state: State
  readonly durable: State
  readonly incarnation: number
}

/** The nodes of a situation, as invariants see them. */
export function watchedNodes<State, History>({ nodes }: Situation<State, History>): readonly WatchedNode<State>[] {
  return nodes.map((node) => watched(node, 1))
}

/**
 * An invariant of runs, of one situation: whatever it remembers, here it has seen all nodes as they are, in the order of
 * `nodesOf`.
 */
export function inOneSituation<State, History>(
  { name, watch }: Invariant<WatchedNode<State>>,
  nodesOf: (situation: Situation<State, History>) => readonly WatchedNode<State>[] = watchedNodes,
): {
  readonly kind: 'always'
  readonly name: string
  readonly broken: (situation: Situation<State, History>) => string | undefined
} {
  return {
    kind: 'always',
    name,
    broken(situation) {
      const look = watch()
      const all = nodesOf(situation)
      for (const node of all) {
        const broken = look(node, all)
        if (broken !== undefined) return broken
      }
      return undefined
    },
  }
}

/** An invariant of runs that looks at one node: here it has seen it before an event and after it. */
export function betweenTwo<State>({ name, watch }: Invariant<WatchedNode<State>>): StepProperty<State> {
  return {
    name,
    broken(before, after) {
      const look = watch()
      const [was, is] = [watched(before, before.up ? 1 : 0), watched(after, 1)]
      return look(was, [was]) ?? look(is, [is])
    },
  }
}

function watched<State>({ id, state, durable }: SituationNode<State>, incarnation: number): WatchedNode<State> {
  return { id, state, durable, incarnation }
}
