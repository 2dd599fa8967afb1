import { assert, committedIndex, type ReadId } from '../../core/index.ts'
import { electorateAt } from './configuration.ts'
import { followers, sendAccept } from './proposing.ts'
import type { Replica } from './replica.ts'

/**
 * A read may be answered by a state that has applied what was decided when it arrived, once a quorum has answered a round
 * that was begun after that: until then none of it had promised a higher ballot.
 */
export function read(paxos: Replica, id: ReadId): boolean {
  const { state } = paxos
  if (state.role !== 'leader' || state.termStart === 0) return false
  assert(
    state.reads.every((pending) => pending.id !== id),
    'the id of a read is never used twice',
  )
  state.reads.push({ id, index: Math.max(state.decided, state.termStart), round: 0 })
  proceedWithReads(paxos)
  return true
}

/** After whatever may have confirmed the leader or decided something. One round is under way at a time, for all that waited. */
export function proceedWithReads(paxos: Replica): void {
  const { state } = paxos
  // All that phase 1 reported may have been chosen, and answered, by another leader: it has to be decided first.
  if (state.role !== 'leader' || state.reads.length === 0 || state.termStart === 0) return
  if (state.decided < state.termStart) return
  answerConfirmed(paxos)
  if (state.reads.length === 0 || state.reads.some((pending) => pending.round > 0)) return
  state.round++
  for (const pending of state.reads) pending.round = state.round
  for (const follower of followers(paxos)) sendAccept(paxos, follower, [])
  answerConfirmed(paxos)
}

function answerConfirmed(paxos: Replica): void {
  const { state, env, options } = paxos
  const electorate = electorateAt(state, state.decided + 1, options.alpha)
  const confirmed = committedIndex(electorate, (id) => (id === env.self ? state.round : state.progress[id]?.round))
  const isConfirmed = (round: number): boolean => round > 0 && round <= confirmed
  const answered = state.reads.filter((pending) => isConfirmed(pending.round))
  if (answered.length === 0) return
  state.reads = state.reads.filter((pending) => !isConfirmed(pending.round))
  for (const { id, index } of answered) env.readable(id, index)
}
