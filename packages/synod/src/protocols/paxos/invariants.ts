import type { Command, Invariant, NodeId } from '../../core/index.ts'
import { isLower, isSame, type Ballot, type Proposal } from './messages.ts'
import type { PaxosState } from './state.ts'

/** One participant as the whole world sees it. */
export interface PaxosNode {
  readonly id: NodeId
  readonly state: PaxosState
  /** What a loss of power would leave. */
  readonly durable: PaxosState
  /** How often it was started; what is volatile may fall back when this rises. */
  readonly incarnation: number
}

/**
 * P2c: for the proposal under way there is a quorum such that either none of its acceptors has accepted a proposal with a
 * lower number, or the value is that of the highest-numbered one among all that they have accepted. The quorum is the one
 * that promised; what its acceptors have accepted is not what they say, but what was seen.
 */
const p2c: Invariant<PaxosNode> = {
  name: 'P2c',
  watch: () => {
    const accepted = new Acceptances()
    return (node, nodes) => {
      for (const one of nodes) accepted.look(one)
      const { attempt } = node.state
      if (attempt?.value === undefined) return undefined
      const { ballot, value, promises } = attempt
      const reports = Object.values(promises).filter((report) => report !== null)
      const lower = Object.keys(promises).flatMap((id) => accepted.below(ballot, id))
      const highest = highestOf([...reports, ...lower])
      if (highest === undefined || isEqual(highest.value, value)) return undefined
      return `${node.id} proposes ${inWords(value)} in ${named(ballot)}, though ${inWords(highest.value)} was accepted in ${named(highest.ballot)}`
    }
  },
}

/** A proposer issues one proposal in a ballot, and nobody else issues any in it. */
const oneValueABallot: Invariant<PaxosNode> = {
  name: 'one value a ballot',
  watch: () => {
    const values = new Map<string, Command>()
    return (node, nodes) => {
      for (const proposal of nodes.flatMap(proposalsOf)) {
        const before = values.get(named(proposal.ballot))
        if (before === undefined) values.set(named(proposal.ballot), proposal.value)
        else if (!isEqual(before, proposal.value))
          return `in ${named(proposal.ballot)} there are ${inWords(before)} and ${inWords(proposal.value)}; ${node.id} was the last to act`
      }
      return undefined
    }
  },
}

/** A round that others may have heard of, as it was durable, is never begun again, whatever its proposer has forgotten. */
const ballotsAreNew: Invariant<PaxosNode> = {
  name: 'ballots are new',
  watch: () => {
    const last = new Map<NodeId, { readonly said: number; readonly begun: number; readonly incarnation: number }>()
    return ({ id, state: { attempt }, durable, incarnation }) => {
      const before = last.get(id) ?? { said: 0, begun: 0, incarnation }
      const isRestarted = incarnation !== before.incarnation
      const begun = attempt?.ballot.round ?? (isRestarted ? 0 : before.begun)
      const said = begun > 0 && durable.round >= begun ? Math.max(begun, before.said) : before.said
      last.set(id, { said, begun, incarnation })
      if (attempt === undefined) return undefined
      if (attempt.ballot.id !== id) return `${id} uses the ballot ${named(attempt.ballot)}`
      const least = isRestarted ? before.said + 1 : before.begun
      return begun < least ? `${id} begins round ${begun} again, after round ${before.said}` : undefined
    }
  },
}

/** What an acceptor promised and accepted never goes back, on its disk either: it may lose everything else. */
const promisesAreKept: Invariant<PaxosNode> = {
  name: 'promises are kept',
  watch: () => {
    const last = new Map<NodeId, Pick<PaxosState, 'promised' | 'accepted'>>()
    return ({ id, state, durable }) => {
      const before = last.get(id)
      last.set(id, { promised: durable.promised, accepted: durable.accepted })
      for (const { promised, accepted } of [durable, state]) {
        if (accepted !== undefined && isLower(promised, accepted.ballot))
          return `${id} has accepted ${named(accepted.ballot)}, and has promised no more than ${named(promised)}`
        if (before === undefined) continue
        if (isLower(promised, before.promised))
          return `${id} promised ${named(before.promised)}, and knows only of ${named(promised)}`
        if (
          before.accepted !== undefined &&
          (accepted === undefined || isLower(accepted.ballot, before.accepted.ballot))
        )
          return `${id} accepted ${named(before.accepted.ballot)}, and does not know of it`
      }
      return undefined
    }
  },
}

