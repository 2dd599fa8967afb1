import { assert, membersOf, present, type Index, type Membership, type NodeId } from '../../core/index.ts'
import {
  entriesFrom,
  entryAt,
  entryBytes,
  firstIndexFrom,
  lastIndex,
  lastPosition,
  quorumReached,
  termAt,
} from './log.ts'
import type { AppendEntries, Appended, Entry, Rejection } from './messages.ts'
import { hardState, record, type Replica } from './replica.ts'
import type { Progress } from './state.ts'

/** What a new leader assumes of each member (Figure 2): nothing is known to match, and probably all does. */
export function newProgress(raft: Replica): Progress {
  return {
    mode: 'probe',
    nextIndex: lastIndex(raft.state) + 1,
    matchIndex: 0,
    matchRound: raft.state.round,
    inflight: [],
    inflightBytes: 0,
    recentActive: false,
    wasActive: false,
    round: 0,
    toldCommit: 0,
    snapshot: undefined,
    parting: undefined,
  }
}

/** For how many election timeouts a removed member is still sent to, if it does not answer. */
const partingTimeouts = 10

/**
 * Those that a leader follows are the members of `membership`, whose entry comes next, itself, and for a while those that
 * were removed. Who comes back after it was removed is begun anew: it may have another disk.
 */
export function followMembers(raft: Replica, membership: Membership): void {
  const { state, env } = raft
  const members = [...membersOf(membership), env.self]
  for (const id of members) {
    const progress = state.progress[id]
    if (progress === undefined || progress.parting !== undefined) state.progress[id] = newProgress(raft)
  }
  for (const [id, progress] of Object.entries(state.progress)) {
    if (members.includes(id)) continue
    progress.parting ??= { removedAt: lastIndex(state) + 1, left: partingTimeouts, round: undefined }
  }
}

/** The members that a leader sends to: voters, learners, and who must still hear that it is none. */
export function followers(raft: Replica): NodeId[] {
  return Object.keys(raft.state.progress).filter((id) => id !== raft.env.self)
}

/** Heard from within the last one or two election timeouts. */
export function isActive({ recentActive, wasActive }: Progress): boolean {
  return recentActive || wasActive
}

/**
 * Leader append-only: entries are only ever added behind the last (Figure 3). They are on their way to the followers
 * before they are on this disk; that they are is told by the acknowledgement to oneself, which waits for it.
 */
export function appendAsLeader(raft: Replica, entry: Entry): void {
  const { state, env } = raft
  assert(state.role === 'leader' && entry.term === state.currentTerm, 'a leader appends entries of its own term (§5.3)')
  const last = lastPosition(state)
  assert(last.term <= entry.term, 'terms never fall along a log (§5.3)')
  if (entry.membership !== undefined) followMembers(raft, entry.membership)
  record(raft, { type: 'entries', ...hardState(state), prevIndex: last.index, prevTerm: last.term, entries: [entry] })
  state.uncommittedBytes += entryBytes(entry)
  for (const follower of followers(raft)) sendEntries(raft, follower)
  const matchIndex = lastIndex(state)
  env.send(env.self, {
    type: 'appended',
    term: state.currentTerm,
    matchIndex,
    rejection: undefined,
    round: state.round,
  })
}

/** Sends what the follower lacks, as far as its window allows, and what it should know of the commit index. */
export function sendEntries(raft: Replica, to: NodeId): void {
  const { state, options } = raft
  const progress = progressOf(raft, to)
  if (progress.mode === 'snapshot') return
  while (progress.nextIndex <= lastIndex(state) && hasRoom(raft, progress)) {
    if (progress.nextIndex <= state.compacted.index) return offerSnapshot(raft, to, progress)
    const { entries, bytes } = entriesFrom(state, progress.nextIndex, options.maxMessageBytes)
    sendAppend(raft, to, progress, progress.nextIndex - 1, entries)
    const last = progress.nextIndex + entries.length - 1
    progress.inflight.push({ lastIndex: last, bytes, round: state.round })
    progress.inflightBytes += bytes
    if (progress.mode === 'replicate') progress.nextIndex = last + 1
  }
  // Who waits for its own clients' commands must not wait for a heartbeat to learn that they are decided.
  const idle = progress.mode === 'replicate' && progress.inflight.length === 0
  if (idle && progress.toldCommit < state.commitIndex) sendHeartbeat(raft, to, nobodyWaits(raft, to, progress))
}

