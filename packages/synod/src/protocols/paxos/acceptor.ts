import type { NodeId } from '../../core/index.ts'
import { isLower, type Accept, type Ballot, type Prepare } from './messages.ts'
import { lookAfter } from './proposer.ts'
import { broadcast, remember, type Replica } from './replica.ts'

// The acceptor is the memory of Paxos. Whatever crashes, it keeps two promises: it never takes part in a ballot lower than
// one that it promised, and it never forgets what it accepted.

/** Phase 1b. */
export function onPrepare(paxos: Replica, { ballot }: Prepare, from: NodeId): void {
  const { state, env } = paxos
  if (isLower(ballot, state.promised)) return refuse(paxos, ballot, from)
  if (isLower(state.promised, ballot)) remember(paxos, { type: 'promised', ballot })
  env.send(from, { type: 'promise', ballot, accepted: state.accepted })
}

/** Phase 2b. The promise is looked at again: a higher ballot may have come in between. */
export function onAccept(paxos: Replica, { ballot, value }: Accept, from: NodeId): void {
  const { state, env, options } = paxos
  if (isLower(ballot, state.promised)) return refuse(paxos, ballot, from)
  remember(paxos, { type: 'accepted', ballot, value })
  if (options.acceptedTo === 'everybody') broadcast(paxos, { type: 'accepted', ballot, value })
  else env.send(from, { type: 'accepted', ballot, value })
  lookAfter(paxos)
}

/** Promises nothing, so it need not wait for the disk. */
function refuse({ state, env }: Replica, ballot: Ballot, from: NodeId): void {
  env.sendAhead(from, { type: 'refused', ballot, promised: state.promised })
}
