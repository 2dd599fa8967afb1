import {
  assert,
  committedIndex,
  membersOf,
  present,
  tally,
  type Index,
  type Membership,
  type NodeId,
} from '../../core/index.ts'
import { isLower, isSame } from './ballot.ts'
import { electorateAt, pushedThrough } from './configuration.ts'
import { hardState } from './durable.ts'
import { decideNext, isChanging, vouch } from './learning.ts'
import { acceptedAt, chosenAt, lastIndex, pieces, valueBytes } from './log.ts'
import type { Accept, AcceptedSlots, Proposal, Value } from './messages.ts'
import { prepareRest, promisers } from './promises.ts'
import { record, type Replica } from './replica.ts'
import type { Progress } from './state.ts'

/** For how many election timeouts a removed member is still sent to, if it does not answer. */
const partingTimeouts = 10

/** Phase 1 is over, for all slots at once. */
export function becomeLeader(paxos: Replica): void {
  const { state, env, options } = paxos
  assert(state.role === 'candidate' && state.promised.id === env.self, 'a leader has promised its own ballot')
  state.role = 'leader'
  state.leader = env.self
  state.votes = {}
  state.progress = {}
  state.open = {}
  state.nextSlot = state.decided + 1
  state.termStart = 0
  state.changedAt = 0
  state.round = 0
  state.uncommittedBytes = 0
  state.reads = []
  state.transfer = undefined
  followMembers(paxos)
  env.clearTimer('lease')
  env.setTimer('election', options.electionTimeoutMin, options.electionTimeoutMin)
  beginBeat(paxos)
  proceed(paxos)
  for (const follower of followers(paxos)) sendAccept(paxos, follower, [])
}

/** The members by what is decided, and for a while those that were removed. */
export function followMembers({ state, env }: Replica): void {
  const { membership } = state.goesBy
  const members = [...membersOf(membership), env.self]
  for (const id of members) {
    if (state.progress[id] === undefined || state.progress[id]?.parting !== undefined)
      state.progress[id] = newProgress(state.nextSlot - 1)
  }
  for (const [id, progress] of Object.entries(state.progress)) {
    if (!members.includes(id)) progress.parting ??= { round: state.round, left: partingTimeouts }
  }
}

function newProgress(accepted: Index): Progress {
  return { recentActive: false, wasActive: false, round: 0, decided: 0, told: 0, accepted, parting: undefined }
}

export function followers({ state, env }: Replica): NodeId[] {
  return Object.keys(state.progress).filter((id) => id !== env.self)
}

/** Heard from within the last one or two election timeouts. */
export function isActive({ recentActive, wasActive }: Progress): boolean {
  return recentActive || wasActive
}

/** Whether a value may be proposed for a slot: who decides on it is known, and has promised. */
function mayPropose(paxos: Replica, slot: Index): boolean {
  const { state, options } = paxos
  if (slot > state.decided + options.alpha) return false
  return tally(electorateAt(state, slot, options.alpha), promisers(paxos)) === 'won'
}

/** The highest slot of which phase 1 found something, and which is not proposed yet. */
function lastAdopted({ state }: Replica): Index {
  return Math.max(0, ...Object.keys(state.adopted).map(Number))
}

/** Whether there is room for something new. */
export function hasRoom(paxos: Replica, value: Value): boolean {
  const { state, options } = paxos
  if (state.role !== 'leader' || state.transfer !== undefined || state.termStart === 0) return false
  if (state.nextSlot <= lastAdopted(paxos) || !mayPropose(paxos, state.nextSlot)) return false
  // One command always fits where nothing is open, whatever its size.
  return state.uncommittedBytes === 0 || state.uncommittedBytes + valueBytes(value) <= options.maxUncommittedBytes
}

/**
 * As far as slots are open: what phase 1 found, no-ops in the holes between, then the no-op with which the ballot begins,
 * and no-ops that push a change of the membership to where it is in force.
 */
