import { present, type Index, type NodeId, type Term } from '../../core/index.ts'
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

/** What the invariants look at. */
export interface RaftWorld {
  readonly nodes: readonly RaftNode[]
}

/** Called after every event of one run; answers what is broken. It remembers what it has seen. */
export type Watch<World> = (world: World) => string | undefined

/** What must always be true, by its name in the paper. */
export interface Invariant<World> {
  readonly name: string
  /** Begins to watch one run. */
  readonly watch: () => Watch<World>
}

/** What an entry is, in a few characters: equal texts are equal entries. */
function identity(entry: Entry): string {
  const { term, command, membership } = entry
  if (command !== undefined) return `${term} ${command.origin} ${command.sequence} ${command.checksum}`
  return membership === undefined ? `${term} no-op` : `${term} voters ${membership.voters.join(' ')}`
}

/** Runs a check for each node until one of them finds something. */
function eachNode(check: (node: RaftNode, world: RaftWorld) => string | undefined): Watch<RaftWorld> {
  return (world) => {
    for (const node of world.nodes) {
      const broken = check(node, world)
      if (broken !== undefined) return broken
    }
    return undefined
  }
}

/** At most one leader can be elected in a given term (§5.2). */
export const electionSafety: Invariant<RaftWorld> = {
  name: 'election safety',
  watch: () => {
    const leaders = new Map<Term, NodeId>()
    return eachNode(({ id, state }) => {
      if (state.role !== 'leader') return undefined
      const leader = leaders.get(state.currentTerm) ?? id
      leaders.set(state.currentTerm, leader)
      return leader === id ? undefined : `${leader} and ${id} both lead term ${state.currentTerm}`
    })
  },
}

/** A leader never overwrites or deletes entries in its log; it only appends new ones (§5.3). */
export const leaderAppendOnly: Invariant<RaftWorld> = {
  name: 'leader append-only',
  watch: () => {
    const seen = new Map<NodeId, { reign: string; last: Index; term: Term | undefined }>()
    return eachNode(({ id, state, incarnation }) => {
      const before = seen.get(id)
      const reign = `${incarnation} ${state.currentTerm}`
      const last = lastIndex(state)
      if (state.role !== 'leader') seen.delete(id)
      else seen.set(id, { reign, last, term: termAt(state, last) })
      if (state.role !== 'leader' || before?.reign !== reign || last === before.last) return undefined
      const kept =
        last > before.last && (before.last < state.compacted.index || termAt(state, before.last) === before.term)
      return kept ? undefined : `${id}, leader of term ${state.currentTerm}, changed its log before ${before.last}`
    })
  },
}

