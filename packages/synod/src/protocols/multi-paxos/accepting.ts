import { assert, type NodeId } from '../../core/index.ts'
import { isLower, isSame } from './ballot.ts'
import { hardState } from './durable.ts'
import { recognizeLeader } from './following.ts'
import { decideThrough, isChanging, learnFrom, vouch } from './learning.ts'
import { acceptedAt, isSameValue } from './log.ts'
import type { Accept, Placed } from './messages.ts'
import { mayAccept } from './repair.ts'
import { record, type Replica } from './replica.ts'

/**
 * Phase 2b. The promise is checked again: a higher ballot may have come in between. The pair of ballot and value is
 * durable before the reply leaves.
 */
export function onAccept(paxos: Replica, message: Accept, from: NodeId): void {
  const { state, env } = paxos
  const { ballot, decided, round } = message
  if (!mayAccept(paxos)) {
    if (decided > state.decided) learnFrom(paxos, from)
    return
  }
  if (isLower(ballot, state.promised)) {
    state.seen = Math.max(state.seen, ballot.round)
    return env.send(from, { type: 'refused', promised: state.promised })
  }
  recognizeLeader(paxos, ballot, from)
  const accepted = newIn(paxos, message)
  if (accepted.length > 0) record(paxos, { type: 'accepted', ...hardState(state), accepted })
  // First, so that the leader hears of it by this answer, not by the next one; and where it counts for a change, it is on disk.
  decideThrough(paxos, decided)
  if (isChanging(paxos)) vouch(paxos)
  const slots = message.proposals.map(({ slot }) => slot)
  // Who is being repaired has what it decides since in memory only: it counts for the end of no change.
  const said = state.repair === undefined ? state.decided : Math.min(state.decided, state.claimed)
  env.send(from, { type: 'accepted', ballot, slots, decided: said, round })
  state.stable = Math.max(state.stable, message.stable)
  catchUp(paxos, message, from)
}

function newIn({ state }: Replica, { ballot, proposals }: Accept): Placed[] {
  const accepted: Placed[] = []
  for (const { slot, value } of proposals) {
    const own = acceptedAt(state, slot)
    const isSettled = slot <= state.decided || (own !== undefined && isSame(own.ballot, ballot))
    assert(!isSettled || own === undefined || isSameValue(own.value, value), `one value a slot and ballot: ${slot}`)
    if (!isSettled) accepted.push({ slot, ballot, value })
  }
  return accepted
}

/** What a heartbeat said to be decided, and is not here at the next one, was lost on the way, or came before this leader. */
function catchUp(paxos: Replica, { decided, proposals }: Accept, from: NodeId): void {
  const { state } = paxos
  if (proposals.length > 0) return
  if (state.decided < state.missed) learnFrom(paxos, from)
  state.missed = decided
}
