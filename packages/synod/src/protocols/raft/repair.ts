import type { Index, NodeId } from '../../core/index.ts'
import { connectLogToSnapshot, durablePart } from './durable.ts'
import { lastIndex, lastPosition, openMemberships, placedMembers, termAt } from './log.ts'
import type { PlacedMembers, Repair, TellTerm } from './messages.ts'
import { hardState, record, type Replica } from './replica.ts'
import type { RaftState } from './state.ts'

/**
 * A member whose journal has a hole may have acknowledged what it no longer has, and its vote may have elected the
 * leader that counted on it. Until its log is again what it said, it neither votes nor campaigns (README, "Repair").
 */
export function isRepairing(raft: Replica): boolean {
  return raft.state.repair !== undefined
}

/** Not even the newest term and vote are known: an acknowledgement might break a promise to a later leader. */
export function mayAcknowledge(raft: Replica): boolean {
  return raft.state.repair?.hardState !== false
}

/**
 * Without its newest term and vote it takes nothing from a leader, so it has to ask; and nothing that is left names anybody.
 * (With them a leader, who contacts it anyway, makes it whole.) Looked at after the last record, as `start` will find it.
 */
export function isStranded({ state, env }: Replica): boolean {
  if (state.repair === undefined) return false
  const begun = durablePart(state)
  connectLogToSnapshot(begun)
  return begun.repair?.hardState === false && !namesAnybody(knownMembers(begun), env.self)
}

/** How far the log went is known, and the newest term and vote. */
function isComplete({ hardState: known, bounded }: Repair): boolean {
  return known && bounded
}

/** By the log; if that was a newcomer's, and all of it is lost, by what can still be read behind the hole. */
function knownMembers({ memberships, repair }: RaftState): readonly PlacedMembers[] {
  const own = placedMembers(memberships)
  return namesAnybody(own) ? own : (repair?.known ?? own)
}

function namesAnybody(known: readonly PlacedMembers[], besides?: NodeId): boolean {
  return known.some(({ members }) => members.some((id) => id !== besides))
}

/** After the last record: says durably that from here on records are written by a member that does not know all it said. */
export function beginRepair(raft: Replica): void {
  const { state } = raft
  if (state.repair === undefined) return
  const known = knownMembers(state)
  const repair = {
    ...state.repair,
    term: state.repair.term ?? state.currentTerm,
    noted: true,
    awaiting: isComplete(state.repair) ? [] : toAsk(raft, known, [], 0),
    told: [],
    known,
    committed: 0,
  }
  record(raft, { type: 'repairing', ...hardState(state), repair })
  askTerms(raft)
}

function merged(known: readonly PlacedMembers[]): PlacedMembers[] {
  return [...new Map(known.map((placed) => [`${placed.index} ${placed.members.join(' ')}`, placed])).values()]
}

/**
 * All members by the newest membership that is committed, and by later ones: a leader whom this member may have helped
 * to elect since then has that membership in its log (§5.4), and the terms before it are known to those who have it.
 */
function toAsk({ env }: Replica, known: readonly PlacedMembers[], told: readonly NodeId[], committed: Index): NodeId[] {
  const members = known.filter(({ index }) => index >= committed).flatMap((placed) => placed.members)
  return [...new Set(members)].filter((id) => id !== env.self && !told.includes(id))
}

/**
 * Asked again until each peer has answered: whoever got a forgotten vote knows its term, and what was decided because
 * this member acknowledged it is in the log of another one, or of the leader that counts on it.
 */
export function askTerms(raft: Replica): void {
  const { awaiting, told } = raft.state.repair ?? { awaiting: [], told: [] }
  if (awaiting.length === 0) return
  // Those that have told too: meanwhile one that is awaited may have been removed.
  for (const peer of [...awaiting, ...told]) raft.env.send(peer, { type: 'askTerm' })
  const { electionTimeoutMin } = raft.options
  raft.env.setTimer('repair', electionTimeoutMin, electionTimeoutMin)
}

/** Who does not know its own newest term, or how far its log went, has nothing to tell: it may be what is looked for. */
export function onAskTerm(raft: Replica, from: NodeId): void {
  const { repair, currentTerm: term } = raft.state
  if (repair !== undefined && !isComplete(repair)) return
  const through = Math.max(lastIndex(raft.state), repair?.through ?? 0)
  const memberships = placedMembers(openMemberships(raft.state))
  raft.env.send(from, { type: 'tellTerm', term, lastIndex: through, memberships })
}

/** No peer can know of a vote above its own term, which was durable before it asked for one; nor of entries beyond its log. */
export function onTellTerm(raft: Replica, message: TellTerm, from: NodeId): void {
  const { state } = raft
  const { repair } = state
  if (repair === undefined || repair.awaiting.length === 0) return
  const again = repair.told.includes(from)
  if (!again && !repair.awaiting.includes(from)) return
  const told = again ? repair.told : [...repair.told, from]
  const committed = Math.max(repair.committed, message.memberships[0]?.index ?? 0)
  const known = merged([...repair.known, ...message.memberships])
  const next = { ...repair, awaiting: toAsk(raft, known, told, committed), told, known, committed }
  // Nothing was promised since it told the first time.
  if (!again) {
    next.through = Math.max(repair.through, message.lastIndex)
    if (!repair.hardState) next.term = Math.max(repair.term ?? 0, message.term, state.currentTerm)
  }
  if (next.awaiting.length > 0) state.repair = next
  else {
    raft.env.clearTimer('repair')
    record(raft, { type: 'repairing', ...hardState(state), repair: { ...next, hardState: true, bounded: true } })
  }
}

/** Something of a leader was taken. */
export function proceedWithRepair(raft: Replica): void {
  askThoseInTheLog(raft)
  endRepair(raft)
}

/** Who knew nobody to ask how far its log went hears from its leader who the members are. */
function askThoseInTheLog(raft: Replica): void {
  const { state } = raft
  const { repair } = state
  if (repair === undefined || isComplete(repair) || repair.awaiting.length > 0) return
  const known = placedMembers(state.memberships)
  const awaiting = toAsk(raft, known, [], 0)
  if (awaiting.length === 0) return
  state.repair = { ...repair, awaiting, known }
  askTerms(raft)
}

/**
 * The log equals that of the current leader up to `verified`. Nothing that this member ever acknowledged, and that may
 * be decided, is missing from it when it reaches as far as the lost log did, or when it contains an entry of a leader
 * that was elected, without this member's vote, after all that it may have acknowledged.
 */
function endRepair(raft: Replica): void {
  const { state } = raft
  const { repair } = state
  // The leader of this term is elected: whoever else this member may have voted for in it was not, and must not be now.
  if (repair === undefined || !repair.hardState || state.leader === undefined) return
  const votedFor = state.votedFor ?? state.leader
  const reachesEnd = repair.bounded && state.verified >= repair.through
  const hasLaterLeader =
    state.currentTerm > (repair.term ?? Infinity) && termAt(state, state.verified) === state.currentTerm
  if (reachesEnd || hasLaterLeader) {
    const { currentTerm, snapshot } = state
    record(raft, { type: 'repaired', currentTerm, votedFor, last: lastPosition(state), snapshot })
  }
}
