import { assert, type NodeId } from '../../core/index.ts'
import { isLower, isSame } from './ballot.ts'
import { hardState } from './durable.ts'
import type { Ballot } from './messages.ts'
import { record, type Replica } from './replica.ts'

/** A wait drawn anew from [T, 2T), so that duels of candidates are rare and soon over. */
export function awaitElection(paxos: Replica): void {
  const { electionTimeoutMin } = paxos.options
  paxos.env.setTimer('election', electionTimeoutMin, 2 * electionTimeoutMin)
}

/** Follows `leader` of the ballot that is promised, or nobody yet. Whoever stops leading needs another ballot to lead again. */
export function becomeFollower(paxos: Replica, leader: NodeId | undefined): void {
  const { state, env } = paxos
  const led = state.role === 'leader'
  state.role = 'follower'
  state.leader = leader
  state.votes = {}
  state.promises = {}
  state.adopted = {}
  state.behind = 0
  if (leader === undefined) state.heard = false
  if (!led) return
  env.clearTimer('heartbeat')
  env.clearTimer('transfer')
  state.progress = {}
  state.open = {}
  state.transfer = undefined
  state.uncommittedBytes = 0
  dropReads(paxos)
  awaitElection(paxos)
}

/** Durable before anybody hears of it: nothing lower is promised or accepted from here on. */
export function promise(paxos: Replica, ballot: Ballot): void {
  const { state } = paxos
  assert(!isLower(ballot, state.promised), 'an acceptor never goes back to a lower ballot')
  state.seen = Math.max(state.seen, ballot.round)
  if (!isSame(ballot, state.promised)) record(paxos, { type: 'hard', ...hardState(state), promised: ballot })
}

/** Phase 2 of a ballot that is not lower than what was promised: its proposer has the promises of a quorum. */
export function recognizeLeader(paxos: Replica, ballot: Ballot, leader: NodeId): void {
  const { state, env, options } = paxos
  assert(ballot.id === leader, 'only its own member leads a ballot')
  const isNew = !isSame(ballot, state.promised)
  assert(isNew || state.role !== 'leader', 'a leader hears nobody else in its ballot')
  promise(paxos, ballot)
  if (isNew || state.role !== 'follower' || state.leader !== leader) {
    becomeFollower(paxos, leader)
    state.missed = 0
  }
  state.heard = true
  awaitElection(paxos)
  env.setTimer('lease', options.electionTimeoutMin, options.electionTimeoutMin)
}

/** A deposed leader answers no read; they are asked again, under new ids, wherever the leader is now. */
function dropReads({ state, env }: Replica): void {
  const { reads } = state
  state.reads = []
  for (const { id } of reads) env.unreadable(id)
}
