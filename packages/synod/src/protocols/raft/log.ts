import {
  committedIndex,
  membersOf,
  present,
  tally,
  voting,
  type Index,
  type Membership,
  type NodeId,
  type SnapshotId,
  type Term,
  type VoteResult,
} from '../../core/index.ts'
import type { Entry, PlacedMembers, PlacedMembership, Position } from './messages.ts'
import type { RaftState } from './state.ts'

/** The parts of a state that some rules are about. */
type Log = Pick<RaftState, 'log' | 'compacted'>
type Memberships = Pick<RaftState, 'memberships' | 'commitIndex'>

/** The index of the last entry, or of what was compacted if there is none. */
export function lastIndex(state: Log): Index {
  return state.compacted.index + state.log.length
}

/** The term at an index; undefined where this log has no entry, or no longer. */
export function termAt(state: Log, index: Index): Term | undefined {
  const offset = index - state.compacted.index
  if (offset === 0) return state.compacted.term
  // An array that is asked for what is before its beginning answers slowly, and from then on always.
  return offset > 0 ? state.log[offset - 1]?.term : undefined
}

/** Where the log ends. */
export function lastPosition(state: RaftState): Position {
  return { index: lastIndex(state), term: state.log.at(-1)?.term ?? state.compacted.term }
}

/** The entry at an index of the log. */
export function entryAt(state: Log, index: Index): Entry {
  return present(state.log[index - state.compacted.index - 1], 'the log holds the entry')
}

/** What an entry counts for in the bounds on bytes: its command, and roughly what surrounds it. */
export function entryBytes(entry: Entry): number {
  return 64 + (entry.command?.bytes.length ?? 0)
}

/** The first index of the log whose term is at least `term`; the one after the last if there is none. Terms never fall along a log. */
export function firstIndexFrom(state: RaftState, term: Term): Index {
  let low = 0
  let high = state.log.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (present(state.log[middle], 'a binary search stays inside the log').term >= term) high = middle
    else low = middle + 1
  }
  return state.compacted.index + low + 1
}

/** The entries from `first`, as many as fit into `maxBytes`, at least one; copies no more than these. */
export function entriesFrom(state: RaftState, first: Index, maxBytes: number): { entries: Entry[]; bytes: number } {
  let bytes = 0
  let end = first - state.compacted.index - 1
  const start = end
  for (let entry = state.log[end]; entry !== undefined; entry = state.log[++end]) {
    const size = entryBytes(entry)
    if (end > start && bytes + size > maxBytes) break
    bytes += size
  }
  return { entries: state.log.slice(start, end), bytes }
}

/** Drops every entry after `index`, and with it the membership that it brought. */
export function truncateAfter(state: RaftState, index: Index): void {
  state.log.length = Math.min(state.log.length, index - state.compacted.index)
  while (state.memberships.length > 1 && present(state.memberships.at(-1), 'a membership').index > index) {
    state.memberships.pop()
  }
}

/** Appends behind the last entry. A membership is in force from here on (Ongaro §4.1). */
export function append(state: RaftState, entries: readonly Entry[]): void {
  for (const entry of entries) {
    state.log.push(entry)
    if (entry.membership !== undefined) {
      state.memberships.push({ index: lastIndex(state), membership: entry.membership })
    }
  }
}

/** Drops every entry up to `through`, which the log holds. */
export function compactThrough(state: RaftState, through: Index): void {
  const term = present(termAt(state, through), `the log holds entry ${through}`)
  state.log.splice(0, through - state.compacted.index)
  state.compacted = { index: through, term }
  while ((state.memberships[1]?.index ?? Infinity) <= through) state.memberships.shift()
}

/** Gives up the whole log: it begins anew, empty, after `base`, with the membership that is in force there. */
export function beginAfter(state: RaftState, base: Position, membership: PlacedMembership): void {
  state.log = []
  state.compacted = base
  state.memberships = [membership]
}

/** The position of a snapshot's last entry. */
export function positionOf(snapshot: SnapshotId | undefined): Position {
  return snapshot === undefined ? { index: 0, term: 0 } : { index: snapshot.index, term: snapshot.term }
}

const nobody = voting([])
const unplaced: PlacedMembership = { index: 0, membership: nobody }

/** The membership in force, and where it came from: the newest of the log, committed or not (Ongaro §4.1). */
export function placedMembership(state: Memberships): PlacedMembership {
  return state.memberships.at(-1) ?? unplaced
}

export function membershipOf(state: Memberships): Membership {
  return placedMembership(state).membership
}

/** The membership in force at an index that is not compacted. */
export function membershipAt(state: RaftState, index: Index): Membership {
  return state.memberships.findLast((placed) => placed.index <= index)?.membership ?? nobody
}

/** The memberships of which one may be in force by what is decided: the last committed one, and those after it. */
export function openMemberships(state: Memberships): readonly PlacedMembership[] {
  return state.memberships.slice(
    Math.max(
      0,
      state.memberships.findLastIndex(({ index }) => index <= state.commitIndex),
    ),
  )
}

/** Who the members are by each of these. */
export function placedMembers(memberships: readonly PlacedMembership[]): PlacedMembers[] {
  return memberships.map(({ index, membership }) => ({ index, members: membersOf(membership) }))
}

/**
 * Voters campaign, and so does who is none by a membership that is not committed yet: it may be the only one that has
 * it, and the others cannot be elected without it (Ongaro §4.2.2). It does not count its own vote.
 */
export function mayCampaign(state: Memberships, id: NodeId): boolean {
  return openMemberships(state).some(
    ({ membership }) => membership.voters.includes(id) || membership.outgoing.includes(id),
  )
}

/** Whether a member counts in quorums, on either side of a joint phase. */
export function isVoter(state: RaftState, id: NodeId): boolean {
  const { voters, outgoing } = membershipOf(state)
  return voters.includes(id) || outgoing.includes(id)
}

/** The outcome of an election, or of a check of the quorum, under the membership in force. */
export function quorumVotes(state: RaftState, votes: Readonly<Record<NodeId, boolean>>): VoteResult {
  return tally(membershipOf(state), votes)
}

/** The highest value that a quorum of the membership in force has reached. */
export function quorumReached(state: RaftState, reached: (voter: NodeId) => number | undefined): number {
  return committedIndex(membershipOf(state), reached)
}