/** Whoever is counted, by a proposer or by a learner, has on its disk what it is counted for. */
const durableQuorum: Invariant<PaxosNode> = {
  name: 'durable before sent',
  watch: () => (node, nodes) => {
    const { attempt, votes } = node.state
    const disk = (id: NodeId): PaxosState | undefined => nodes.find((one) => one.id === id)?.durable
    for (const id of Object.keys(attempt?.promises ?? {})) {
      const promised = disk(id)?.promised
      if (attempt !== undefined && promised !== undefined && isLower(promised, attempt.ballot))
        return `${node.id} counts the promise of ${id} in ${named(attempt.ballot)}, of which its disk does not know`
    }
    for (const { ballot, from } of votes) {
      for (const id of from) {
        const state = disk(id)
        if (state !== undefined && (state.accepted === undefined || isLower(state.accepted.ballot, ballot)))
          return `${node.id} counts the vote of ${id} in ${named(ballot)}, of which its disk does not know`
      }
    }
    return undefined
  },
}

/** Whoever knows what is chosen knows the same thing. */
const oneValueIsChosen: Invariant<PaxosNode> = {
  name: 'one value is chosen',
  watch: () => {
    let first: { readonly id: NodeId; readonly value: Command } | undefined
    return (_, nodes) => {
      for (const { id, state, durable } of nodes) {
        for (const chosen of [state.chosen, durable.chosen]) {
          if (chosen === undefined) continue
          first ??= { id, value: chosen.value }
          if (!isEqual(first.value, chosen.value))
            return `${first.id} learns ${inWords(first.value)}, and ${id} learns ${inWords(chosen.value)}`
        }
      }
      return undefined
    }
  },
}

/** What must be true after every event. */
export const paxosInvariants: readonly Invariant<PaxosNode>[] = [
  oneValueIsChosen,
  p2c,
  oneValueABallot,
  promisesAreKept,
  ballotsAreNew,
  durableQuorum,
]

/** Everything that was seen to be accepted, ever, by whom: on its disk. Of anything else its acceptor has told nobody. */
class Acceptances {
  private readonly seen = new Map<NodeId, Proposal[]>()

  look({ id, durable: { accepted } }: PaxosNode): void {
    const known = this.seen.get(id) ?? []
    this.seen.set(id, known)
    if (accepted !== undefined && !known.some(({ ballot }) => isSame(ballot, accepted.ballot))) known.push(accepted)
  }

  below(ballot: Ballot, id: NodeId): Proposal[] {
    return (this.seen.get(id) ?? []).filter((accepted) => isLower(accepted.ballot, ballot))
  }
}

function proposalsOf({ state, durable }: PaxosNode): Proposal[] {
  const { attempt } = state
  const own = attempt?.value === undefined ? [] : [{ ballot: attempt.ballot, value: attempt.value }]
  const others = [state.accepted, durable.accepted, state.chosen].filter((proposal) => proposal !== undefined)
  return [...own, ...others, ...state.votes]
}

function highestOf(proposals: readonly Proposal[]): Proposal | undefined {
  return proposals.reduce<Proposal | undefined>(
    (highest, one) => (highest === undefined || isLower(highest.ballot, one.ballot) ? one : highest),
    undefined,
  )
}

function isEqual(a: Command, b: Command): boolean {
  return a.origin === b.origin && a.sequence === b.sequence && a.checksum === b.checksum
}

function named({ round, id }: Ballot): string {
  return `${round}.${id}`
}

function inWords({ origin, sequence, checksum }: Command): string {
  return origin === '' && sequence === 0 ? `the value with checksum ${checksum}` : `${origin}/${sequence}`
}
