import type { Invariant, NodeId } from '../../core/index.ts'
import { exchanges, type Bit, type Choice } from './messages.ts'
import type { BenOrState, Votes } from './state.ts'

/** One participant as the whole world sees it. */
export interface BenOrNode {
  readonly id: NodeId
  readonly state: BenOrState
  /** What a loss of power would leave. */
  readonly durable: BenOrState
  /** How often it was started; what is volatile may fall back when this rises. */
  readonly incarnation: number
}

/** In a round nobody proposes, or confirms, another value than anybody else: two majorities of reports would meet. */
const oneProposalARound: Invariant<BenOrNode> = {
  name: 'one value is proposed a round',
  watch: () => (_, nodes) => {
    const rounds = Math.max(0, ...nodes.map(({ state }) => state.said.length))
    for (let round = 1; round <= rounds; round++) {
      const values = new Set<Choice>()
      for (const { state } of nodes) {
        const { proposal = '?', confirmation = '?' } = state.said[round - 1] ?? {}
        values.add(proposal).add(confirmation)
      }
      if (values.has(0) && values.has(1)) return `both values are proposed in round ${round}`
    }
    return undefined
  },
}

/** Once somebody has decided in a round, everybody begins all later ones with that value. */
const decisionsLock: Invariant<BenOrNode> = {
  name: 'a decision locks its value',
  watch: () => {
    let first: { readonly round: number; readonly value: Bit; readonly id: NodeId } | undefined
    return (_, nodes) => {
      for (const { id, durable } of nodes) {
        const { decided } = durable
        if (decided === undefined) continue
        if (first === undefined || decided.round < first.round) first = { ...decided, id }
      }
      if (first === undefined) return undefined
      const { round, value, id } = first
      for (const { id: other, state } of nodes) {
        const later = state.said.findIndex(({ report }, i) => i >= round && report !== undefined && report !== value)
        if (later >= 0)
          return `${id} decided ${value} in round ${round}, and ${other} reports ${String(state.said[later]?.report)} in round ${later + 1}`
      }
      return undefined
    }
  },
}

/** What was said, as it was durable, is never said otherwise. */
const votesAreKept: Invariant<BenOrNode> = {
  name: 'votes are kept',
  watch: () => {
    const last = new Map<NodeId, readonly Votes[]>()
    return ({ id, state, durable }) => {
      const before = last.get(id) ?? []
      last.set(id, durable.said)
      for (const [i, votes] of before.entries()) {
        for (const exchange of exchanges) {
          const [was, is] = [votes[exchange], state.said[i]?.[exchange]]
          if (was !== undefined && was !== is) return `${id} voted ${was} (${exchange} ${i + 1}), and now ${String(is)}`
        }
      }
      return undefined
    }
  },
}

/** Whoever is counted has a vote in that exchange on its disk; what a liar says in it is another thing. */
const durableVotes: Invariant<BenOrNode> = {
  name: 'durable before sent',
  watch: () => (node, nodes) => {
    for (const heard of node.state.heard) {
      for (const exchange of exchanges) {
        for (const id of Object.keys(heard[exchange])) {
          const disk = nodes.find((one) => one.id === id)?.durable
          if (disk !== undefined && disk.said[heard.round - 1]?.[exchange] === undefined)
            return `${node.id} counts the ${exchange} of ${id} in round ${heard.round}, of which its disk does not know`
        }
      }
    }
    return undefined
  },
}

/** What must be true after every event. */
export const benOrInvariants: readonly Invariant<BenOrNode>[] = [
  oneProposalARound,
  decisionsLock,
  votesAreKept,
  durableVotes,
]
