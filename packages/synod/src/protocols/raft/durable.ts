import { assert, type Index, type Term } from '../../core/index.ts'
import {
  append,
  beginAfter,
  compactThrough,
  lastIndex,
  lastPosition,
  membershipOf,
  openMemberships,
  placedMembers,
  positionOf,
  termAt,
  truncateAfter,
} from './log.ts'
import type { CheckpointRecord, Durable, EntriesRecord, Repair, SnapshotRecord } from './messages.ts'
import { initialState, type RaftState } from './state.ts'

/** Makes the state what a record says. The record attaches to the log: `restore` sees to it, and a running member knows. */
export function fold(state: RaftState, record: Durable): void {
  assert(record.currentTerm >= state.currentTerm, 'currentTerm never decreases (Figure 2)')
  assert(
    record.currentTerm > state.currentTerm || state.votedFor === undefined || record.votedFor === state.votedFor,
    'a vote is never erased or changed inside its term (§5.2)',
  )
  state.currentTerm = record.currentTerm
  state.votedFor = record.votedFor
  switch (record.type) {
    case 'hardState':
      return
    case 'entries':
      return foldEntries(state, record)
    case 'snapshot':
      return foldSnapshot(state, record)
    case 'checkpoint':
      return foldCheckpoint(state, record)
    case 'repairing':
      state.repair = record.repair
      return
    case 'repaired':
      state.repair = undefined
      state.snapshot = record.snapshot
  }
}

function foldEntries(state: RaftState, { prevIndex, prevTerm, entries }: EntriesRecord): void {
  if (prevIndex < state.compacted.index) {
    // The journal begins at a later segment, and a new leader went back behind its head.
    const [base, ...later] = state.memberships.filter((placed) => placed.index <= prevIndex)
    const membership = later.at(-1)?.membership ?? base?.membership ?? membershipOf(state)
    beginAfter(state, { index: prevIndex, term: prevTerm }, { index: prevIndex, membership })
  } else {
    truncateAfter(state, prevIndex)
  }
  append(state, entries)
}

/** The log keeps what follows the snapshot if it contains the snapshot's last entry, otherwise nothing (§7). */
function foldSnapshot(state: RaftState, { snapshot, through }: SnapshotRecord): void {
  if (snapshot.index >= positionOf(state.snapshot).index) state.snapshot = snapshot
  if (snapshot.index < state.compacted.index) return
  if (termAt(state, snapshot.index) === snapshot.term) {
    compactThrough(state, Math.max(through.index, state.compacted.index))
  } else {
    beginAfter(state, positionOf(snapshot), { index: snapshot.index, membership: snapshot.membership })
  }
}

function foldCheckpoint(state: RaftState, { last, snapshot, memberships, repair }: CheckpointRecord): void {
  if (!isFresh(state)) return
  state.log = []
  state.compacted = last
  state.snapshot = snapshot
  state.memberships = [...memberships]
  state.repair = repair
}

/** Nothing was restored yet: every checkpoint brings a membership. */
function isFresh(state: RaftState): boolean {
  return state.memberships.length === 0
}

/** Whether the log that we have is, up to there, the log that the writer of a record had: Log Matching (Figure 3). */
function attaches(state: RaftState, index: Index, term: Term): boolean {
  return index < state.compacted.index || termAt(state, index) === term
}

/** Folds a record of the journal, of which a part may be lost. */
export function restore(state: RaftState, written: Durable): void {
  // Who was made whole votes in that term for its leader alone, whatever vote of its own can be read again.
  if (written.type === 'repaired' && written.currentTerm === state.currentTerm) state.votedFor = written.votedFor
  // Nothing else is behind a newer term than its own: it waited for the disk while the head of its segment was written.
  const overtaken = written.currentTerm < state.currentTerm
  const record = withNewestHardState(state, written)
  // Even if the record that noted the loss is lost as well.
  if (written.repairing === true && state.repair !== undefined) state.repair = { ...state.repair, noted: true }
  switch (record.type) {
    case 'entries':
      restoreEntries(state, record, overtaken)
      break
    case 'checkpoint':
      restoreCheckpoint(state, record)
      break
    case 'repairing':
      restoreRepairing(state, record.repair)
      foldHardState(state, record)
      // Its writer had begun: what comes next was written by one whose log went on from there.
      reachSnapshot(state)
      break
    case 'repaired':
      restoreRepaired(state, record)
      break
    case 'hardState':
    case 'snapshot':
      fold(state, record)
  }
  // Records that were written after the loss was found repeat what was known then, and may not know a lost vote.
  const { repair } = state
  if (repair !== undefined && !repair.noted) state.repair = { ...repair, hardState: true }
}

/**
 * A segment's head tells the hard state as of when it was written, and records that waited for the disk then come after
 * it. And a record that could not be read at the last start, and can be at this one, knows more than those written in
 * between. So what was read so far counts, where it is newer.
 */
function withNewestHardState(state: RaftState, record: Durable): Durable {
  const { currentTerm, votedFor } = state
  if (record.currentTerm > currentTerm) return record
  if (record.currentTerm < currentTerm) return { ...record, currentTerm, votedFor }
  if (votedFor === undefined || votedFor === record.votedFor) return record
  return { ...record, votedFor }
}

function foldHardState(state: RaftState, { currentTerm, votedFor }: Durable): void {
  fold(state, { type: 'hardState', currentTerm, votedFor })
}

