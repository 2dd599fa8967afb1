import { majority, type Command, type Invariant, type NodeId } from '../../core/index.ts'
import type { Round } from './messages.ts'
import type { ChandraTouegState } from './state.ts'

/** One participant as the whole world sees it. */
export interface ChandraTouegNode {
  readonly id: NodeId
  readonly incarnation: number
  readonly state: ChandraTouegState
  readonly durable: ChandraTouegState
}

/** A coordinator proposes one thing in its round, whatever becomes of it. */
const oneProposalARound: Invariant<ChandraTouegNode> = {
  name: 'one proposal a round',
  watch: () => {
    const proposals = new Map<Round, string>()
    return ({ id, state: { round, proposal } }) => {
      if (proposal === undefined) return undefined
      const before = proposals.get(round) ?? nameOf(proposal)
      proposals.set(round, before)
      return before === nameOf(proposal) ? undefined : `${id} proposes twice in round ${round}`
    }
  },
}

/**
 * What agreement rests on (lemma 6.2.1): once a majority of `members` has taken over the proposal of a round, durably, the value
 * is locked, and every later round proposes it.
 */
function lockedValue(members: number): Invariant<ChandraTouegNode> {
  return {
    name: 'locked value',
    watch: () => {
      const takers = new Map<Round, Set<NodeId>>()
      const proposals = new Map<Round, string>()
      let locked: { readonly round: Round; readonly value: string } | undefined
      return ({ id, state, durable: { timestamp, estimate } }) => {
        if (state.proposal !== undefined) proposals.set(state.round, nameOf(state.proposal))
        if (timestamp > 0 && estimate !== undefined) {
          const those = takers.get(timestamp) ?? new Set<NodeId>()
          takers.set(timestamp, those.add(id))
          const isFirst = locked === undefined || timestamp < locked.round
          if (isFirst && those.size >= majority(members)) locked = { round: timestamp, value: nameOf(estimate) }
        }
        for (const [round, proposed] of proposals) {
          if (locked !== undefined && round > locked.round && proposed !== locked.value)
            return `${proposed} is proposed in round ${round}, though ${locked.value} was locked in round ${locked.round}`
        }
        return undefined
      }
    },
  }
}

/** What a coordinator counts is on the disk of who said it: the round of an estimate, the timestamp of an ack. */
const countsWhatIsDurable: Invariant<ChandraTouegNode> = {
  name: 'counts what is durable',
  watch:
    () =>
    ({ id, state }, nodes) => {
      for (const { id: other, durable } of nodes) {
        if (other in state.estimates && durable.round < state.round)
          return `${id} counts the estimate of ${other} in round ${state.round}, of which the disk of ${other} does not know`
        if (state.answers[other] === true && durable.timestamp < state.round)
          return `${id} counts the ack of ${other} in round ${state.round}, of which the disk of ${other} does not know`
      }
      return undefined
    },
}

/** Rounds and timestamps never go back, not even over a restart, and nobody takes over what is to come. */
const monotonicity: Invariant<ChandraTouegNode> = {
  name: 'monotonicity',
  watch: () => {
    const last = new Map<NodeId, { readonly round: Round; readonly timestamp: Round }>()
    return ({ id, state, durable }) => {
      const { round, timestamp } = durable
      const before = last.get(id)
      last.set(id, { round, timestamp })
      if (state.timestamp > state.round)
        return `${id} has taken over a proposal of round ${state.timestamp}, and is in ${state.round}`
      if (before !== undefined && (round < before.round || timestamp < before.timestamp))
        return `${id} goes back to round ${round} and timestamp ${timestamp}`
      return undefined
    }
  },
}

/** Of a world of so many participants. */
export function chandraTouegInvariants(members: number): readonly Invariant<ChandraTouegNode>[] {
  return [oneProposalARound, countsWhatIsDurable, lockedValue(members), monotonicity]
}

function nameOf({ origin, sequence, checksum }: Command): string {
  return `${origin}:${sequence}:${checksum}`
}
