import { assert, type NodeId, type Term } from '../../core/index.ts'
import { compare, isLower, isSame } from './ballot.ts'
import { electorsOf, openElectorates, tallyAll } from './configuration.ts'
import { awaitElection, becomeFollower, promise } from './following.ts'
import { learnFrom } from './learning.ts'
import type { Ballot, Canvass, Prepare, Promise, Support } from './messages.ts'
import { adopt, promiseOf, promisers } from './promises.ts'
import { becomeLeader, proceed } from './proposing.ts'
import { isRepairing } from './repair.ts'
import type { Replica } from './replica.ts'

/** No leader was heard from: the election begins, from its start each time. */
export function onElectionTimeout(paxos: Replica): void {
  const { state } = paxos
  if (state.role === 'leader') return checkQuorum(paxos)
  awaitElection(paxos)
  becomeFollower(paxos, undefined)
  if (mayCampaign(paxos)) canvass(paxos)
}

/** Who votes in one of the slots that may be open, and has forgotten nothing. */
export function mayCampaign(paxos: Replica): boolean {
  const { state, env, options } = paxos
  return !isRepairing(paxos) && electorsOf(openElectorates(state, options.alpha)).includes(env.self)
}

/** Asks who would promise the next round; nobody promises anything for that. */
function canvass(paxos: Replica): void {
  const { state, env, options } = paxos
  state.role = 'canvasser'
  const round = nextRound(paxos)
  const { promised, decided } = state
  for (const id of electorsOf(openElectorates(state, options.alpha))) {
    if (id === env.self) env.send(id, { type: 'support', round, granted: true, promised, decided })
    else env.send(id, { type: 'canvass', round, decided })
  }
}

function nextRound({ state }: Replica): Term {
  return Math.max(state.promised.round, state.seen) + 1
}

/** Granted where no leader is heard, and where the candidate could learn all that it lacks without a snapshot. */
export function onCanvass(paxos: Replica, { round, decided }: Canvass, from: NodeId): void {
  const { state, env } = paxos
  if (isRepairing(paxos) || hasLiveLeader(paxos)) return
  const granted = round > state.promised.round && decided >= state.compacted
  env.send(from, { type: 'support', round, granted, promised: state.promised, decided: state.decided })
}

/** Within a minimum election timeout of hearing from a leader, candidates are ignored; a leader without a quorum steps down by itself. */
function hasLiveLeader({ state }: Replica): boolean {
  return state.role === 'leader' || (state.leader !== undefined && state.heard)
}

/** With the support of every quorum that may be needed, phase 1 begins. */
export function onSupport(paxos: Replica, message: Support, from: NodeId): void {
  const { state, options } = paxos
  state.seen = Math.max(state.seen, message.promised.round)
  if (state.role !== 'canvasser') return
  if (!message.granted && message.decided > state.decided) learnFrom(paxos, from)
  if (message.round <= state.promised.round) return
  state.votes[from] ??= message.granted
  const result = tallyAll(openElectorates(state, options.alpha), state.votes)
  if (result === 'lost') becomeFollower(paxos, undefined)
  else if (result === 'won') campaign(paxos, false)
}

/** Phase 1a. The ballot is durable before anybody hears of it, so that it is never used again. */
export function campaign(paxos: Replica, transfer: boolean): void {
  const { state, env, options } = paxos
  assert(state.role !== 'leader', 'a leader does not campaign')
  assert(!isRepairing(paxos), 'who has forgotten what it accepted does not campaign')
  becomeFollower(paxos, undefined)
  const ballot = { round: nextRound(paxos), id: env.self }
  promise(paxos, ballot)
  state.role = 'candidate'
  state.adopted = {}
  awaitElection(paxos)
  for (const id of electorsOf(openElectorates(state, options.alpha))) {
    if (id === env.self) env.send(id, promiseOf(paxos, state.decided + 1))
    else env.send(id, { type: 'prepare', ballot, from: state.decided + 1, transfer })
  }
}

