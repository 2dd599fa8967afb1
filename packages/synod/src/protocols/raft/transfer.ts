import { assert, type NodeId } from '../../core/index.ts'
import { lastIndex, membershipOf } from './log.ts'
import { followers, progressOf, sendEntries } from './replication.ts'
import type { Replica } from './replica.ts'

/** Leadership transfer (Ongaro §3.10): no proposals for a while, the target catches up, and then campaigns at once. */
export function transfer(raft: Replica, to: NodeId | undefined): boolean {
  const { state, env, options } = raft
  if (state.role !== 'leader') return false
  const target = to ?? mostCaughtUp(raft)
  if (target === undefined || target === env.self || !membershipOf(state).voters.includes(target)) return false
  state.transfer = target
  env.setTimer('transfer', options.electionTimeoutMin, options.electionTimeoutMin)
  sendEntries(raft, target)
  continueTransfer(raft)
  return true
}

/** The voter to hand leadership to. */
export function mostCaughtUp(raft: Replica): NodeId | undefined {
  let best: NodeId | undefined
  for (const follower of followers(raft)) {
    if (!membershipOf(raft.state).voters.includes(follower)) continue
    const { recentActive, matchIndex } = progressOf(raft, follower)
    if (recentActive && (best === undefined || matchIndex > progressOf(raft, best).matchIndex)) best = follower
  }
  return best
}

/** After each acknowledgement and at each heartbeat, since the word may be lost. */
export function continueTransfer(raft: Replica): void {
  const { state, env } = raft
  if (state.role !== 'leader' || state.transfer === undefined) return
  const { matchIndex } = progressOf(raft, state.transfer)
  assert(matchIndex <= lastIndex(state), 'log matching: nobody has more of a log than its leader (Figure 3)')
  if (matchIndex === lastIndex(state)) env.sendAhead(state.transfer, { type: 'timeoutNow', term: state.currentTerm })
}

/** The target did not take over within an election timeout: the leader goes on. */
export function endTransfer(raft: Replica): void {
  raft.state.transfer = undefined
}
