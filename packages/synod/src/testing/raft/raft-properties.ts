import type { Membership, NodeId } from '../../core/index.ts'
import type { Situation, SituationNode, StepProperty, SystemProperty } from '../../explorer/index.ts'
import { raftInvariants, type Message, type RaftState } from '../../protocols/raft/index.ts'
import { betweenTwo, inOneSituation, watchedNodes, type WatchedNode } from '../in-one-situation.ts'
import { brokenPromise, type EnginePast } from '../log-engine/engine-past.ts'

type Seen = Situation<RaftState, EnginePast>

/** These say something about one member before and after an event. */
const stepwise: ReadonlySet<string> = new Set([
  'leader append-only',
  'monotonicity',
  'one vote a term',
  'only voters campaign',
  'a removed leader goes',
  'one membership change at a time',
  'memberships change step by step',
  'memberships of the log',
  'a leader follows its members',
])

/**
 * These say something about members beside each other. Those that remember what is in no state any more, the vote of an earlier
 * term and the membership that a snapshot took over, are written down here as of one situation, or one step.
 */
const situational: ReadonlySet<string> = new Set([
  'election safety',
  'log matching',
  'state machine safety',
  'leader completeness',
  'durable quorum',
])

/** What holds between before and after. */
export const raftSteps: readonly StepProperty<RaftState>[] = [
  ...raftInvariants.filter(({ name }) => stepwise.has(name)).map(betweenTwo<RaftState>),
  { name: 'a vote is kept in its term', broken: lostVote },
  { name: 'membership of a snapshot', broken: strangeSnapshot },
]

/** What holds in every situation, and what is to be seen in some. */
export const raftProperties: readonly SystemProperty<RaftState, Message, EnginePast>[] = [
  { kind: 'always', name: 'election safety, state machine safety', brokenHistory: brokenPromise('safety') },
  { kind: 'always', name: 'reads are linearizable', brokenHistory: brokenPromise('reads') },
  ...raftInvariants.filter(({ name }) => situational.has(name)).map((invariant) => inOneSituation(invariant, inOrder)),
  { kind: 'always', name: 'elected by a quorum', broken: minorityElected },
  { kind: 'always', name: 'durable membership', broken: minorityChanged },
  { kind: 'sometimes', name: 'a leader', seen: anyNode(({ role }) => role === 'leader') },
  { kind: 'sometimes', name: 'an entry is decided', seen: anyNode(({ commitIndex }) => commitIndex > 0) },
  { kind: 'sometimes', name: 'a command is decided', seen: anyNode(({ commitIndex }) => commitIndex > 1) },
  { kind: 'sometimes', name: 'leaders of two terms', seen: twoLeaders },
  { kind: 'sometimes', name: 'an entry is overwritten', seen: ({ nodes }) => nodes.some(isBehind) },
]

/** What one situation is looked at as, by one property after the other. */
const ordered = new WeakMap<Seen, readonly WatchedNode<RaftState>[]>()

/** Followers first, and each leader after those of earlier terms. */
function inOrder(situation: Seen): readonly WatchedNode<RaftState>[] {
  const known = ordered.get(situation)
  if (known !== undefined) return known
  const reign = ({ state }: WatchedNode<RaftState>): number => (state.role === 'leader' ? state.currentTerm : 0)
  const nodes = watchedNodes(situation).toSorted((a, b) => reign(a) - reign(b))
  ordered.set(situation, nodes)
  return nodes
}

/** Never erased within its term (Figure 2), not in memory either. */
function lostVote(before: SituationNode<RaftState>, after: SituationNode<RaftState>): string | undefined {
  const [{ currentTerm, votedFor }, now] = [before.state, after.state]
  if (!before.up || votedFor === undefined || now.currentTerm !== currentTerm || now.votedFor === votedFor)
    return undefined
  return `${after.id} voted for ${votedFor} in term ${currentTerm}, and now for ${now.votedFor ?? 'nobody'}`
}

