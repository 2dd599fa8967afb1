import { membersOf, type NodeId } from '../../core/index.ts'
import { highest } from './ballot.ts'
import { digestOf, hardState } from './durable.ts'
import { lastIndex } from './log.ts'
import type { PlacedMembers, Repair, TellPromise } from './messages.ts'
import { record, type Replica } from './replica.ts'

/**
 * A member whose journal has a hole may have promised and accepted what it no longer knows. Until that can no longer
 * matter it promises nothing: a candidate must not take its silence about a slot for nothing accepted (README, "Repair").
 */
export function isRepairing({ state }: Replica): boolean {
  return state.repair !== undefined
}

/** Not even its newest promise is known: an acceptance might break it. */
export function mayAccept({ state }: Replica): boolean {
  return state.repair?.known !== false
}

/** Nobody is left whom it could ask: none is known, or it is the only one. */
export function isStranded({ state, env }: Replica): boolean {
  return state.repair !== undefined && toAsk(env.self, knownMembers(state, state.repair), []).length === 0
}

/** By what can be read of the log, and by what was told before. */
function knownMembers({ memberships }: Replica['state'], repair: Repair): PlacedMembers[] {
  const own = memberships.map(({ index, membership }) => ({ index, members: membersOf(membership) }))
  return merged([...repair.members, ...own])
}

/** After the last record: asks all others how far they have gone. */
export function beginRepair(paxos: Replica): void {
  const { state, env } = paxos
  if (state.repair === undefined) return
  const members = knownMembers(state, state.repair)
  const awaiting = toAsk(env.self, members, [])
  const repair = { ...state.repair, known: false, round: undefined, awaiting, told: [], members }
  record(paxos, { type: 'repairing', ...hardState(state), repair })
  askPromises(paxos)
}

function merged(members: readonly PlacedMembers[]): PlacedMembers[] {
  const byIndex = new Map(members.map((placed) => [placed.index, placed]))
  return [...byIndex.values()].toSorted((a, b) => a.index - b.index)
}

/**
 * All members by the newest membership that anybody told of, and by the one before it, for its change may be under way:
 * whoever got a promise of this member has promised its own ballot before, and whoever accepted with it is an elector.
 */
function toAsk(self: NodeId, members: readonly PlacedMembers[], told: readonly NodeId[]): NodeId[] {
  const those = new Set(members.slice(-2).flatMap((placed) => placed.members))
  return [...those].filter((id) => id !== self && !told.includes(id)).toSorted()
}

/** Asked again until each of them has answered. */
export function askPromises({ state, env, options }: Replica): void {
  const { known, awaiting, told } = state.repair ?? { known: true, awaiting: [], told: [] }
  if (known) return
  // Those that have told too: meanwhile one that is awaited may have been removed.
  for (const peer of [...awaiting, ...told]) env.send(peer, { type: 'askPromise' })
  env.setTimer('repair', options.electionTimeoutMin, options.electionTimeoutMin)
}

/** Who does not know its own newest promise has nothing to tell: it may be what is looked for. */
export function onAskPromise(paxos: Replica, from: NodeId): void {
  const { state, env } = paxos
  if (!mayAccept(paxos)) return
  const last = Math.max(lastIndex(state), state.decided, state.nextSlot - 1, state.repair?.through ?? 0)
  const memberships = state.memberships
    .slice(-2)
    .map(({ index, membership }) => ({ index, members: membersOf(membership) }))
  env.send(from, { type: 'tellPromise', promised: state.promised, lastIndex: last, memberships })
}

/** No peer can have had a promise above its own one; nor can anything be chosen by this member's acceptance alone. */
export function onTellPromise(paxos: Replica, message: TellPromise, from: NodeId): void {
  const { state, env } = paxos
  const { repair } = state
  if (repair === undefined || repair.known) return
  const again = repair.told.includes(from)
  if (!again && !repair.awaiting.includes(from)) return
  const told = again ? repair.told : [...repair.told, from]
  const members = merged([...repair.members, ...message.memberships])
  const awaiting = toAsk(env.self, members, told)
  const through = Math.max(repair.through, message.lastIndex)
  const promised = highest(state.promised, message.promised)
  const known = awaiting.length === 0
  const next: Repair = { through, known, round: known ? promised.round : undefined, awaiting, told, members }
  record(paxos, { type: 'repairing', ...hardState(state), promised, repair: next })
  state.seen = Math.max(state.seen, promised.round)
  if (known) env.clearTimer('repair')
}

/**
 * Nothing that it may have forgotten can matter any more: all slots up to where it, or anybody, had accepted something are
 * decided here; or something that was first proposed in a later round is, and the leader of that round had the promises of
 * a quorum without this member, which told of everything that this one had helped to choose.
 */
export function endRepair(paxos: Replica): void {
  const { state } = paxos
  const { repair } = state
  if (repair?.known !== true) return
  if (state.decided < repair.through && state.decidedTerm <= (repair.round ?? Infinity)) return
  record(paxos, { type: 'repaired', ...hardState(state), digest: digestOf(state) })
}
