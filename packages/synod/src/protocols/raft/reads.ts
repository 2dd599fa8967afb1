import { assert, type ReadId } from '../../core/index.ts'
import { quorumReached } from './log.ts'
import { followers, sendHeartbeat } from './replication.ts'
import type { Replica } from './replica.ts'

/**
 * ReadIndex (Ongaro §6.4). A read may be answered by a state that has applied what was committed when it arrived, once
 * a quorum has answered a round that was begun after that: nobody else led meanwhile.
 */
export function read(raft: Replica, id: ReadId): boolean {
  const { state } = raft
  if (state.role !== 'leader') return false
  assert(
    state.reads.every((pending) => pending.id !== id),
    'the id of a read is never used twice',
  )
  state.reads.push({ id, index: Math.max(state.commitIndex, state.termStart), round: 0 })
  proceedWithReads(raft)
  return true
}

/** After whatever may have confirmed the leader or advanced its commit index. One round is under way at a time, for all that waited. */
export function proceedWithReads(raft: Replica): void {
  const { state } = raft
  // Before an entry of its term is committed, a leader does not know which ones are (§8).
  if (state.role !== 'leader' || state.reads.length === 0 || state.commitIndex < state.termStart) return
  answerConfirmed(raft)
  if (state.reads.length === 0 || state.reads.some((pending) => pending.round > 0)) return
  state.round++
  for (const pending of state.reads) pending.round = state.round
  // Learners too: a read may be of a client of theirs, and what it has to see is news to them, which they would wait for.
  for (const follower of followers(raft)) sendHeartbeat(raft, follower)
  answerConfirmed(raft)
}

function answerConfirmed(raft: Replica): void {
  const { state, env } = raft
  const confirmed = quorumReached(state, (id) => (id === env.self ? state.round : state.progress[id]?.round))
  const isConfirmed = (round: number): boolean => round > 0 && round <= confirmed
  const answered = state.reads.filter((pending) => isConfirmed(pending.round))
  if (answered.length === 0) return
  state.reads = state.reads.filter((pending) => !isConfirmed(pending.round))
  for (const { id, index } of answered) env.readable(id, index)
}

/** A deposed leader answers no read; they are asked again, under new ids, wherever the leader is now. */
export function dropReads(raft: Replica): void {
  const { reads } = raft.state
  raft.state.reads = []
  for (const { id } of reads) raft.env.unreadable(id)
}