export function proceed(paxos: Replica): void {
  const { state } = paxos
  if (state.role !== 'leader') return
  const proposals: Proposal[] = []
  const last = lastAdopted(paxos)
  const { round } = state.promised
  const pushed = pushedThrough(state, paxos.options.alpha)
  for (let slot = state.nextSlot; mayPropose(paxos, slot); slot++) {
    const adopted = state.adopted[slot]
    let value: Value | undefined
    if (adopted !== undefined) ({ value } = adopted)
    else if (slot < last) value = filler(paxos, slot)
    else if (state.termStart === 0) {
      value = { ...filler(paxos, slot), term: round }
      state.termStart = slot
    } else if (slot <= pushed) value = { term: 0 }
    if (value === undefined) break
    delete state.adopted[slot]
    proposals.push({ slot, value })
  }
  propose(paxos, proposals)
}

/** Nothing; but the first slot of all names the first membership: who joins later, with an empty disk, has to know it too. */
function filler({ state }: Replica, slot: Index): Value {
  return slot === 1 ? { term: 0, membership: state.goesBy.membership } : { term: 0 }
}

/** A value of the leader's own, for the next slot. */
export function proposeNew(paxos: Replica, value: Value): Index {
  assert(hasRoom(paxos, value), 'new values come behind all that phase 1 found')
  const slot = paxos.state.nextSlot
  propose(paxos, [{ slot, value }])
  return slot
}

/**
 * Phase 2a, pipelined. What is proposed is on its way to the others before it is on this disk; that it is, is told by the
 * acknowledgement to oneself, which waits for it.
 */
function propose(paxos: Replica, proposals: readonly Proposal[]): void {
  const { state, env, options } = paxos
  if (proposals.length === 0) return
  for (const { slot, value } of proposals) {
    assert(slot === state.nextSlot && state.open[slot] === undefined, 'one value a slot and ballot')
    const accepted = acceptedAt(state, slot)
    assert(accepted === undefined || isLower(accepted.ballot, state.promised), 'one value a slot and ballot')
    state.nextSlot++
    const bytes = valueBytes(value)
    state.open[slot] = { accepted: [], chosen: false, bytes, sent: state.round }
    state.uncommittedBytes += bytes
  }
  for (const piece of pieces(proposals, options.maxMessageBytes)) {
    for (const follower of followers(paxos)) sendAccept(paxos, follower, piece)
    const ballot = state.promised
    const accepted = piece.map(({ slot, value }) => ({ slot, ballot, value }))
    record(paxos, { type: 'accepted', ...hardState(state), accepted })
    const slots = piece.map(({ slot }) => slot)
    env.send(env.self, { type: 'accepted', ballot, slots, decided: state.decided, round: state.round })
  }
}

export function sendAccept(paxos: Replica, to: NodeId, proposals: Accept['proposals'], isNews = false): void {
  const { state, env } = paxos
  const { promised: ballot, decided, stable, round } = state
  env.sendAhead(to, { type: 'accept', ballot, proposals, decided, stable, round }, isNews)
  progressOf(paxos, to).told = decided
}

export function progressOf({ state }: Replica, id: NodeId): Progress {
  return present(state.progress[id], 'the leader follows the progress of whom it sends to')
}

/** The next round of heartbeats. */
function beginBeat({ state, env, options }: Replica): void {
  state.round++
  state.beats = { previous: state.beats.latest, latest: state.round, decided: state.decided }
  env.setTimer('heartbeat', options.heartbeatInterval, options.heartbeatInterval)
}

/** A heartbeat to all; and what was sent before the one before it, and is not accepted yet, is lost and sent again. */
export function beat(paxos: Replica): void {
  const { state } = paxos
  assert(state.role === 'leader', 'only a leader sends heartbeats')
  beginBeat(paxos)
  prepareRest(paxos)
  proceed(paxos)
  if (isChanging(paxos)) vouch(paxos)
  const late = Object.keys(state.open)
    .map(Number)
    .filter((slot) => (state.open[slot]?.sent ?? 0) < state.beats.previous)
  for (const follower of followers(paxos)) {
    sendAccept(paxos, follower, [])
    if (isActive(progressOf(paxos, follower))) sendAgain(paxos, follower, late)
  }
  for (const slot of late) {
    const open = state.open[slot]
    if (open !== undefined) open.sent = state.round
  }
}

