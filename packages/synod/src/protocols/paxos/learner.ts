import { assert, type NodeId } from '../../core/index.ts'
import { isLower, isSame, type Accepted, type Proposal } from './messages.ts'
import { remember, type Replica } from './replica.ts'
import { lookAfter } from './proposer.ts'
import type { Votes } from './state.ts'

/**
 * A value is chosen when a quorum has accepted it in one and the same ballot. An acceptor's later acceptance takes the place of
 * its earlier one, so that what is kept is bounded; should a choice be missed by that, a ballot of its own will tell.
 */
export function onAccepted(paxos: Replica, { ballot, value }: Accepted, from: NodeId): void {
  const { state, quorums, options } = paxos
  if (state.votes.some((votes) => votes.from.includes(from) && !isLower(votes.ballot, ballot))) return
  const rest = state.votes.map((votes) => without(from, votes)).filter((votes) => votes.from.length > 0)
  const same = rest.find((votes) => isSame(votes.ballot, ballot))
  const votes: Votes = { ballot, value, from: [...(same?.from ?? []), from].toSorted() }
  const others = rest.filter((one) => one !== same)
  state.votes = [...others, votes].toSorted((a, b) => (isLower(a.ballot, b.ballot) ? -1 : 1))
  if (votes.from.length < quorums.accept) return lookAfter(paxos)
  learn(paxos, { ballot, value })
  if (options.acceptedTo === 'proposer') tellOthers(paxos, { ballot, value })
}

function without(acceptor: NodeId, { ballot, value, from }: Votes): Votes {
  return { ballot, value, from: from.filter((id) => id !== acceptor) }
}

/** Told once a life; what it knew before a restart is told again. */
export function learn(paxos: Replica, { ballot, value }: Proposal): void {
  const { state, env } = paxos
  assert(state.chosen === undefined, 'what is chosen is learnt once')
  remember(paxos, { type: 'chosen', ballot, value })
  state.wish = undefined
  state.attempt = undefined
  state.votes = []
  env.clearTimer('retry')
  env.decide(1, ballot.round, value)
}

/** A fact, and no promise of anybody: it need not wait for the disk. */
function tellOthers({ env, nodes }: Replica, chosen: Proposal): void {
  for (const id of nodes) if (id !== env.self) env.sendAhead(id, { type: 'chosen', ...chosen })
}