/** All that it was not told of are commands of others: no client at `to` waits for it. */
function nobodyWaits({ state }: Replica, to: NodeId, { toldCommit }: Progress): boolean {
  if (toldCommit < state.compacted.index) return false
  for (let index = toldCommit + 1; index <= state.commitIndex; index++) {
    const { command } = entryAt(state, index)
    if (command === undefined || command.origin === to) return false
  }
  return true
}

function hasRoom(raft: Replica, { mode, inflight, inflightBytes }: Progress): boolean {
  const { maxInflightMessages, maxInflightBytes } = raft.options
  if (mode === 'probe') return inflight.length === 0
  return inflight.length < maxInflightMessages && inflightBytes < maxInflightBytes
}

function sendAppend(
  raft: Replica,
  to: NodeId,
  progress: Progress,
  prevLogIndex: Index,
  entries: Entry[],
  isNews = false,
): void {
  const { state, env } = raft
  const message: AppendEntries = {
    type: 'appendEntries',
    term: state.currentTerm,
    prevLogIndex,
    prevLogTerm: present(termAt(state, prevLogIndex), 'the log holds the entry before those that are sent'),
    entries,
    leaderCommit: state.commitIndex,
    round: state.round,
  }
  env.sendAhead(to, message, isNews)
  // It takes this as far as it has the log: a heartbeat may overtake the entries.
  progress.toldCommit = Math.max(progress.toldCommit, Math.min(state.commitIndex, prevLogIndex + entries.length))
}

/**
 * An append without entries, at what is known to match: it fits whatever is still under way, and a follower that
 * rejects it has lost what it had.
 */
export function sendHeartbeat(raft: Replica, to: NodeId, isNews = false): void {
  const progress = progressOf(raft, to)
  const known = termAt(raft.state, progress.matchIndex) !== undefined
  if (known) return sendAppend(raft, to, progress, progress.matchIndex, [], isNews)
  const { state, env } = raft
  const { currentTerm: term, commitIndex: leaderCommit, round } = state
  env.sendAhead(to, { type: 'appendEntries', term, prevLogIndex: 0, prevLogTerm: 0, entries: [], leaderCommit, round })
}

/** A heartbeat to all (§5.2). What was lost on the way is found by the answers to it. */
export function beat(raft: Replica): void {
  assert(raft.state.role === 'leader', 'only a leader sends heartbeats (§5.2)')
  beginBeat(raft)
  for (const follower of followers(raft)) {
    sendHeartbeat(raft, follower)
    const progress = progressOf(raft, follower)
    if (progress.mode === 'snapshot') offerSnapshot(raft, follower, progress)
    const { parting } = progress
    if (parting !== undefined && parting.removedAt <= raft.state.commitIndex) parting.round ??= raft.state.round
  }
}

/** The next round of heartbeats; a new leader's is its no-op. */
export function beginBeat(raft: Replica): void {
  const { state, env, options } = raft
  state.round++
  state.beats = { previous: state.beats.latest, latest: state.round, commitIndex: state.commitIndex }
  env.setTimer('heartbeat', options.heartbeatInterval, options.heartbeatInterval)
}

/** Entries that it needs are compacted: it gets them, and more, as a snapshot (§7). */
function offerSnapshot(raft: Replica, to: NodeId, progress: Progress): void {
  const { state, env } = raft
  progress.mode = 'snapshot'
  // Always the newest: an older one may be gone from this member's disk, and one that is being fetched is finished anyway.
  progress.snapshot = present(state.snapshot, 'what is compacted is in a snapshot')
  forgetInflight(progress)
  const { currentTerm: term, round } = state
  env.sendAhead(to, { type: 'installSnapshot', term, snapshot: progress.snapshot, round })
}

