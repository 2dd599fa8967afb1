import { assert, type NodeId, type Term } from '../../core/index.ts'
import { entriesFrom, lastIndex, lastPosition, mayCampaign, membershipOf, openMemberships, quorumVotes } from './log.ts'
import type { RequestVote, Vote } from './messages.ts'
import { dropReads } from './reads.ts'
import { isRepairing } from './repair.ts'
import { appendAsLeader, beginBeat, followMembers } from './replication.ts'
import { record, type Replica } from './replica.ts'

/** A wait drawn anew from [T, 2T), so that split votes are rare and soon over (§5.2). */
export function awaitElection(raft: Replica): void {
  const { electionTimeoutMin } = raft.options
  raft.env.setTimer('election', electionTimeoutMin, 2 * electionTimeoutMin)
}

/** Follows `leader` in `term`, or nobody yet. A leader that steps down knows no leader. */
export function becomeFollower(raft: Replica, term: Term, leader: NodeId | undefined): void {
  const { state, env } = raft
  assert(term >= state.currentTerm, 'currentTerm never decreases (Figure 2)')
  const led = state.role === 'leader'
  if (term > state.currentTerm) record(raft, { type: 'hardState', currentTerm: term, votedFor: undefined })
  else if (!led && state.role === 'follower' && state.leader === leader) return
  state.role = 'follower'
  state.leader = leader
  state.votes = {}
  state.verified = state.commitIndex
  if (leader === undefined) state.heard = false
  if (!led) return
  env.clearTimer('heartbeat')
  env.clearTimer('transfer')
  state.progress = {}
  state.transfer = undefined
  state.uncommittedBytes = 0
  dropReads(raft)
  awaitElection(raft)
}

/** An append or a snapshot came from the leader of the current term, or of a later one. */
export function recognizeLeader(raft: Replica, term: Term, leader: NodeId): void {
  const { state, env, options } = raft
  if (term > state.currentTerm || state.role !== 'follower') {
    assert(term > state.currentTerm || state.role !== 'leader', 'election safety: at most one leader a term (§5.2)')
    becomeFollower(raft, term, leader)
  }
  assert(state.leader === undefined || state.leader === leader, 'election safety: at most one leader a term (§5.2)')
  state.leader = leader
  state.heard = true
  awaitElection(raft)
  env.setTimer('lease', options.electionTimeoutMin, options.electionTimeoutMin)
}

/** No leader was heard from: the election begins, from its start each time (a candidate that is cut off must not count up terms). */
export function onElectionTimeout(raft: Replica): void {
  const { state, env, options } = raft
  if (state.role === 'leader') return checkQuorum(raft)
  awaitElection(raft)
  if (isRepairing(raft) || !mayCampaign(state, env.self)) return becomeFollower(raft, state.currentTerm, undefined)
  if (options.preVote) rehearse(raft)
  else campaign(raft, false)
}

/** Asks who would vote in the next term, which nobody enters for that (Ongaro §9.6). */
function rehearse(raft: Replica): void {
  const { state } = raft
  state.role = 'preCandidate'
  state.leader = undefined
  state.heard = false
  state.votes = {}
  requestVotes(raft, { term: state.currentTerm + 1, preVote: true, transfer: false })
}

/** Begins an election (§5.2). The new term and the own vote are durable before anybody hears of them, oneself included. */
export function campaign(raft: Replica, transfer: boolean): void {
  const { state, env } = raft
  assert(state.role !== 'leader', 'a leader does not campaign (§5.2)')
  assert(!isRepairing(raft), 'a member with a hole in its log does not campaign')
  record(raft, { type: 'hardState', currentTerm: state.currentTerm + 1, votedFor: env.self })
  state.role = 'candidate'
  state.leader = undefined
  state.heard = false
  state.votes = {}
  state.verified = state.commitIndex
  awaitElection(raft)
  requestVotes(raft, { term: state.currentTerm, preVote: false, transfer })
}

function requestVotes(raft: Replica, ask: Pick<RequestVote, 'term' | 'preVote' | 'transfer'>): void {
  const { state, env } = raft
  const { index: lastLogIndex, term: lastLogTerm } = lastPosition(state)
  const { voters, outgoing } = membershipOf(state)
  for (const voter of new Set([...voters, ...outgoing])) {
    if (voter === env.self) env.send(voter, { type: 'vote', term: ask.term, granted: true, preVote: ask.preVote })
    else env.send(voter, { type: 'requestVote', ...ask, lastLogIndex, lastLogTerm })
  }
}

