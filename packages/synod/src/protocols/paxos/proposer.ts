import { assert, type Command, type NodeId } from '../../core/index.ts'
import { isLower, isSame, type Promised, type Proposal, type Refused } from './messages.ts'
import { broadcast, remember, type Replica } from './replica.ts'
import type { Attempt } from './state.ts'

/** What a client asks: the first wish counts. */
export function wishFor(paxos: Replica, value: Command): void {
  const { state, env, options } = paxos
  if (state.wish !== undefined || state.chosen !== undefined) return
  state.wish = value
  const { distinguished = env.self } = options
  if (distinguished === env.self) return beginBallot(paxos)
  env.sendAhead(distinguished, { type: 'wish', value })
  lookAfter(paxos)
}

/**
 * Whoever has accepted something wants to know what was chosen, though the messages that say so may be lost: after a while
 * it has a ballot of its own (§2.3).
 */
export function lookAfter({ state, env, options }: Replica): void {
  if (state.attempt === undefined) env.setTimer('retry', options.patience, 2 * options.patience)
}

/** The ballot has led to nothing, or it is time for one. */
export function onRetry(paxos: Replica): void {
  if (paxos.state.chosen === undefined) beginBallot(paxos)
}

/** Phase 1a, with a ballot above all that it knows of. Its round is durable before anybody hears of it. */
function beginBallot(paxos: Replica): void {
  const { state, env, options } = paxos
  const round = Math.max(state.round, state.promised.round, state.heard) + 1
  remember(paxos, { type: 'began', round })
  const ballot = { round, id: env.self }
  assert(isLower(state.promised, ballot), 'a ballot is never used twice')
  state.attempt = { ballot, promises: {}, value: undefined }
  broadcast(paxos, { type: 'prepare', ballot })
  env.setTimer('retry', options.patience, 2 * options.patience)
}

/** Phase 2a, once a quorum has promised. */
export function onPromise(paxos: Replica, { ballot, accepted }: Promised, from: NodeId): void {
  const { state, quorums } = paxos
  const { attempt } = state
  if (attempt === undefined || !isSame(ballot, attempt.ballot) || attempt.value !== undefined) return
  assert(accepted === undefined || isLower(accepted.ballot, ballot), 'what is reported was accepted before')
  attempt.promises[from] = accepted ?? null
  if (Object.keys(attempt.promises).length < quorums.prepare) return
  const value = valueFor(attempt) ?? state.wish
  // It only wanted to know what was chosen: nothing is, and nothing that it knows of will be.
  if (value === undefined) return giveUp(paxos)
  attempt.value = value
  broadcast(paxos, { type: 'accept', ballot, value })
}

/** P2c: the value of the highest-numbered proposal that any of the quorum has accepted; undefined: it is free. */
function valueFor({ promises }: Attempt): Command | undefined {
  let highest: Proposal | undefined
  for (const report of Object.values(promises)) {
    if (report === null) continue
    if (highest === undefined || isLower(highest.ballot, report.ballot)) highest = report
  }
  return highest?.value
}

/** Another one was faster. It is given a random time to get through, and more of it each time (§2.4: progress). */
export function onRefused(paxos: Replica, { ballot, promised }: Refused): void {
  const { state, env, options } = paxos
  if (state.attempt === undefined || !isSame(ballot, state.attempt.ballot)) return
  state.heard = Math.max(state.heard, promised.round)
  state.attempt = undefined
  state.refusals++
  env.setTimer('retry', options.backOff, options.backOff * 2 ** Math.min(state.refusals, 4))
}

function giveUp({ state, env }: Replica): void {
  state.attempt = undefined
  env.clearTimer('retry')
}
