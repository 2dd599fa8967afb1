import { assert, present, type Index, type NodeId } from '../../core/index.ts'
import { highest, isLower, isSame } from './ballot.ts'
import { goesBy, pushedThrough } from './configuration.ts'
import { hardState } from './durable.ts'
import { awaitElection, becomeFollower, promise } from './following.ts'
import { acceptedAt, chosenAt, isSameValue, isVoid, positionOf, within } from './log.ts'
import type { Accepted, Chosen, InstallSnapshot, Learn, Placed } from './messages.ts'
import { record, type Replica } from './replica.ts'

/** The next slot is chosen, and the log has its value: it is decided. */
export function decideNext(paxos: Replica): void {
  const { state, env } = paxos
  const slot = ++state.decided
  const { value } = chosenAt(state, slot)
  // A leader may also learn of one that is chosen from somebody else.
  state.uncommittedBytes -= state.open[slot]?.bytes ?? 0
  delete state.open[slot]
  const { term, command, membership } = value
  // Its origin has given it up: it may have proposed it again already (README, "Terms").
  if (isVoid(value, state.decidedTerm)) return env.decide(slot, 0, undefined)
  state.decidedTerm = Math.max(state.decidedTerm, term)
  if (membership !== undefined) place(paxos, slot)
  env.decide(slot, term, command)
}

/** From α slots later on this membership decides. Whatever is asked next is asked of it. */
function place(paxos: Replica, slot: Index): void {
  const { state } = paxos
  const { membership } = chosenAt(state, slot).value
  const newest = state.memberships.at(-1)
  if (membership === undefined || slot <= (newest?.index ?? -1)) return
  // The first slot says what the first members know already.
  if (slot === 1 && newest !== undefined && newest.membership.voters.length > 0) return
  state.memberships.push({ index: slot, membership })
  lookAtMembership(paxos)
}

/** By which membership the member goes, after anything that may have changed it. What it goes by on is durable. */
export function lookAtMembership(paxos: Replica): void {
  const { state, options } = paxos
  const next = goesBy(state, options.alpha)
  const { goesBy: before } = state
  const isNew = before.index !== next.index || before.settled !== next.settled || before.membership.voters.length === 0
  if (isNew) state.goesBy = next
  if (state.claimed < state.decided && (isNew || isChanging(paxos))) vouch(paxos)
}

/** The newest change is not over: those who were voters before it may be needed yet. Who is being repaired counts for nothing. */
export function isChanging({ state, options }: Replica): boolean {
  return state.repair === undefined && state.stable < pushedThrough(state, options.alpha)
}

/**
 * The old voters go for good once a quorum of the new ones has decided all that needs the old. Whoever counts for that must
 * not forget it with its power: it is durable before it is said, and a leader says it to itself as well.
 */
export function vouch(paxos: Replica): void {
  const { state, env } = paxos
  if (state.claimed < state.decided) record(paxos, { type: 'hard', ...hardState(state) })
  const { role, promised: ballot, decided, round } = state
  if (role === 'leader') env.send(env.self, { type: 'accepted', ballot, slots: [], decided, round })
}

/** A learner that is behind asks one that is not; again after a while, for the question or the answer may be lost. */
export function learnFrom(paxos: Replica, from: NodeId): void {
  const { state, env, options } = paxos
  if (state.learning) return
  state.learning = true
  env.setTimer('learn', options.electionTimeoutMin / 2, options.electionTimeoutMin / 2)
  env.send(from, { type: 'learn', from: state.decided + 1 })
}

/** Any member that knows more answers, whoever leads: what is chosen is chosen. */
export function onLearn(paxos: Replica, { from: first }: Learn, from: NodeId): void {
  const { state, env, options } = paxos
  if (first > state.decided) return
  if (first <= state.compacted) {
    const { snapshot } = state
    if (snapshot !== undefined) env.sendAhead(from, { type: 'installSnapshot', snapshot })
    return
  }
  const all: Accepted[] = []
  for (let slot = first, bytes = 0; slot <= state.decided && bytes <= options.maxMessageBytes; slot++) {
    const chosen = chosenAt(state, slot)
    bytes += chosen.value.command?.bytes.length ?? 64
    all.push(chosen)
  }
  const values = within(all, options.maxMessageBytes)
  env.sendAhead(from, { type: 'chosen', first, values, decided: state.decided })
}

/** What is chosen is written down as accepted, in the ballot in which whoever tells it has it. */
export function onChosen(paxos: Replica, { first, values, decided }: Chosen, from: NodeId): void {
  const { state, env } = paxos
  const last = first + values.length - 1
  if (first > state.decided + 1 || last <= state.decided) return
  // Nobody keeps a value of a higher ballot than it has promised.
  const top = values.reduce((ballot, value) => highest(ballot, value.ballot), state.promised)
  const isHigher = isLower(state.promised, top)
  // A leader knows by phase 1 of all that was chosen before its ballot.
  const isDeposed = state.role === 'leader' && last >= state.nextSlot
  if (isDeposed || isHigher) becomeFollower(paxos, undefined)
  if (isHigher) promise(paxos, top)
  const accepted: Placed[] = []
  for (const [i, { ballot, value }] of values.entries()) {
    const slot = first + i
    if (slot <= state.decided) continue
    const own = acceptedAt(state, slot)
    const isNewer = own !== undefined && !isLower(own.ballot, ballot)
    assert(!isNewer || isSameValue(own.value, value), `one value a slot: ${slot} is chosen already`)
    if (!isNewer) accepted.push({ slot, ballot, value })
  }
  if (accepted.length > 0) record(paxos, { type: 'accepted', ...hardState(state), accepted })
  while (state.decided < last) decideNext(paxos)
  state.learning = false
  env.clearTimer('learn')
  if (state.decided < decided) learnFrom(paxos, from)
  goOn(paxos)
}

/** What was missing is there: a candidate has made progress. */
function goOn(paxos: Replica): void {
  const { state } = paxos
  for (const slot of Object.keys(state.adopted).map(Number)) if (slot <= state.decided) delete state.adopted[slot]
  if (state.role === 'candidate') awaitElection(paxos)
}

/** The bytes are durable here. What it covers is gone; what was accepted behind it stays. */
export function onInstallSnapshot(paxos: Replica, { snapshot }: InstallSnapshot): void {
  const { state, env } = paxos
  if (snapshot.index <= state.decided) return
  if (state.role === 'leader') becomeFollower(paxos, undefined)
  record(paxos, { type: 'snapshot', ...hardState(state), snapshot, through: snapshot.index })
  state.decided = snapshot.index
  state.decidedTerm = snapshot.term
  state.learning = false
  env.clearTimer('learn')
  env.install(snapshot)
  goOn(paxos)
}

/** As far as this leader's word goes: what was accepted in its own ballot is what it says is chosen. */
export function decideThrough(paxos: Replica, through: Index): void {
  const { state } = paxos
  while (state.decided < through) {
    const next = acceptedAt(state, state.decided + 1)
    if (next === undefined || !isSame(next.ballot, state.promised)) return
    decideNext(paxos)
  }
}

/** The snapshot with which the state machine begins, and what is known to be decided behind it. */
export function decideAgain(paxos: Replica): void {
  const { state } = paxos
  const base = positionOf(state.snapshot)
  state.decided = base.index
  state.decidedTerm = base.term
  while (state.decided < state.claimed) {
    present(acceptedAt(state, state.decided + 1), 'what a record says to be decided is in those before it')
    decideNext(paxos)
  }
}
