import {
  isJoint,
  isSameMembership,
  membersOf,
  type Electorate,
  type Index,
  type Invariant,
  type Membership,
  type NodeId,
  type SnapshotId,
  type Term,
} from '../../core/index.ts'
import type { RaftNode, WatchedState } from './glance.ts'
import { entryAt, lastIndex, membershipOf, placedMembership, termAt } from './log.ts'
import type { Entry, PlacedMembership } from './messages.ts'
import type { Role } from './state.ts'

/** Of two nodes: each has read its own from its disk, or from a message. */
function isSame(a: Entry, b: Entry): boolean {
  if (a === b) return true
  if (a.term !== b.term) return false
  const [one, other] = [a.command, b.command]
  if (one === undefined || other === undefined) return one === other && isSameMembership(a.membership, b.membership)
  return one.origin === other.origin && one.sequence === other.sequence && one.checksum === other.checksum
}

/** What an entry is, in a few characters. */
function identity(entry: Entry): string {
  const { term, command, membership } = entry
  if (command !== undefined) return `${term} ${command.origin} ${command.sequence} ${command.checksum}`
  return membership === undefined ? `${term} no-op` : `${term} ${membershipText(membership)}`
}

/** Memberships are never changed, and few. */
const texts = new WeakMap<Membership, string>()

/** Equal texts are equal memberships. */
function membershipText(membership: Membership): string {
  let text = texts.get(membership)
  if (text === undefined) texts.set(membership, (text = inWords(membership)))
  return text
}

function inWords(membership: Membership): string {
  const { voters, outgoing, learners, learnersNext, joining, autoLeave, contacts } = membership
  const lists = Object.entries({ voters, outgoing, learners, learnersNext, joining })
  const said = lists.filter(([, ids]) => ids.length > 0).map(([name, ids]) => `${name} ${ids.join(' ')}`)
  const known = Object.keys(contacts).toSorted()
  for (const id of known) said.push(`${id} at ${contacts[id]}`)
  return `${said.join(', ')}${autoLeave ? ', leaves by itself' : ''}`
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
    const terms = new Map<Term, Map<Index, { readonly entry: Entry; readonly after: Term | undefined }>>()
    const visitNew = newEntries()
    return (node) =>
      visitNew(node, (index, entry) => {
        const after = termAt(node.state, index - 1)
        let entries = terms.get(entry.term)
        if (entries === undefined) terms.set(entry.term, (entries = new Map()))
        const was = entries.get(index)
        if (was === undefined) return void entries.set(index, { entry, after })
        if (was.after === after && isSame(was.entry, entry)) return undefined
        const text = (it: Entry, term: Term | undefined): string => `${identity(it)} after term ${term}`
        return `entry ${index} of ${node.id} is ${text(entry, after)}, elsewhere it is ${text(was.entry, was.after)}`
      })
  },
}