/**
 * Phase 1b. One promise a round: a second ballot of the same round would be higher too, but members take the round for
 * the leader's term (README, "Terms").
 */
export function onPrepare(paxos: Replica, { ballot, from: first, transfer }: Prepare, from: NodeId): void {
  const { state, env } = paxos
  assert(ballot.id === from, 'only its own member prepares a ballot')
  state.seen = Math.max(state.seen, ballot.round)
  if (isRepairing(paxos)) return
  if (!isSame(ballot, state.promised)) {
    if (ballot.round <= state.promised.round) return env.send(from, { type: 'refused', promised: state.promised })
    if (!transfer && hasLiveLeader(paxos)) return
    becomeFollower(paxos, undefined)
    promise(paxos, ballot)
  }
  if (state.leader === undefined) awaitElection(paxos)
  env.send(from, promiseOf(paxos, first))
}

/** What an acceptor reports counts whenever it comes, as long as nothing was proposed in the slot. */
export function onPromise(paxos: Replica, message: Promise, from: NodeId): void {
  const { state, env } = paxos
  const isOwn = (state.role === 'candidate' || state.role === 'leader') && isSame(message.ballot, state.promised)
  if (!isOwn || message.ballot.id !== env.self) return
  const before = state.promises[from]
  // What is decided meanwhile need not be reported.
  const reported = Math.max(before?.through ?? 0, state.decided)
  if (before?.complete === true || message.from > reported + 1) return
  if (message.decided > state.decided) {
    // What is chosen is not reported but learned, before anything is proposed there.
    learnFrom(paxos, from)
    if (state.role === 'leader') return
    state.behind = Math.max(state.behind, message.decided)
  }
  for (const { slot, ballot, value } of message.accepted) {
    assert(compare(ballot, state.promised) <= 0, 'what is reported was accepted in a lower ballot')
    adopt(paxos, slot, { ballot, value })
  }
  const { through } = message
  state.promises[from] = { through: through ?? 0, complete: through === undefined }
  if (through !== undefined) {
    // It gets on: with many slots open, its time must not be over before it has heard of all.
    if (state.role === 'candidate') awaitElection(paxos)
    const rest = { type: 'prepare', ballot: message.ballot, from: through + 1, transfer: false } as const
    if (from === env.self) env.send(from, promiseOf(paxos, through + 1))
    else env.send(from, rest)
  }
  if (state.role === 'leader') proceed(paxos)
  else lead(paxos)
}

/** Phase 1 is over when every quorum that an open slot may need has promised, and all that they know to be chosen is known here. */
export function lead(paxos: Replica): void {
  const { state, options } = paxos
  if (state.role !== 'candidate' || state.decided < state.behind) return
  if (tallyAll(openElectorates(state, options.alpha), promisers(paxos)) === 'won') becomeLeader(paxos)
}

/** A higher ballot was promised somewhere: this one is over. */
export function onRefused(paxos: Replica, promised: Ballot): void {
  const { state } = paxos
  state.seen = Math.max(state.seen, promised.round)
  if (!isLower(state.promised, promised)) return
  if (state.role !== 'follower') becomeFollower(paxos, undefined)
}

/** A leader that did not hear from a quorum within an election timeout steps down. */
function checkQuorum(paxos: Replica): void {
  const { state, env, options } = paxos
  const active: Record<NodeId, boolean> = { [env.self]: true }
  for (const [id, progress] of Object.entries(state.progress)) {
    active[id] = id === env.self || progress.recentActive
    progress.wasActive = progress.recentActive
    progress.recentActive = false
    if (progress.parting !== undefined && --progress.parting.left === 0) delete state.progress[id]
  }
  const [electorate] = openElectorates(state, options.alpha)
  if (electorate === undefined || tallyAll([electorate], active) !== 'won') becomeFollower(paxos, undefined)
  else env.setTimer('election', options.electionTimeoutMin, options.electionTimeoutMin)
}
