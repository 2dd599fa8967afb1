import { assert } from '../../core/index.ts'
import { highest, isLower } from './ballot.ts'
import { compactThrough, lastIndex, positionOf, put } from './log.ts'
import type { CheckpointRecord, Durable, Repair, SnapshotRecord } from './messages.ts'
import { initialState, type MultiPaxosState } from './state.ts'

/** Makes the state what a record says. What a running member writes is never older than its state; what it reads may be. */
export function fold(state: MultiPaxosState, record: Durable): void {
  state.promised = highest(state.promised, record.promised)
  switch (record.type) {
    case 'hard':
      break
    case 'accepted':
      for (const placed of record.accepted) put(state, placed)
      break
    case 'snapshot':
      foldSnapshot(state, record)
      break
    case 'checkpoint':
      foldCheckpoint(state, record)
      break
    case 'repairing':
      state.repair = record.repair
      break
    case 'repaired':
      state.repair = undefined
      cutToSnapshot(state)
  }
  if (state.repair === undefined && record.type !== 'checkpoint')
    state.claimed = Math.max(state.claimed, record.decided)
}

function foldSnapshot(state: MultiPaxosState, { snapshot, through }: SnapshotRecord): void {
  if (snapshot.index >= positionOf(state.snapshot).index) state.snapshot = snapshot
  if (through > state.compacted) compactThrough(state, through)
  const { memberships, decided } = state
  if (snapshot.index > decided) {
    // Installed, or read again: of the memberships before it, it says what they have come to.
    const later = memberships.filter(({ index }) => index > snapshot.index)
    state.memberships = [{ index: snapshot.index, membership: snapshot.membership }, ...later]
  }
  // One that is compacted says what is in force, and the one before it what was until α slots later.
  while ((state.memberships[2]?.index ?? Infinity) <= through) state.memberships.shift()
  if (state.repair === undefined) state.claimed = Math.max(state.claimed, snapshot.index)
}

function isFresh(state: MultiPaxosState): boolean {
  return state.memberships.length === 0
}

function foldCheckpoint(state: MultiPaxosState, { last, snapshot, memberships, repair }: CheckpointRecord): void {
  if (isFresh(state)) {
    state.compacted = last
    state.log = []
    state.snapshot = snapshot
    if (repair !== undefined) state.repair = repair
  }
  // What is chosen stays chosen: a later head knows at least those that are still of use.
  if (memberships.at(-1) !== undefined && (memberships.at(-1)?.index ?? 0) >= (state.memberships.at(-1)?.index ?? 0))
    state.memberships = [...memberships]
}

/** What a recovery reads. With a part missing before it, a record proves what it says, but not that nothing was lost. */
export function restore(state: MultiPaxosState, record: Durable): void {
  const { repair } = state
  if (repair === undefined) return fold(state, record)
  if (record.type === 'repaired' && record.digest === digestOf(state)) return fold(state, record)
  fold(state, record.type === 'repaired' ? { ...record, type: 'hard' } : record)
  const noted = record.type === 'repairing' ? record.repair : undefined
  state.repair = {
    ...unknown,
    through: Math.max(repair.through, noted?.through ?? 0, record.decided, lastIndex(state)),
    members: noted?.members ?? repair.members,
  }
}

const unknown: Repair = { through: 0, known: false, round: undefined, awaiting: [], told: [], members: [] }

/** A part of the journal cannot be read here. */
export function loseRecords(state: MultiPaxosState): void {
  state.repair = { ...unknown, through: Math.max(lastIndex(state), state.claimed) }
}

/** The newest snapshot cannot be read: without the state before it the log is of no use, only its length still counts. */
export function loseSnapshot(state: MultiPaxosState): void {
  giveUpLog(state)
  state.snapshot = undefined
}

function giveUpLog(state: MultiPaxosState): void {
  const through = Math.max(state.repair?.through ?? 0, lastIndex(state), state.claimed)
  state.repair = { ...unknown, through }
  state.log = []
  state.compacted = 0
  state.claimed = 0
}

/** After the last record: the state machine begins with the snapshot, so what is decided must go on from it. */
export function connectLogToSnapshot(state: MultiPaxosState): void {
  const base = positionOf(state.snapshot)
  if (state.compacted > base.index) {
    // A record of a newer snapshot was lost, and what that one covers is cut off already.
    giveUpLog(state)
    compactThrough(state, base.index)
  }
  if (state.repair !== undefined) cutToSnapshot(state)
  state.claimed = Math.max(state.claimed, base.index)
}

/** With a hole somewhere, what lies before the snapshot may be lost in part: peers are not given it. */
function cutToSnapshot(state: MultiPaxosState): void {
  const base = positionOf(state.snapshot)
  if (base.index > state.compacted) compactThrough(state, base.index)
}

/** Of what was accepted behind the snapshot: a slot and a ballot have one value. */
export function digestOf({ log, compacted, snapshot }: MultiPaxosState): number {
  let digest = 0x811c9dc5
  const add = (number: number): void => {
    digest = Math.imul(digest ^ (number % 0x1_0000_0000), 0x01000193) >>> 0
  }
  const base = positionOf(snapshot).index
  for (const [i, accepted] of log.entries()) {
    const slot = compacted + 1 + i
    if (slot <= base || accepted === undefined) continue
    add(slot)
    add(accepted.ballot.round)
    for (let at = 0; at < accepted.ballot.id.length; at++) add(accepted.ballot.id.charCodeAt(at))
  }
  return digest
}

/** The persistent part of a state, as a state of its own that goes on by folding records. */
export function durablePart(state: MultiPaxosState): MultiPaxosState {
  const { promised, log, compacted, snapshot, memberships, claimed, repair } = state
  const persistent = { promised, log: [...log], compacted, snapshot, memberships: [...memberships], claimed, repair }
  return { ...initialState(), ...persistent }
}

/** All but the log: for the head of a segment. */
export function checkpointOf(state: MultiPaxosState): CheckpointRecord {
  const { promised, decided, snapshot, memberships, repair } = state
  return {
    type: 'checkpoint',
    promised,
    decided,
    last: lastIndex(state),
    snapshot,
    memberships: [...memberships],
    repair,
  }
}

/** What every record repeats. */
export function hardState(state: MultiPaxosState): Pick<Durable, 'promised' | 'decided'> {
  return { promised: state.promised, decided: state.decided }
}

/** A running member never writes that it promised less than it did. */
export function assertForward(state: MultiPaxosState, record: Durable): void {
  assert(!isLower(record.promised, state.promised), 'a promise is never taken back')
  assert(record.decided >= state.claimed || state.repair !== undefined, 'what is decided stays decided')
}
