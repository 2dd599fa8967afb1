import { membersOf, type Index, type NodeId } from '../../core/index.ts'
import { isLower } from './ballot.ts'
import { acceptedAt, lastIndex, within } from './log.ts'
import type { Accepted, Placed, Promise } from './messages.ts'
import type { Replica } from './replica.ts'

/** What was accepted from a slot on and is not known to be chosen, as much as fits into one message. */
export function promiseOf(paxos: Replica, first: Index): Promise {
  const { state, options } = paxos
  const all: Placed[] = []
  for (let slot = Math.max(first, state.decided + 1); slot <= lastIndex(state); slot++) {
    const accepted = acceptedAt(state, slot)
    if (accepted !== undefined) all.push({ slot, ...accepted })
  }
  const accepted = within(all, options.maxMessageBytes)
  const through = accepted.length < all.length ? accepted.at(-1)?.slot : undefined
  return { type: 'promise', ballot: state.promised, from: first, through, accepted, decided: state.decided }
}

/** Of several reports the one of the highest ballot: P2c is kept by this, not by the most frequent one. */
export function adopt({ state }: Replica, slot: Index, reported: Accepted): void {
  if (slot <= state.decided || (state.role === 'leader' && slot < state.nextSlot)) return
  const known = state.adopted[slot]
  if (known === undefined || isLower(known.ballot, reported.ballot)) state.adopted[slot] = reported
}

/** Who has reported all. */
export function promisers({ state }: Replica): Record<NodeId, boolean> {
  const complete: Record<NodeId, boolean> = {}
  for (const [id, progress] of Object.entries(state.promises)) if (progress.complete) complete[id] = true
  return complete
}

/** As leader: asks those members for their promise that have not given it, for a later membership may need it. */
export function prepareRest(paxos: Replica): void {
  const { state, env } = paxos
  for (const id of membersOf(state.goesBy.membership)) {
    const known = state.promises[id]
    if (id === env.self || known?.complete === true) continue
    const from = Math.max(state.decided, known?.through ?? 0) + 1
    env.send(id, { type: 'prepare', ballot: state.promised, from, transfer: false })
  }
  if (state.promises[env.self]?.complete !== true) env.send(env.self, promiseOf(paxos, state.decided + 1))
}
