import type { Index, Invariant, NodeId, Term } from '../../core/index.ts'
import { entryAt, lastIndex, membershipOf, quorumReached, termAt } from './log.ts'
import type { Entry } from './messages.ts'
import type { RaftState } from './state.ts'

/** One member as the whole world sees it. */
export interface RaftNode {
  readonly id: NodeId
  readonly state: RaftState
  /** What a loss of power would leave of it: its records that are durable, folded. */
  readonly durable: RaftState
  /** How often it was started; what is volatile may fall back when this rises. */
  readonly incarnation: number
}

/** What an entry is, in a few characters: equal texts are equal entries. */
function identity(entry: Entry): string {
  const { term, command, membership } = entry
  if (command !== undefined) return `${term} ${command.origin} ${command.sequence} ${command.checksum}`
  return membership === undefined ? `${term} no-op` : `${term} voters ${membership.voters.join(' ')}`
}

/** At most one leader can be elected in a given term (§5.2). */
export const electionSafety: Invariant<RaftNode> = {
  name: 'election safety',
  watch: () => {
    const leaders = new Map<Term, NodeId>()
    return ({ id, state }) => {
      if (state.role !== 'leader') return undefined
      const leader = leaders.get(state.currentTerm)
      if (leader === undefined) leaders.set(state.currentTerm, id)
      return leader === undefined || leader === id
        ? undefined
        : `${leader} and ${id} both lead term ${state.currentTerm}`
    }
  },
}

/** A leader never overwrites or deletes entries in its log; it only appends new ones (§5.3). */
export const leaderAppendOnly: Invariant<RaftNode> = {
  name: 'leader append-only',
  watch: () => {
    const reigns = new Map<NodeId, { incarnation: number; reign: Term; last: Index; term: Term | undefined }>()
    return ({ id, state, incarnation }) => {
      if (state.role !== 'leader') return void reigns.delete(id)
      const last = lastIndex(state)
      const before = reigns.get(id)
      if (before === undefined || before.reign !== state.currentTerm || before.incarnation !== incarnation) {
        reigns.set(id, { incarnation, reign: state.currentTerm, last, term: termAt(state, last) })
        return undefined
      }
      if (last === before.last) return undefined
      const kept =
        last > before.last && (before.last < state.compacted.index || termAt(state, before.last) === before.term)
      before.last = last
      before.term = termAt(state, last)
      return kept ? undefined : `${id}, leader of term ${state.currentTerm}, changed its log at ${last}`
    }
  },
}

/** Calls `visit` for each index whose entry on a node was not seen there yet. */
function newEntries(): (
  node: RaftNode,
  visit: (index: Index, entry: Entry) => string | undefined,
) => string | undefined {
  const seen = new Map<NodeId, { last: Index; term: Term | undefined }>()
  return ({ id, state }, visit) => {
    const last = lastIndex(state)
    const term = termAt(state, last)
    let before = seen.get(id)
    if (before?.last === last && before.term === term) return undefined
    if (before === undefined) seen.set(id, (before = { last: 0, term: undefined }))
    const kept = termAt(state, before.last) === before.term
    const first = kept ? Math.max(before.last, state.compacted.index) + 1 : state.compacted.index + 1
    before.last = last
    before.term = term
    for (let index = first; index <= last; index++) {
      const broken = visit(index, entryAt(state, index))
      if (broken !== undefined) return broken
    }
    return undefined
  }
}

/**
 * If two logs contain an entry with the same index and term, the logs are identical up to it (§5.3). By induction that
 * is: an index and a term have one entry, and one term before it, ever. So only new entries are looked at.
 */
export const logMatching: Invariant<RaftNode> = {
  name: 'log matching',
  watch: () => {
    const entries = new Map<string, string>()
    const visitNew = newEntries()
    return (node) =>
      visitNew(node, (index, entry) => {
        const position = `${index} ${entry.term}`
        const is = `${identity(entry)} after term ${termAt(node.state, index - 1)}`
        const was = entries.get(position) ?? is
        entries.set(position, was)
        return is === was ? undefined : `entry ${index} of ${node.id} is ${is}, elsewhere it is ${was}`
      })
  },
}

/** Which entry was committed at each index, and in whose term: the leader that commits is the first to know. */
function committedEntries(): {
  readonly known: ReadonlyMap<Index, { is: string; term: Term }>
  readonly learn: (node: RaftNode) => string | undefined
} {
  const known = new Map<Index, { is: string; term: Term }>()
  const seen = new Map<NodeId, { incarnation: number; commitIndex: Index }>()
  const learn = ({ id, state, incarnation }: RaftNode): string | undefined => {
    let before = seen.get(id)
    if (before === undefined || before.incarnation !== incarnation)
      seen.set(id, (before = { incarnation, commitIndex: 0 }))
    const from = before.commitIndex
    before.commitIndex = state.commitIndex
    for (let index = Math.max(from, state.compacted.index) + 1; index <= state.commitIndex; index++) {
      const is = identity(entryAt(state, index))
      const was = known.get(index) ?? { is, term: state.currentTerm }
      known.set(index, was)
      if (is !== was.is) return `${id} decides ${is} at ${index}, where ${was.is} was decided`
    }
    return undefined
  }
  return { known, learn }
}

