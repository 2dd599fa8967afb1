import { assert, isSameMembership, present, type Index, type SnapshotId, type Term } from '../../core/index.ts'
import { isLower } from './ballot.ts'
import type { Accepted, Placed, Value } from './messages.ts'
import type { MultiPaxosState } from './state.ts'

type Log = Pick<MultiPaxosState, 'log' | 'compacted'>

/** The highest slot in which anything was accepted, or what was compacted if there is none. */
export function lastIndex(state: Log): Index {
  return state.compacted + state.log.length
}

/** What was accepted in a slot; undefined: nothing, or it is compacted. */
export function acceptedAt(state: Log, slot: Index): Accepted | undefined {
  return state.log[slot - state.compacted - 1]
}

/** What is chosen in a slot that is decided here, and not compacted. */
export function chosenAt(state: Log, slot: Index): Accepted {
  return present(acceptedAt(state, slot), `slot ${slot} is decided, so the log has it`)
}

/** Keeps what was accepted. A value of a lower ballot than the one that is there already is old news. */
export function put(state: Log, { slot, ballot, value }: Placed): void {
  const at = slot - state.compacted - 1
  if (at < 0) return
  while (state.log.length < at) state.log.push(undefined)
  const known = state.log[at]
  if (known === undefined || !isLower(ballot, known.ballot)) state.log[at] = { ballot, value }
}

/** What a value counts for in the bounds on bytes: its command, and roughly what surrounds it. */
export function valueBytes({ command, membership }: Value): number {
  return 80 + (command?.bytes.length ?? 0) + (membership === undefined ? 0 : 500)
}

/** As many of `values` as fit into `maxBytes`, at least one. */
export function within<T extends { readonly value: Value }>(values: readonly T[], maxBytes: number): readonly T[] {
  let bytes = 0
  let count = 0
  for (const { value } of values) {
    bytes += valueBytes(value)
    if (count > 0 && bytes > maxBytes) break
    count++
  }
  return values.slice(0, count)
}

/** In pieces of at most `maxBytes`. */
export function pieces<T extends { readonly value: Value }>(values: readonly T[], maxBytes: number): (readonly T[])[] {
  const all: (readonly T[])[] = []
  for (let rest = values; rest.length > 0;) {
    const piece = within(rest, maxBytes)
    all.push(piece)
    rest = rest.slice(piece.length)
  }
  return all
}

/** Two values are the same if they were first proposed by the same leader as the same command, or as the same membership, or as nothing both. */
export function isSameValue(a: Value, b: Value): boolean {
  if (a === b) return true
  if (a.term !== b.term) return false
  const [one, other] = [a.command, b.command]
  if (one === undefined || other === undefined) return one === other && isSameMembership(a.membership, b.membership)
  return one.origin === other.origin && one.sequence === other.sequence && one.checksum === other.checksum
}

/** Whether what is decided in a slot is void: it was first proposed in an older term than something that is decided before it. */
export function isVoid({ term }: Value, decidedTerm: Term): boolean {
  return term > 0 && term < decidedTerm
}

/** The highest term of what is decided up to `index`, which is not before the newest snapshot. */
export function termThrough(state: MultiPaxosState, index: Index): Term {
  if (index === state.decided) return state.decidedTerm
  const base = positionOf(state.snapshot)
  assert(index >= base.index, 'snapshots are taken one after the other')
  let { term } = base
  for (let slot = base.index + 1; slot <= index; slot++) term = Math.max(term, chosenAt(state, slot).value.term)
  return term
}

/** Drops every slot up to `through`. */
export function compactThrough(state: Log, through: Index): void {
  assert(through >= state.compacted, 'the log is compacted once')
  state.log.splice(0, through - state.compacted)
  state.compacted = through
}

/** The position of a snapshot's last slot. */
export function positionOf(snapshot: SnapshotId | undefined): Pick<SnapshotId, 'index' | 'term'> {
  return snapshot ?? { index: 0, term: 0 }
}