/** Which entry was committed at each index, and in whose term: the leader that commits is the first to know. */
function committedEntries(): {
  readonly known: ReadonlyMap<Index, { readonly entry: Entry; readonly term: Term }>
  readonly learn: (node: RaftNode) => string | undefined
} {
  const known = new Map<Index, { readonly entry: Entry; readonly term: Term }>()
  const seen = new Map<NodeId, { incarnation: number; commitIndex: Index }>()
  const learn = ({ id, state, incarnation }: RaftNode): string | undefined => {
    let before = seen.get(id)
    if (before === undefined || before.incarnation !== incarnation)
      seen.set(id, (before = { incarnation, commitIndex: 0 }))
    const from = before.commitIndex
    before.commitIndex = state.commitIndex
    for (let index = Math.max(from, state.compacted.index) + 1; index <= state.commitIndex; index++) {
      const entry = entryAt(state, index)
      const was = known.get(index)
      if (was === undefined) known.set(index, { entry, term: state.currentTerm })
      else if (!isSame(entry, was.entry))
        return `${id} decides ${identity(entry)} at ${index}, where ${identity(was.entry)} was decided`
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
        const has = index <= lastIndex(state) && isSame(entryAt(state, index), committed.entry)
        if (!has)
          return `${id} leads term ${state.currentTerm} without ${identity(committed.entry)}, committed at ${index}`
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

/**
 * A vote, once durable, stays what it is for its term (§5.2). A disk that lost a candidate's vote for itself lost the
 * candidate as well: it never counts the votes that others gave it.
 */
export const oneVoteATerm: Invariant<RaftNode> = {
  name: 'one vote a term',
  watch: () => {
    const votes = new Map<NodeId, Map<Term, NodeId>>()
    return ({ id, durable: { votedFor, currentTerm } }) => {
      let own = votes.get(id)
      if (own === undefined) votes.set(id, (own = new Map()))
      for (const [term, vote] of own) if (term > currentTerm && vote === id) own.delete(term)
      if (votedFor === undefined) return undefined
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
    const inForce = new Map<NodeId, PlacedMembership>()
    /** How far the log on each disk went, when it was last whole. */
    const reached = new Map<NodeId, Index>()
    return ({ id, state, durable }, nodes) => {
      const index = state.commitIndex
      if (durable.repair === undefined) reached.set(id, lastIndex(durable))
      const now = placedMembership(state)
      const before = inForce.get(id) ?? now
      inForce.set(id, now)
      if (index <= checked || state.role !== 'leader') return undefined
      checked = index
      const isBehind = ({ membership }: PlacedMembership, committed: Index): boolean => {
        const term = termAt(state, committed)
        const holds = ({ durable: disk }: RaftNode): boolean =>
          committed < disk.compacted.index || termAt(disk, committed) === term
        // It may have acknowledged the entry before its disk was damaged. Until it is repaired it votes for nobody, so that a
        // leader needs the votes of others that have the entry (README, "Repair").
        const mayHaveLost = ({ id: other, durable: { repair } }: RaftNode): boolean =>
          repair !== undefined && committed <= (reached.get(other) ?? 0)
        const holders = nodes.filter((node) => holds(node) || mayHaveLost(node)).map((node) => node.id)
        return isQuorum(membership, holders)
      }
      // A leader that commits may append the next membership in the same breath, which then counts for what is left: but
      // only if the one before it is committed.
      if (isBehind(before, index) || (isBehind(before, before.index) && isBehind(now, index))) return undefined
      return `${id} commits ${index}, which is not on the disks of a quorum of ${membershipText(before.membership)}`
    }
  },
}

/** Counted here once more: a mistake in the protocol's own count must not hide in its check. */
function isQuorum({ voters, outgoing }: Electorate, ids: readonly NodeId[]): boolean {
  return [voters, outgoing].every(
    (half) => half.length === 0 || 2 * half.filter((id) => ids.includes(id)).length > half.length,
  )
}

/** A leader has the votes, on their disks, of a quorum of its membership: of both halves of a joint one, and of no learner (Ongaro §4.3). */
export const electedByQuorum: Invariant<RaftNode> = {
  name: 'elected by a quorum',
  watch: () => {
    const votes = new Map<string, NodeId[]>()
    const elected = new Map<NodeId, Term>()
    return ({ id, state, durable }) => {
      if (durable.votedFor !== undefined) {
        const ballot = `${durable.currentTerm} ${durable.votedFor}`
        const cast = votes.get(ballot) ?? []
        if (!cast.includes(id)) votes.set(ballot, [...cast, id])
      }
      if (state.role !== 'leader' || elected.get(id) === state.currentTerm) return undefined
      elected.set(id, state.currentTerm)
      const voted = votes.get(`${state.currentTerm} ${id}`) ?? []
      return isQuorum(membershipOf(state), voted)
        ? undefined
        : `${id} leads term ${state.currentTerm} by ${voted.join(', ')}, no quorum of ${membershipText(membershipOf(state))}`
    }
  },
}

/** Who is no voter by what is committed, nor by what comes after it, a learner or removed, does not campaign (Ongaro §4.2.2). */
export const onlyVotersCampaign: Invariant<RaftNode> = {
  name: 'only voters campaign',
  watch: () => {
    const roles = new Map<NodeId, Role>()
    return ({ id, state }) => {
      const before = roles.get(id)
      roles.set(id, state.role)
      if (state.role === 'follower' || state.role === before || isAnyVoter(state, id)) return undefined
      return `${id} becomes ${state.role}, and is no voter of ${membershipText(membershipOf(state))}`
    }
  },
}

/** By the last committed membership or by one after it; asked only when somebody begins to campaign. */
function isAnyVoter({ memberships, commitIndex }: WatchedState, id: NodeId): boolean {
  const committed = memberships.findLastIndex(({ index }) => index <= commitIndex)
  return memberships.some(
    ({ membership: { voters, outgoing } }, i) => i >= committed && (voters.includes(id) || outgoing.includes(id)),
  )
}

/** A leader that is no voter by what is committed has stepped down (Ongaro §4.2.2). */
export const removedLeaderGoes: Invariant<RaftNode> = {
  name: 'a removed leader goes',
  watch:
    () =>
    ({ id, state }) => {
      if (state.role !== 'leader') return undefined
      const { index, membership } = placedMembership(state)
      if (membership.voters.includes(id) || membership.outgoing.includes(id)) return undefined
      return state.commitIndex < Math.max(index, state.termStart)
        ? undefined
        : `${id} leads, and is no voter of ${membershipText(membership)}, committed at ${index}`
    },
}

/**
 * Two memberships in a row have a quorum in common: at most one voter differs (Ongaro §4.1); or the second one is joint
 * with the first; or the first one is joint, and the second is what it was on the way to (§4.3).
 */
export const stepByStep: Invariant<RaftNode> = {
  name: 'memberships change step by step',
  watch: () => {
    const seen = new Map<NodeId, PlacedMembership>()
    return ({ id, state: { memberships } }) => {
      const newest = memberships.at(-1)
      if (newest === undefined || seen.get(id) === newest) return undefined
      seen.set(id, newest)
      for (const [i, { index, membership }] of memberships.entries()) {
        const before = memberships[i - 1]
        // A log that begins anew, with a newcomer or after its loss, begins with whatever is known.
        if (before === undefined || before.index === 0 || isStep(before.membership, membership)) continue
        return `${id} goes from ${membershipText(before.membership)} to ${membershipText(membership)} at ${index}`
      }
      return undefined
    }
  },
}

function isStep(before: Membership, after: Membership): boolean {
  const same = (some: readonly NodeId[], others: readonly NodeId[]): boolean => some.join() === others.join()
  if (isJoint(after) && !isJoint(before)) return same(after.outgoing, before.voters)
  if (isJoint(before))
    return same(after.voters, before.voters) && (!isJoint(after) || same(after.outgoing, before.outgoing))
  const gone = before.voters.filter((id) => !after.voters.includes(id))
  const come = after.voters.filter((id) => !before.voters.includes(id))
  return gone.length + come.length <= 1
}

/**
 * A leader appends a membership when the last one is committed, and an entry of its own term is (Ongaro §4.1, and its
 * correction of 2015). The first entry of all repeats the first membership.
 */
export const oneChangeAtATime: Invariant<RaftNode> = {
  name: 'one membership change at a time',
  watch: () => {
    const seen = new Map<NodeId, Index>()
    return ({ id, state }) => {
      const { index } = placedMembership(state)
      const before = seen.get(id)
      seen.set(id, index)
      if (state.role !== 'leader' || index === before || index <= Math.max(1, state.compacted.index)) return undefined
      if (entryAt(state, index).term !== state.currentTerm) return undefined
      if (state.commitIndex < state.termStart)
        return `${id} changes the membership at ${index} before an entry of term ${state.currentTerm} is committed`
      const open = state.memberships.find((placed) => placed.index > state.commitIndex && placed.index < index)
      return open === undefined
        ? undefined
        : `${id} changes the membership at ${index}, and the change at ${open.index} is not committed`
    }
  },
}

/** The memberships that a member goes by are those of its log, from the last compacted one on: in force when appended, taken back when truncated. */
export const membershipsOfTheLog: Invariant<RaftNode> = {
  name: 'memberships of the log',
  watch: () => {
    const visitNew = newEntries()
    return (node) => {
      const { id, state } = node
      for (const { index, membership } of state.memberships) {
        if (index <= state.compacted.index) continue
        const entry = index <= lastIndex(state) ? entryAt(state, index).membership : undefined
        if (isSameMembership(entry, membership)) continue
        return `${id} goes by "${membershipText(membership)}" of entry ${index}, and has no such entry`
      }
      return visitNew(node, (index, { membership }) => {
        const isKnown = membership === undefined || state.memberships.some((placed) => placed.index === index)
        return isKnown ? undefined : `${id} does not go by the membership at ${index}`
      })
    }
  },
}

/** A snapshot has the membership that was decided last up to its index, not one that its writer only had in its log. */
export const snapshotMembership: Invariant<RaftNode> = {
  name: 'membership of a snapshot',
  watch: () => {
    const decided = new Map<Index, string>()
    const checked = new Map<NodeId, SnapshotId>()
    return ({ id, state }) => {
      for (const { index, membership } of state.memberships) {
        const isEntry = index > state.compacted.index || (index === 0 && membership.voters.length > 0)
        if (isEntry && index <= state.commitIndex && !decided.has(index)) decided.set(index, membershipText(membership))
      }
      const { snapshot } = state
      if (snapshot === undefined || checked.get(id) === snapshot) return undefined
      checked.set(id, snapshot)
      const last = Math.max(...[...decided.keys()].filter((index) => index <= snapshot.index))
      const is = membershipText(snapshot.membership)
      const was = decided.get(last)
      // The beginning of a world may be told by a disk.
      if (was === undefined) return undefined
      return is === was ? undefined : `${id} has a snapshot at ${snapshot.index} with "${is}"; decided was "${was}"`
    }
  },
}

/** A leader follows the members of the newest membership, itself, and removed ones until they know it; nobody else. */
export const followsItsMembers: Invariant<RaftNode> = {
  name: 'a leader follows its members',
  watch: () => {
    const members = new WeakMap<Membership, ReadonlySet<NodeId>>()
    return ({ id, state }) => {
      if (state.role !== 'leader') return undefined
      const membership = membershipOf(state)
      let expected = members.get(membership)
      if (expected === undefined) members.set(membership, (expected = new Set(membersOf(membership))))
      for (const other in state.progress) {
        const isRemoved = state.progress[other]?.parting !== undefined
        if ((expected.has(other) || other === id) === isRemoved)
          return `${id} follows ${other}, which is ${isRemoved ? 'a member, as one that was removed' : 'no member'}`
      }
      for (const other of expected) if (state.progress[other] === undefined) return `${id} does not follow ${other}`
      return state.progress[id] === undefined ? `${id} does not follow itself` : undefined
    }
  },
}

/** Everything that Figure 3 and Figure 2 promise, and what durability and membership changes add. */
export const raftInvariants: readonly Invariant<RaftNode>[] = [
  electionSafety,
  leaderAppendOnly,
  logMatching,
  leaderCompleteness,
  stateMachineSafety,
  monotonicity,
  oneVoteATerm,
  durableQuorum,
  electedByQuorum,
  onlyVotersCampaign,
  removedLeaderGoes,
  oneChangeAtATime,
  stepByStep,
  membershipsOfTheLog,
  snapshotMembership,
  followsItsMembers,
]