/** Calls `visit` for each index whose entry on a node was not seen there yet. */
function newEntries(): (
  node: RaftNode,
  visit: (index: Index, entry: Entry) => string | undefined,
) => string | undefined {
  const seen = new Map<NodeId, { last: Index; term: Term | undefined }>()
  return ({ id, state }, visit) => {
    const before = seen.get(id)
    const last = lastIndex(state)
    const kept = before !== undefined && termAt(state, before.last) === before.term
    const first = kept ? Math.max(before.last, state.compacted.index) + 1 : state.compacted.index + 1
    seen.set(id, { last, term: termAt(state, last) })
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
export const logMatching: Invariant<RaftWorld> = {
  name: 'log matching',
  watch: () => {
    const entries = new Map<string, string>()
    const visitNew = newEntries()
    return eachNode((node) =>
      visitNew(node, (index, entry) => {
        const position = `${index} ${entry.term}`
        const is = `${identity(entry)} after term ${termAt(node.state, index - 1)}`
        const was = entries.get(position) ?? is
        entries.set(position, was)
        return is === was ? undefined : `entry ${index} of ${node.id} is ${is}, elsewhere it is ${was}`
      }),
    )
  },
}

/** Which entry was committed at each index, and in whose term: the leader that commits is the first to know. */
function committedEntries(): {
  readonly known: Map<Index, { is: string; term: Term }>
  readonly learn: Watch<RaftWorld>
} {
  const known = new Map<Index, { is: string; term: Term }>()
  const seen = new Map<NodeId, { incarnation: number; commitIndex: Index }>()
  const learn = eachNode(({ id, state, incarnation }) => {
    const before = seen.get(id)
    const from = before?.incarnation === incarnation ? before.commitIndex : 0
    seen.set(id, { incarnation, commitIndex: state.commitIndex })
    for (let index = Math.max(from, state.compacted.index) + 1; index <= state.commitIndex; index++) {
      const is = identity(entryAt(state, index))
      const was = known.get(index) ?? { is, term: state.currentTerm }
      known.set(index, was)
      if (is !== was.is) return `${id} decides ${is} at ${index}, where ${was.is} was decided`
    }
    return undefined
  })
  return { known, learn }
}

/** If a server has applied an entry at an index, no other server will ever apply a different one there (§5.4.3). */
export const stateMachineSafety: Invariant<RaftWorld> = {
  name: 'state machine safety',
  watch: () => committedEntries().learn,
}

/** If an entry is committed in a term, it is present in the logs of the leaders of all later terms (§5.4). */
export const leaderCompleteness: Invariant<RaftWorld> = {
  name: 'leader completeness',
  watch: () => {
    const { known, learn } = committedEntries()
    const elected = new Map<NodeId, string>()
    return (world) => {
      const broken = eachNode(({ id, state, incarnation }) => {
        const reign = `${incarnation} ${state.currentTerm}`
        if (state.role !== 'leader' || elected.get(id) === reign) return undefined
        elected.set(id, reign)
        for (const [index, committed] of known) {
          if (index <= state.compacted.index || committed.term >= state.currentTerm) continue
          const has = index <= lastIndex(state) && identity(entryAt(state, index)) === committed.is
          if (!has) return `${id} leads term ${state.currentTerm} without ${committed.is}, committed at ${index}`
        }
        return undefined
      })(world)
      learn(world)
      return broken
    }
  },
}

/** Terms never go back, not over a restart either; nor does what is committed while a server runs. */
export const monotonicity: Invariant<RaftWorld> = {
  name: 'monotonicity',
  watch: () => {
    const seen = new Map<NodeId, { incarnation: number; durableTerm: Term; term: Term; commitIndex: Index }>()
    return eachNode(({ id, state, durable, incarnation }) => {
      const before = seen.get(id)
      const { currentTerm: term, commitIndex } = state
      seen.set(id, { incarnation, durableTerm: durable.currentTerm, term, commitIndex })
      if (term < durable.currentTerm) return `${id} is in term ${term}, and on its disk in ${durable.currentTerm}`
      if (before === undefined) return undefined
      if (durable.currentTerm < before.durableTerm) return `${id} went back from term ${before.durableTerm} on its disk`
      if (before.incarnation !== incarnation) return undefined
      return term < before.term || commitIndex < before.commitIndex
        ? `${id} went back from term ${before.term}, commit index ${before.commitIndex}`
        : undefined
    })
  },
}

/** A vote, once durable, stays what it is for its term (§5.2). */
export const oneVoteATerm: Invariant<RaftWorld> = {
  name: 'one vote a term',
  watch: () => {
    const votes = new Map<string, NodeId>()
    return eachNode(({ id, durable }) => {
      if (durable.votedFor === undefined) return undefined
      const key = `${durable.currentTerm} ${id}`
      const vote = votes.get(key) ?? durable.votedFor
      votes.set(key, vote)
      return vote === durable.votedFor
        ? undefined
        : `${id} votes for ${vote} and ${durable.votedFor} in ${durable.currentTerm}`
    })
  },
}

/** Behind everything that is committed there is a quorum of disks (§5.3): what a leader counts is there after a loss of power. */
export const durableQuorum: Invariant<RaftWorld> = {
  name: 'durable quorum',
  watch: () => {
    let checked = 0
    return (world) => {
      for (const { id, state } of world.nodes) {
        const index = state.commitIndex
        if (index <= checked || state.role !== 'leader') continue
        checked = index
        const term = termAt(state, index)
        const holds = (disk: RaftState): boolean => index < disk.compacted.index || termAt(disk, index) === term
        const disks = new Map(world.nodes.map((node) => [node.id, node.durable]))
        const reached = quorumReached(state, (voter) =>
          holds(present(disks.get(voter), `the world has ${voter}`)) ? index : 0,
        )
        if (reached < index) {
          return `${id} commits ${index}, which is not on the disks of a quorum of ${membershipOf(state).voters.join(', ')}`
        }
      }
      return undefined
    }
  },
}

/** Everything that Figure 3 and Figure 2 promise, and what durability adds. */
export const raftInvariants: readonly Invariant<RaftWorld>[] = [
  electionSafety,
  leaderAppendOnly,
  logMatching,
  leaderCompleteness,
  stateMachineSafety,
  monotonicity,
  oneVoteATerm,
  durableQuorum,
]