/** What is known of a member. */
export function progressOf(raft: Replica, id: NodeId): Progress {
  return present(raft.state.progress[id], 'the leader follows the progress of whom it sends to')
}

function forgetInflight(progress: Progress): void {
  progress.inflight = []
  progress.inflightBytes = 0
}

/** Goes back to one append at a time, from `nextIndex` on. */
function probe(progress: Progress, nextIndex: Index): void {
  progress.mode = 'probe'
  progress.nextIndex = nextIndex
  progress.snapshot = undefined
  forgetInflight(progress)
}

/** AppendEntries RPC, receiver (Figure 2); the sender is recognized as the leader already. */
export function onAppendEntries(raft: Replica, message: AppendEntries, from: NodeId): void {
  const { state, env } = raft
  const { term, round } = message
  assert(term === state.currentTerm && state.leader === from, 'appends come from the leader of the term')
  const rejection = conflictWith(raft, message)
  if (rejection === undefined) {
    takeEntries(raft, message)
    state.verified = Math.max(state.verified, message.prevLogIndex + message.entries.length)
    // Not beyond what equals the leader's log: what follows here may be something else there.
    advanceCommitIndex(raft, Math.min(message.leaderCommit, state.verified))
  }
  env.send(from, { type: 'appended', term, matchIndex: state.verified, rejection, round })
}

/** Why the consistency check fails (§5.3); undefined: the logs agree up to `prevLogIndex`. What is committed always agrees. */
function conflictWith(raft: Replica, { prevLogIndex, prevLogTerm }: AppendEntries): Rejection | undefined {
  const { state } = raft
  const own = termAt(state, prevLogIndex)
  if (own === prevLogTerm) return undefined
  if (prevLogIndex <= state.commitIndex) {
    assert(own === undefined, 'leader completeness: a leader has everything that is committed (§5.4)')
    return undefined
  }
  const conflictIndex = own === undefined ? lastIndex(state) + 1 : firstIndexFrom(state, own)
  return { prevLogIndex, conflictTerm: own, conflictIndex: Math.max(conflictIndex, state.commitIndex + 1) }
}

/** Appends what is new, and truncates only what conflicts: a late or shorter message must not undo what was acknowledged since. */
function takeEntries(raft: Replica, { prevLogIndex, prevLogTerm, entries }: AppendEntries): void {
  const { state } = raft
  let known = Math.max(0, Math.min(entries.length, state.commitIndex - prevLogIndex))
  while (known < entries.length && termAt(state, prevLogIndex + 1 + known) === entries[known]?.term) known++
  if (known === entries.length) return
  const prevIndex = prevLogIndex + known
  assert(prevIndex >= state.commitIndex, 'state machine safety: what is committed is never truncated (Figure 3)')
  assert(prevIndex >= state.verified, "leader append-only: what equals the leader's log stays (Figure 3)")
  const prevTerm = known === 0 ? prevLogTerm : present(entries[known - 1], 'the entry before').term
  record(raft, { type: 'entries', ...hardState(state), prevIndex, prevTerm, entries: entries.slice(known) })
}

/** What a follower, or the own disk, has. Rules for Servers, Leaders (Figure 2). */
export function onAppended(raft: Replica, message: Appended, from: NodeId): void {
  const { state } = raft
  const progress = state.progress[from]
  if (state.role !== 'leader' || message.term !== state.currentTerm || progress === undefined) return
  assert(message.matchIndex <= lastIndex(state), 'log matching: nobody has more of a log than its leader (Figure 3)')
  progress.recentActive = true
  progress.round = Math.max(progress.round, message.round)
  if (message.rejection === undefined) acknowledge(raft, progress, message.matchIndex)
  else goBack(raft, progress, message.rejection, message.round)
  if (progress.mode !== 'snapshot' && isLost(raft, progress, message.round)) probe(progress, progress.matchIndex + 1)
  const before = state.commitIndex
  commit(raft)
  if (hasParted(progress, message)) delete state.progress[from]
  if (state.commitIndex > before) for (const follower of followers(raft)) sendEntries(raft, follower)
  else if (from !== raft.env.self && from in state.progress) sendEntries(raft, from)
}

