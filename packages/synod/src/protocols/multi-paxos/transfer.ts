import type { NodeId } from '../../core/index.ts'
import { followers, isActive, progressOf, tellHeir } from './proposing.ts'
import type { Replica } from './replica.ts'

/** Hands leadership over: nothing more is proposed, and once the target has decided all there is, it campaigns at once. */
export function transfer(paxos: Replica, to: NodeId | undefined): boolean {
  const { state, env, options } = paxos
  if (state.role !== 'leader') return false
  const target = to ?? mostCaughtUp(paxos)
  if (target === undefined || target === env.self || !state.goesBy.membership.voters.includes(target)) return false
  state.transfer = target
  env.setTimer('transfer', options.electionTimeoutMin, options.electionTimeoutMin)
  tellHeir(paxos, target)
  continueTransfer(paxos)
  return true
}

/** The voter to hand leadership to. */
export function mostCaughtUp(paxos: Replica): NodeId | undefined {
  let best: NodeId | undefined
  for (const follower of followers(paxos)) {
    if (!paxos.state.goesBy.membership.voters.includes(follower)) continue
    const progress = progressOf(paxos, follower)
    if (isActive(progress) && (best === undefined || progress.decided > progressOf(paxos, best).decided))
      best = follower
  }
  return best
}

/** After each acknowledgement and at each heartbeat, since the word may be lost. */
export function continueTransfer(paxos: Replica): void {
  const { state, env } = paxos
  if (state.role !== 'leader' || state.transfer === undefined) return
  const target = state.progress[state.transfer]
  if (target === undefined || state.nextSlot !== state.decided + 1 || target.decided < state.decided) return
  env.sendAhead(state.transfer, { type: 'handOver', ballot: state.promised })
}

/** The target did not take over within an election timeout: the leader goes on. */
export function endTransfer(paxos: Replica): void {
  paxos.state.transfer = undefined
}