/**
 * With a hole before it, a record that attaches proves that the log is whole; one that does not tells how far it went.
 * `overtaken`: if they do not attach to what the head of their segment ends with, a newer leader's entries had taken their
 * place by then.
 */
function restoreEntries(state: RaftState, record: EntriesRecord, overtaken: boolean): void {
  const { prevIndex, prevTerm, entries } = record
  const { repair } = state
  if (isFresh(state)) {
    assert(repair !== undefined, 'a journal begins with a checkpoint')
    foldHardState(state, record)
    state.repair = reaching(repair, prevIndex + entries.length)
  } else if (attaches(state, prevIndex, prevTerm)) {
    fold(state, record)
    if (repair?.noted === false) state.repair = undefined
  } else if (repair !== undefined || !overtaken) {
    assert(repair !== undefined, `entries after ${prevIndex} attach to the log, unless a part of it was lost`)
    foldHardState(state, record)
    state.repair = reaching(repair, prevIndex + entries.length)
  }
}

function restoreCheckpoint(state: RaftState, record: CheckpointRecord): void {
  const { repair } = state
  const { last } = record
  const fresh = isFresh(state)
  fold(state, record)
  if (record.repair !== undefined) {
    // Its writer did not know all it said, if only from its start on until it had noted that: it proves nothing.
    const through = Math.max(record.repair.through, last.index)
    return restoreRepairing(state, { ...record.repair, through, noted: true })
  }
  if (fresh || repair === undefined) return
  if (!attaches(state, last.index, last.term)) {
    state.repair = { ...reaching(repair, last.index), known: placedMembers(record.memberships) }
  } else if (!repair.noted) {
    if (last.index >= state.compacted.index) truncateAfter(state, last.index)
    state.repair = undefined
  }
}

/** What an earlier recovery knew, and what this one has lost besides. */
function restoreRepairing(state: RaftState, noted: Repair): void {
  const lost = state.repair
  state.repair = {
    ...noted,
    through: Math.max(noted.through, lost?.through ?? 0),
    bounded: noted.bounded && (lost?.bounded ?? true),
  }
}

/** The log was whole when this was written; it still is if what we have reaches that far. */
function restoreRepaired(state: RaftState, record: Durable & { type: 'repaired' }): void {
  const { repair } = state
  const { last } = record
  const whole = attaches(state, last.index, last.term)
  fold(state, record)
  if (!whole && repair !== undefined) state.repair = { ...reaching(repair, last.index), noted: false, bounded: true }
}

/** Once a loss was noted, records tell no more about the end of the log that was lost. */
function reaching(repair: Repair, index: Index): Repair {
  return { ...repair, through: Math.max(repair.through, index), bounded: repair.noted ? repair.bounded : true }
}

/** A part of the journal cannot be read here: what follows may tell more about it. */
export function loseRecords(state: RaftState): void {
  const { repair } = state
  state.repair = {
    through: Math.max(repair?.through ?? 0, lastIndex(state)),
    bounded: false,
    hardState: false,
    term: undefined,
    noted: repair?.noted ?? false,
    awaiting: [],
    told: [],
    known: repair?.known ?? [],
    committed: 0,
  }
}

/** The newest snapshot cannot be read: without the state before it the log is of no use, only its length still counts. */
export function loseSnapshot(state: RaftState): void {
  const membership = membershipOf(state)
  giveUpLog(state)
  state.snapshot = undefined
  if (!isFresh(state)) beginAfter(state, { index: 0, term: 0 }, { index: 0, membership })
}

function giveUpLog(state: RaftState): void {
  const { repair } = state
  state.repair = {
    through: Math.max(repair?.through ?? 0, lastIndex(state)),
    bounded: repair?.bounded ?? true,
    hardState: repair?.hardState ?? true,
    term: undefined,
    noted: repair?.noted ?? false,
    awaiting: [],
    told: [],
    known: repair?.known ?? [],
    committed: 0,
  }
}

/** After the last record: the state machine begins with the snapshot, so the log must go on from it. */
export function connectLogToSnapshot(state: RaftState): void {
  const base = positionOf(state.snapshot)
  if (state.compacted.index > base.index) {
    // A record of a newer snapshot was lost, and the entries up to that one are cut off already.
    giveUpLog(state)
    beginAfterSnapshot(state)
  } else {
    reachSnapshot(state)
  }
}

/** With the entries before the snapshot lost, what the snapshot stands for takes their place. */
function reachSnapshot(state: RaftState): void {
  if (lastIndex(state) < positionOf(state.snapshot).index) beginAfterSnapshot(state)
}

function beginAfterSnapshot(state: RaftState): void {
  const base = positionOf(state.snapshot)
  beginAfter(state, base, { index: base.index, membership: state.snapshot?.membership ?? membershipOf(state) })
}

/** The persistent part of a state, as a state of its own that goes on by folding records. */
export function durablePart(state: RaftState): RaftState {
  const { currentTerm, votedFor, log, compacted, snapshot, memberships, repair } = state
  const persistent = {
    currentTerm,
    votedFor,
    log: [...log],
    compacted,
    snapshot,
    memberships: [...memberships],
    repair,
  }
  return { ...initialState(), ...persistent }
}

/** All but the log: for the head of a segment. */
export function checkpointOf(state: RaftState): CheckpointRecord {
  return {
    type: 'checkpoint',
    currentTerm: state.currentTerm,
    votedFor: state.votedFor,
    last: lastPosition(state),
    snapshot: state.snapshot,
    memberships: openMemberships(state),
    repair: state.repair,
  }
}