/** If a server has applied an entry at an index, no other server will ever apply a different one there (§5.4.3). */
export const stateMachineSafety: Invariant<RaftNode> = {
  name: 'state machine safety',
  watch: () => committedEntries().learn,
}

/** If an entry is committed in a term, it is present in the logs of the leaders of all later terms (§5.4). */
export const leaderCompleteness: Invariant<RaftNode> = {
  name: 'leader completeness',
  watch: () => {
    const { known, learn } = committedEntries()
    const elected = new Map<NodeId, { incarnation: number; reign: Term }>()
    const complete = ({ id, state, incarnation }: RaftNode): string | undefined => {
      if (state.role !== 'leader') return undefined
      const before = elected.get(id)
      if (before?.reign === state.currentTerm && before.incarnation === incarnation) return undefined
      elected.set(id, { incarnation, reign: state.currentTerm })
      for (const [index, committed] of known) {
        if (index <= state.compacted.index || committed.term >= state.currentTerm) continue
        const has = index <= lastIndex(state) && identity(entryAt(state, index)) === committed.is
        if (!has) return `${id} leads term ${state.currentTerm} without ${committed.is}, committed at ${index}`
      }
      return undefined
    }
    return (node) => {
      const broken = complete(node)
      // That two nodes decide differently is another invariant's to say.
      learn(node)
      return broken
    }
  },
}

/** Terms never go back, not over a restart either; nor does what is committed while a server runs. */
export const monotonicity: Invariant<RaftNode> = {
  name: 'monotonicity',
  watch: () => {
    const seen = new Map<NodeId, { incarnation: number; durableTerm: Term; term: Term; commitIndex: Index }>()
    return ({ id, state, durable, incarnation }) => {
      const { currentTerm: term, commitIndex } = state
      const { currentTerm: durableTerm } = durable
      if (term < durableTerm) return `${id} is in term ${term}, and on its disk in ${durableTerm}`
      const before = seen.get(id)
      if (before === undefined) return void seen.set(id, { incarnation, durableTerm, term, commitIndex })
      // Where the hard state could not be read, what is known of it begins anew; such a member has no say until it is repaired.
      if (durableTerm < before.durableTerm && durable.repair === undefined)
        return `${id} went back from term ${before.durableTerm} on its disk`
      if (before.incarnation === incarnation && (term < before.term || commitIndex < before.commitIndex))
        return `${id} went back from term ${before.term}, commit index ${before.commitIndex}`
      before.incarnation = incarnation
      before.durableTerm = durableTerm
      before.term = term
      before.commitIndex = commitIndex
      return undefined
    }
  },
}

/** A vote, once durable, stays what it is for its term (§5.2). */
export const oneVoteATerm: Invariant<RaftNode> = {
  name: 'one vote a term',
  watch: () => {
    const votes = new Map<NodeId, Map<Term, NodeId>>()
    return ({ id, durable: { votedFor, currentTerm } }) => {
      if (votedFor === undefined) return undefined
      let own = votes.get(id)
      if (own === undefined) votes.set(id, (own = new Map()))
      const vote = own.get(currentTerm)
      if (vote === undefined) own.set(currentTerm, votedFor)
      return vote === undefined || vote === votedFor
        ? undefined
        : `${id} votes for ${vote} and ${votedFor} in ${currentTerm}`
    }
  },
}

/** Behind everything that is committed there is a quorum of disks (§5.3): what a leader counts is there after a loss of power. */
export const durableQuorum: Invariant<RaftNode> = {
  name: 'durable quorum',
  watch: () => {
    let checked = 0
    return ({ id, state }, nodes) => {
      const index = state.commitIndex
      if (index <= checked || state.role !== 'leader') return undefined
      checked = index
      const term = termAt(state, index)
      const holds = ({ durable: disk }: RaftNode): boolean =>
        index < disk.compacted.index || termAt(disk, index) === term
      const reached = quorumReached(state, (voter) =>
        nodes.some((node) => node.id === voter && holds(node)) ? index : 0,
      )
      return reached >= index
        ? undefined
        : `${id} commits ${index}, which is not on the disks of a quorum of ${membershipOf(state).voters.join(', ')}`
    }
  },
}

/** Everything that Figure 3 and Figure 2 promise, and what durability adds. */
export const raftInvariants: readonly Invariant<RaftNode>[] = [
  electionSafety,
  leaderAppendOnly,
  logMatching,
  leaderCompleteness,
  stateMachineSafety,
  monotonicity,
  oneVoteATerm,
  durableQuorum,
]
