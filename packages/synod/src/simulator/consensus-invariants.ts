import type { Command, Index, Invariant, NodeId } from '../core/index.ts'
import { jsonOf } from './json-codec.ts'
import type { Decision, ParticipantNode } from './observed-participant.ts'

type AnyNode = ParticipantNode<unknown>

/** Gives each decision of a run to `look` once, when it is told. */
function eachDecision(
  look: (decision: Decision, node: AnyNode, nodes: readonly AnyNode[]) => string | undefined,
): ReturnType<Invariant<AnyNode>['watch']> {
  const seen = new Map<NodeId, number>()
  return (node, nodes) => {
    for (let next = seen.get(node.id) ?? 0; next < node.decided.length; next++) {
      seen.set(node.id, next + 1)
      const decision = node.decided[next]
      const broken = decision === undefined ? undefined : look(decision, node, nodes)
      if (broken !== undefined) return broken
    }
    return undefined
  }
}

/** No two participants decide differently, not even one that fails afterwards (uniform agreement: Cachin, Guerraoui and Rodrigues 2011, Module 5.2). */
export const agreement: Invariant<AnyNode> = {
  name: 'agreement',
  watch: () => {
    const first = new Map<Index, { readonly id: NodeId; readonly command: Command | undefined }>()
    return eachDecision(({ index, command }, { id }) => {
      const before = first.get(index)
      if (before === undefined) first.set(index, { id, command })
      if (before === undefined || before.id === id || same(before.command, command)) return undefined
      return `${before.id} decided ${inWords(before.command)}, and ${id} decided ${inWords(command)}${where(index)}`
    })
  },
}

/** Nobody decides twice (the same book's integrity); and whoever decided, and was started again, decides the same again or nothing. */
export const integrity: Invariant<AnyNode> = {
  name: 'integrity',
  watch: () => {
    const own = new Map<NodeId, Map<Index, Decision>>()
    return eachDecision((decision, { id }) => {
      const { index, command, incarnation } = decision
      const decided = own.get(id) ?? new Map<Index, Decision>()
      own.set(id, decided)
      const before = decided.get(index)
      decided.set(index, decision)
      if (before?.incarnation === incarnation) return `${id} decided twice in one life${where(index)}`
      if (before === undefined || same(before.command, command)) return undefined
      return `${id} decided ${inWords(before.command)}, and after a restart ${inWords(command)}${where(index)}`
    })
  },
}

/** What is decided was proposed: somebody was asked for it from outside (the same book's validity). */
export const validity: Invariant<AnyNode> = {
  name: 'validity',
  watch: () =>
    eachDecision(({ index, command }, { id }, nodes) => {
      if (command === undefined) return undefined
      const decided = JSON.stringify(jsonOf(command))
      const proposed = nodes.some(({ inputs }) => inputs.some(({ argument }) => JSON.stringify(argument) === decided))
      return proposed ? undefined : `${id} decided ${inWords(command)}${where(index)}, which nobody proposed`
    }),
}

/** The three properties that make consensus of an algorithm, but for the one that it ever decides. */
export const consensusInvariants: readonly Invariant<AnyNode>[] = [agreement, integrity, validity]

function same(a: Command | undefined, b: Command | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, i) => byte === b.bytes[i])
}

function inWords(command: Command | undefined): string {
  if (command === undefined) return 'nothing'
  return JSON.stringify(jsonOf(command)) ?? `${command.bytes.length} bytes with checksum ${command.checksum}`
}

function where(index: Index): string {
  return index === 1 ? '' : ` at ${index}`
}