/** A snapshot that is taken of a log has the membership that the log has there, not a later one. */
function strangeSnapshot(
  { state: was }: SituationNode<RaftState>,
  { id, state }: SituationNode<RaftState>,
): string | undefined {
  const { snapshot } = state
  if (snapshot === undefined || snapshot.index === was.snapshot?.index || snapshot.index > was.commitIndex)
    return undefined
  const expected = membershipBefore(was, snapshot.index)
  return JSON.stringify(expected) === JSON.stringify(snapshot.membership)
    ? undefined
    : `${id} has a snapshot at ${snapshot.index} with the voters ${snapshot.membership.voters.join(', ')}, which are not in force there`
}

function membershipBefore({ memberships }: RaftState, index: number): Membership | undefined {
  return memberships.findLast((placed) => placed.index <= index)?.membership
}

/**
 * A leader has the votes of a quorum of the membership that it was elected by (Ongaro §4.3). Who is in a later term by now may
 * have voted for it; who is not yet in its term, or has voted for somebody else, has not.
 */
function minorityElected({ nodes }: Seen): string | undefined {
  for (const node of nodes) {
    const broken = node.up && node.state.role === 'leader' ? electedByFew(node, nodes) : undefined
    if (broken !== undefined) return broken
  }
  return undefined
}

function electedByFew({ id, state }: SituationNode<RaftState>, nodes: Seen['nodes']): string | undefined {
  const { currentTerm, termStart } = state
  const mayHaveVoted = ({ durable }: SituationNode<RaftState>): boolean =>
    durable.currentTerm > currentTerm || (durable.currentTerm === currentTerm && durable.votedFor === id)
  const voted = nodes.filter(mayHaveVoted).map((node) => node.id)
  const { voters = [], outgoing = [] } = membershipBefore(state, termStart - 1) ?? {}
  return [voters, outgoing].every((half) => isQuorum(half, voted))
    ? undefined
    : `${id} leads term ${currentTerm} by ${voted.join(', ')}, no quorum of ${[...voters, ...outgoing].join(', ')}`
}

/**
 * What a leader goes by since it was committed is on the disks of a quorum of it, of both halves if it is joint: while it was
 * not, nothing later was in force (Ongaro §4.1). Of the entries after it the durable quorum speaks.
 */
function minorityChanged({ nodes }: Seen): string | undefined {
  for (const node of nodes) {
    const broken = node.state.role === 'leader' ? changedByFew(node, nodes) : undefined
    if (broken !== undefined) return broken
  }
  return undefined
}

function changedByFew({ id, state }: SituationNode<RaftState>, nodes: Seen['nodes']): string | undefined {
  const placed = state.memberships.findLast(({ index }) => index <= state.commitIndex)
  if (placed === undefined || placed.index <= state.compacted.index) return undefined
  const { index, membership } = placed
  const has = ({ durable }: SituationNode<RaftState>): boolean =>
    index <= durable.compacted.index || termAt(durable, index) === termAt(state, index)
  const holders = nodes.filter(has).map((node) => node.id)
  const { voters, outgoing } = membership
  return [voters, outgoing].every((half) => isQuorum(half, holders))
    ? undefined
    : `${id} commits the membership at ${index}, which ${holders.join(', ')} have, no quorum of ${[...voters, ...outgoing].join(', ')}`
}

function termAt({ log, compacted }: RaftState, index: number): number | undefined {
  return log[index - compacted.index - 1]?.term
}

function isQuorum(half: readonly NodeId[], voted: readonly NodeId[]): boolean {
  return half.length === 0 || 2 * half.filter((id) => voted.includes(id)).length > half.length
}

function anyNode(is: (state: RaftState) => boolean): (situation: Seen) => boolean {
  return ({ nodes }) => nodes.some(({ state }) => is(state))
}

function twoLeaders({ history: { leaders } }: Seen): boolean {
  return Object.keys(leaders).length > 1
}

/** Its disk has an entry that its memory has replaced. */
function isBehind({ state, durable }: SituationNode<RaftState>): boolean {
  return durable.log.some((entry, i) => state.log[i] !== undefined && state.log[i].term !== entry.term)
}