/** RequestVote RPC, receiver (Figure 2). */
export function onRequestVote(raft: Replica, message: RequestVote, from: NodeId): void {
  const { state, env } = raft
  if (message.term > state.currentTerm && !message.transfer && hasLiveLeader(raft)) return
  const electable = isUpToDate(raft, message) && !isRepairing(raft)
  if (message.preVote) {
    const granted = message.term > state.currentTerm && electable
    // Refused, it learns our term; otherwise a pre-candidate that fell behind would ask for a past one for ever (etcd#8243).
    env.send(from, { type: 'vote', term: granted ? message.term : state.currentTerm, granted, preVote: true })
    return
  }
  if (message.term > state.currentTerm) becomeFollower(raft, message.term, undefined)
  const granted =
    message.term === state.currentTerm && (state.votedFor === undefined || state.votedFor === from) && electable
  if (granted) {
    // A rehearsal is over when somebody else's election is on.
    becomeFollower(raft, state.currentTerm, state.leader)
    assert(state.votedFor !== env.self, 'a candidate and a leader have voted for themselves (§5.2)')
    if (state.votedFor === undefined) {
      record(raft, { type: 'hardState', currentTerm: state.currentTerm, votedFor: from })
    }
    awaitElection(raft)
  }
  env.send(from, { type: 'vote', term: state.currentTerm, granted, preVote: false })
}

/**
 * Within a minimum election timeout of hearing from a leader, candidates are ignored (Ongaro §4.2.3). Only where a
 * leader without a quorum steps down by itself: otherwise one that can send but not receive would stay for ever.
 */
function hasLiveLeader(raft: Replica): boolean {
  const { state, options } = raft
  return options.checkQuorum && (state.role === 'leader' || (state.leader !== undefined && state.heard))
}

/** The log with the later last term is more up to date; with equal terms the longer one (§5.4.1). */
function isUpToDate(raft: Replica, { lastLogIndex, lastLogTerm }: RequestVote): boolean {
  const last = lastPosition(raft.state)
  return lastLogTerm > last.term || (lastLogTerm === last.term && lastLogIndex >= last.index)
}

/** A vote, or a refusal, of the election under way; whatever answers an older one is nothing. */
export function onVote(raft: Replica, message: Vote, from: NodeId): void {
  const { state } = raft
  const rehearsed = message.preVote && state.role === 'preCandidate'
  if (message.preVote) {
    if (!rehearsed || (message.granted && message.term !== state.currentTerm + 1)) return
  } else if (message.term < state.currentTerm || state.role !== 'candidate') return
  state.votes[from] ??= message.granted
  const result = quorumVotes(state, state.votes)
  if (result === 'lost') becomeFollower(raft, state.currentTerm, undefined)
  else if (result === 'won' && rehearsed) campaign(raft, false)
  else if (result === 'won') becomeLeader(raft)
}

/** The term begins with a no-op: committing it commits everything before it (§5.4.2), and allows reads (Ongaro §6.4). */
function becomeLeader(raft: Replica): void {
  const { state, env, options } = raft
  assert(state.votedFor === env.self, 'election safety: a leader has voted for itself (§5.2)')
  assert(!isRepairing(raft), 'a member with a hole in its log does not lead')
  state.role = 'leader'
  state.leader = env.self
  state.votes = {}
  followAll(raft)
  state.termStart = lastIndex(state) + 1
  state.uncommittedBytes = entriesFrom(state, state.commitIndex + 1, Infinity).bytes
  state.reads = []
  state.transfer = undefined
  env.clearTimer('lease')
  env.setTimer('election', options.electionTimeoutMin, options.electionTimeoutMin)
  beginBeat(raft)
  // The first entry of all names the first membership: who joins later, with an empty disk, has to know it too.
  appendAsLeader(raft, { term: state.currentTerm, ...(lastIndex(state) === 0 && { membership: membershipOf(state) }) })
}

/** The members, and those that a change which is not known to be committed removes: they may not have heard of it. */
function followAll(raft: Replica): void {
  const { state } = raft
  state.progress = {}
  for (const { membership } of openMemberships(state)) followMembers(raft, membership)
}

/** A leader that did not hear from a quorum within an election timeout steps down (Ongaro §6.2). */
function checkQuorum(raft: Replica): void {
  const { state, env, options } = raft
  const active: Record<NodeId, boolean> = {}
  for (const [id, progress] of Object.entries(state.progress)) {
    active[id] = id === env.self || progress.recentActive
    progress.wasActive = progress.recentActive
    progress.recentActive = false
    const { parting } = progress
    if (parting !== undefined && parting.removedAt <= state.commitIndex && --parting.left === 0)
      delete state.progress[id]
  }
  if (options.checkQuorum && quorumVotes(state, active) !== 'won') {
    becomeFollower(raft, state.currentTerm, undefined)
  } else {
    env.setTimer('election', options.electionTimeoutMin, options.electionTimeoutMin)
  }
}