/** It has the entry that removed it, and was told that this is committed: there is nothing left to say. */
function hasParted({ parting }: Progress, { matchIndex, round }: Appended): boolean {
  return parting?.round !== undefined && round >= parting.round && matchIndex >= parting.removedAt
}

function acknowledge(raft: Replica, progress: Progress, matchIndex: Index): void {
  const { state } = raft
  if (matchIndex > progress.matchIndex) {
    progress.matchIndex = matchIndex
    progress.matchRound = state.round
  }
  while ((progress.inflight[0]?.lastIndex ?? Infinity) <= progress.matchIndex) {
    progress.inflightBytes -= progress.inflight.shift()?.bytes ?? 0
  }
  const matched = progress.mode === 'probe' && matchIndex >= progress.nextIndex - 1
  const caughtUp = progress.mode === 'snapshot' && progress.matchIndex >= state.compacted.index
  if (matched || caughtUp) {
    progress.mode = 'replicate'
    progress.snapshot = undefined
    forgetInflight(progress)
    progress.nextIndex = progress.matchIndex + 1
  }
  progress.nextIndex = Math.max(progress.nextIndex, progress.matchIndex + 1)
}

/** The logs part somewhere before `prevLogIndex`: one term, not one entry, a round (§5.3). */
function goBack(raft: Replica, progress: Progress, rejection: Rejection, round: number): void {
  const { prevLogIndex } = rejection
  if (prevLogIndex <= progress.matchIndex) {
    // Late, unless it was asked when the match was known: then this member's disk has lost what it acknowledged.
    if (round <= progress.matchRound) return
    progress.matchIndex = Math.min(progress.matchIndex, rejection.conflictIndex - 1)
    if (progress.mode !== 'snapshot') probe(progress, progress.matchIndex + 1)
    return
  }
  if (progress.mode === 'replicate') probe(progress, progress.matchIndex + 1)
  else if (progress.mode === 'probe' && prevLogIndex === progress.nextIndex - 1) {
    probe(progress, Math.max(progress.matchIndex + 1, Math.min(prevLogIndex, afterConflict(raft, rejection))))
  }
}

/** Behind the leader's last entry of the conflicting term, or before that term if the leader has none of it. */
function afterConflict(raft: Replica, { conflictTerm, conflictIndex }: Rejection): Index {
  if (conflictTerm === undefined) return conflictIndex
  const after = firstIndexFrom(raft.state, conflictTerm + 1)
  return termAt(raft.state, after - 1) === conflictTerm ? after : conflictIndex
}

/** A message that left a whole heartbeat before the one that is answered here, and is not acknowledged, is lost. */
function isLost(raft: Replica, { inflight }: Progress, answered: number): boolean {
  const oldest = inflight[0]
  const { beats } = raft.state
  return oldest !== undefined && answered >= beats.latest && oldest.round < beats.previous
}

/** Only entries of the own term are committed by counting; those before them come with them (§5.4.2, Figure 8). */
function commit(raft: Replica): void {
  const { state } = raft
  // Most answers are to heartbeats: there is nothing to count.
  if (state.commitIndex === lastIndex(state)) return
  const replicated = quorumReached(state, (voter) => state.progress[voter]?.matchIndex)
  if (replicated > state.commitIndex && termAt(state, replicated) === state.currentTerm) {
    advanceCommitIndex(raft, replicated)
  }
}

/** Decides, in order, everything up to `index`. */
export function advanceCommitIndex(raft: Replica, index: Index): void {
  const { state, env } = raft
  assert(index <= lastIndex(state), 'nothing is committed beyond the log')
  while (state.commitIndex < index) {
    const entry = entryAt(state, ++state.commitIndex)
    if (state.role === 'leader') state.uncommittedBytes -= entryBytes(entry)
    env.decide(state.commitIndex, entry.term, entry.command)
  }
}