function sendAgain(paxos: Replica, to: NodeId, late: readonly Index[]): void {
  const { state, options } = paxos
  const missing = late.flatMap((slot) => {
    const accepted = acceptedAt(state, slot)
    return accepted === undefined || state.open[slot]?.accepted.includes(to) === true
      ? []
      : [{ slot, value: accepted.value }]
  })
  for (const piece of pieces(missing, options.maxMessageBytes)) sendAccept(paxos, to, piece)
}

/**
 * Phase 2b arrives: a slot is chosen when a quorum of its own electorate has accepted it in this very ballot. False: it is
 * about another one, and nothing follows from it.
 */
export function onAccepted(paxos: Replica, message: AcceptedSlots, from: NodeId): boolean {
  const { state, options } = paxos
  const progress = state.progress[from]
  if (state.role !== 'leader' || !isSame(message.ballot, state.promised) || progress === undefined) return false
  progress.recentActive = true
  progress.round = Math.max(progress.round, message.round)
  progress.decided = Math.max(progress.decided, message.decided)
  progress.accepted = Math.max(progress.accepted, ...message.slots)
  for (const slot of message.slots) {
    const open = state.open[slot]
    if (open === undefined || open.chosen || open.accepted.includes(from)) continue
    open.accepted.push(from)
    const votes = Object.fromEntries(open.accepted.map((id) => [id, true]))
    open.chosen = tally(electorateAt(state, slot, options.alpha), votes) === 'won'
  }
  const before = state.decided
  advance(paxos)
  if (state.decided > before) for (const follower of followers(paxos)) tellDecided(paxos, follower)
  else if (from !== paxos.env.self) tellDecided(paxos, from)
  const { parting } = progress
  if (parting !== undefined && progress.round > parting.round) delete state.progress[from]
  return true
}

/** Slots are chosen in any order, and decided in theirs. */
function advance(paxos: Replica): void {
  const { state } = paxos
  const before = state.decided
  while (state.open[state.decided + 1]?.chosen === true) decideNext(paxos)
  state.stable = Math.max(state.stable, stableIndex(paxos))
  if (state.decided === before) return
  assert(state.decided <= lastIndex(state), 'nothing is decided that was not accepted')
  proceed(paxos)
}

/** What a quorum of the newest voters has decided, on its disks: whoever was a voter before is needed no more for that. */
function stableIndex({ state }: Replica): Index {
  const { voters } = present(state.memberships.at(-1), 'a leader knows a membership').membership
  return Math.min(
    state.decided,
    committedIndex({ voters, outgoing: [] }, (id) => state.progress[id]?.decided),
  )
}

/**
 * Who waits for its own clients' commands must not wait for a heartbeat to learn that they are decided. As long as something
 * is under way to it, its answer will be the occasion: told before, it would be told of what it may not have yet.
 */
function tellDecided(paxos: Replica, to: NodeId): void {
  const { state } = paxos
  const { accepted, told } = progressOf(paxos, to)
  if (accepted >= state.nextSlot - 1 && told < state.decided) sendAccept(paxos, to, [], nobodyWaits(paxos, to, told))
}

/** What it was told of as news may not have left yet, and is waited for from now on. */
export function tellHeir(paxos: Replica, to: NodeId): void {
  const { state } = paxos
  const { accepted, decided } = progressOf(paxos, to)
  if (accepted >= state.nextSlot - 1 && decided < state.decided) sendAccept(paxos, to, [])
}

/** All that it was not told of are commands of others: no client at `to` waits for it, nor does a hand-over. */
function nobodyWaits({ state }: Replica, to: NodeId, told: Index): boolean {
  if (to === state.transfer || told < state.compacted) return false
  for (let slot = told + 1; slot <= state.decided; slot++) {
    const { command } = chosenAt(state, slot).value
    if (command === undefined || command.origin === to) return false
  }
  return true
}

/** Everybody that a change asks for, as the next membership that follows from it. */
export function proposeMembership(paxos: Replica, membership: Membership): Index {
  const { state } = paxos
  const slot = proposeNew(paxos, { term: state.promised.round, membership })
  state.changedAt = slot
  return slot
}
