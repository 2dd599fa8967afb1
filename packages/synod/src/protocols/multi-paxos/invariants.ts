import type { Electorate, Index, Invariant, NodeId } from '../../core/index.ts'
import { compare, isLower, isSame } from './ballot.ts'
import { electorateAt, openElectorates } from './configuration.ts'
import { acceptedAt, isSameValue, lastIndex } from './log.ts'
import type { Accepted, Ballot, Value } from './messages.ts'
import type { MultiPaxosState } from './state.ts'

/** One member as the whole world sees it. */
export interface MultiPaxosNode {
  readonly id: NodeId
  readonly state: MultiPaxosState
  /** What a loss of power would leave of it: its records that are durable, folded. */
  readonly durable: MultiPaxosState
  /** How often it was started; what is volatile may fall back when this rises. */
  readonly incarnation: number
  /** How it is set up. */
  readonly alpha: number
}

function inWords({ term, command, membership }: Value): string {
  if (command !== undefined) return `${command.origin}/${command.sequence} of term ${term}`
  return membership === undefined ? `nothing of term ${term}` : `members ${membership.voters.join(' ')} of term ${term}`
}

function ballotInWords({ round, id }: Ballot): string {
  return `${round}.${id}`
}

/** Counted here once more: a mistake in the protocol's own count must not hide in its check. */
function isQuorum({ voters, outgoing }: Electorate, ids: readonly NodeId[]): boolean {
  const isMajority = (half: readonly NodeId[]): boolean =>
    2 * half.filter((id) => ids.includes(id)).length > half.length
  return isMajority(voters) && (outgoing.length === 0 || isMajority(outgoing))
}

type Accepting = Pick<MultiPaxosState, 'log' | 'compacted' | 'decided'>

/** Calls `visit` for what is accepted in a slot, once for each ballot, of slots that were not settled when last looked at. */
function newlyAccepted(
  stateOf: (node: MultiPaxosNode) => Accepting,
): (node: MultiPaxosNode, visit: (slot: Index, accepted: Accepted) => string | undefined) => string | undefined {
  const seen = new Map<NodeId, { incarnation: number; from: Index; ballots: Map<Index, Ballot> }>()
  return (node, visit) => {
    const state = stateOf(node)
    let before = seen.get(node.id)
    if (before?.incarnation !== node.incarnation)
      seen.set(node.id, (before = { incarnation: node.incarnation, from: 1, ballots: new Map() }))
    for (let slot = Math.max(before.from, state.compacted + 1); slot <= lastIndex(state); slot++) {
      const accepted = acceptedAt(state, slot)
      const known = before.ballots.get(slot)
      if (accepted === undefined || (known !== undefined && isSame(known, accepted.ballot))) continue
      before.ballots.set(slot, accepted.ballot)
      const broken = visit(slot, accepted)
      if (broken !== undefined) return broken
    }
    const settled = Math.min(state.decided, lastIndex(state))
    for (; before.from <= settled; before.from++) before.ballots.delete(before.from)
    return undefined
  }
}

/** A ballot proposes one value in a slot. */
export const oneValueABallot: Invariant<MultiPaxosNode> = {
  name: 'one value a slot and ballot',
  watch: () => {
    const slots = new Map<Index, Map<string, { readonly id: NodeId; readonly value: Value }>>()
    const visitNew = newlyAccepted(({ state }) => state)
    return (node) =>
      visitNew(node, (slot, { ballot, value }) => {
        let ballots = slots.get(slot)
        if (ballots === undefined) slots.set(slot, (ballots = new Map()))
        const was = ballots.get(ballotInWords(ballot))
        if (was === undefined) ballots.set(ballotInWords(ballot), { id: node.id, value })
        return was === undefined || isSameValue(was.value, value)
          ? undefined
          : `in slot ${slot} and ballot ${ballotInWords(ballot)} ${node.id} has ${inWords(value)}, and ${was.id} ${inWords(was.value)}`
      })
  },
}

/**
 * P2c, as what it is for: once a quorum of a slot's electorate has accepted a value in one ballot, on its disks, whatever is
 * accepted there in a higher ballot is the same ("Paxos Made Simple", §2.2).
 */
export const p2c: Invariant<MultiPaxosNode> = {
  name: 'P2c',
  watch: () => {
    interface Slot {
      readonly ballots: Map<string, { readonly ballot: Ballot; readonly value: Value; readonly by: Set<NodeId> }>
      chosen: Accepted | undefined
    }
    const slots = new Map<Index, Slot>()
    const visitNew = newlyAccepted(({ durable: { log, compacted, claimed } }) => ({ log, compacted, decided: claimed }))
    return (node, nodes) =>
      visitNew(node, (slot, { ballot, value }) => {
        let known = slots.get(slot)
        if (known === undefined) slots.set(slot, (known = { ballots: new Map(), chosen: undefined }))
        const name = ballotInWords(ballot)
        const votes = known.ballots.get(name) ?? { ballot, value, by: new Set<NodeId>() }
        known.ballots.set(name, votes)
        votes.by.add(node.id)
        const { chosen } = known
        if (chosen !== undefined)
          return compare(ballot, chosen.ballot) < 0 || isSameValue(chosen.value, value)
            ? undefined
            : `in slot ${slot} ${inWords(chosen.value)} was chosen in ${ballotInWords(chosen.ballot)}, and ${node.id} accepts ${inWords(value)} in ${name}`
        const knows = nodes.find(({ state, alpha }) => state.memberships.length > 0 && state.decided >= slot - alpha)
        if (knows === undefined || !isQuorum(electorateAt(knows.state, slot, knows.alpha), [...votes.by]))
          return undefined
        known.chosen = { ballot, value }
        for (const other of known.ballots.values()) {
          if (isLower(ballot, other.ballot) && !isSameValue(value, other.value))
            return `in slot ${slot} ${inWords(value)} is chosen in ${name}, and ${inWords(other.value)} was accepted in ${ballotInWords(other.ballot)}`
        }
        return undefined
      })
  },
}

/** No two members decide differently in a slot. */
export const oneValueASlot: Invariant<MultiPaxosNode> = {
  name: 'one value a slot',
  watch: () => {
    const decided = new Map<Index, Value>()
    const seen = new Map<NodeId, { incarnation: number; decided: Index }>()
    return ({ id, state, incarnation }) => {
      let before = seen.get(id)
      if (before?.incarnation !== incarnation) seen.set(id, (before = { incarnation, decided: 0 }))
      const from = Math.max(before.decided, state.compacted) + 1
      before.decided = state.decided
      for (let slot = from; slot <= state.decided; slot++) {
        const value = acceptedAt(state, slot)?.value
        if (value === undefined) return `${id} decides slot ${slot}, and its log has nothing there`
        const was = decided.get(slot)
        if (was === undefined) decided.set(slot, value)
        else if (!isSameValue(was, value))
          return `${id} decides ${inWords(value)} in slot ${slot}, where ${inWords(was)} was decided`
      }
      return undefined
    }
  },
}

/** Promises never go back, not over a restart either; nor does what is decided while a member runs. */
export const monotonicity: Invariant<MultiPaxosNode> = {
  name: 'monotonicity',
  watch: () => {
    const seen = new Map<NodeId, { incarnation: number; durable: Ballot; promised: Ballot; decided: Index }>()
    return ({ id, state, durable, incarnation }) => {
      const before = seen.get(id)
      const now = { incarnation, durable: durable.promised, promised: state.promised, decided: state.decided }
      seen.set(id, now)
      if (isLower(now.promised, now.durable)) return `${id} has promised less than its disk says`
      if (before === undefined) return undefined
      // What was lost is asked of the peers; until then such a member promises and accepts nothing.
      if (isLower(now.durable, before.durable) && durable.repair === undefined)
        return `${id} went back from ${ballotInWords(before.durable)} on its disk`
      if (before.incarnation !== incarnation) return undefined
      return isLower(now.promised, before.promised) || now.decided < before.decided
        ? `${id} went back from ${ballotInWords(before.promised)}, decided ${before.decided}`
        : undefined
    }
  },
}

/** Behind everything that a leader decides there is a quorum of the slot's electorate that has it on its disks. */
export const durableQuorum: Invariant<MultiPaxosNode> = {
  name: 'durable quorum',
  watch: () => {
    let checked = 0
    return ({ id, state, alpha }, nodes) => {
      if (state.role !== 'leader' || state.decided <= checked) return undefined
      for (let slot = Math.max(checked, state.compacted) + 1; slot <= state.decided; slot++) {
        const accepted = acceptedAt(state, slot)
        // What came before its ballot was counted by another leader.
        if (accepted === undefined || !isSame(accepted.ballot, state.promised)) continue
        const holds = ({ durable, state: live }: MultiPaxosNode): boolean => {
          const own = acceptedAt(durable, slot)
          // Who knows that it is chosen may say so; and who is being repaired has lost what it had said.
          if (slot <= durable.compacted || slot <= live.decided || durable.repair !== undefined) return true
          return own !== undefined && isSameValue(own.value, accepted.value)
        }
        const others = nodes.filter((node) => node.id !== id)
        const own = nodes.filter((node) => node.id === id && acceptedAt(node.durable, slot) !== undefined)
        const holders = [...own, ...others.filter((node) => holds(node))].map((node) => node.id)
        if (!isQuorum(electorateAt(state, slot, alpha), holders))
          return `${id} decides slot ${slot}, which is on the disks of ${holders.join(', ')} only`
      }
      checked = state.decided
      return undefined
    }
  },
}

/** A leader has the promises of a quorum of every electorate that its open slots may need, on their disks. */
export const promisedByQuorum: Invariant<MultiPaxosNode> = {
  name: 'promised by a quorum',
  watch: () => {
    const led = new Map<NodeId, Ballot>()
    return ({ id, state, alpha }, nodes) => {
      if (state.role !== 'leader') return undefined
      const before = led.get(id)
      if (before !== undefined && isSame(before, state.promised)) return undefined
      led.set(id, state.promised)
      // Who has lost records may have promised it before: it promises nothing else until its peers have told it.
      const holds = ({ durable }: MultiPaxosNode): boolean =>
        durable.repair !== undefined || !isLower(durable.promised, state.promised)
      const promised = nodes.filter((node) => holds(node)).map((node) => node.id)
      const missing = openElectorates(state, alpha).find((electorate) => !isQuorum(electorate, promised))
      return missing === undefined
        ? undefined
        : `${id} leads ${ballotInWords(state.promised)} by ${promised.join(', ')}, no quorum of ${missing.voters.join(', ')}`
    }
  },
}

/** Nothing is proposed more than α slots ahead of what is decided: nobody could know who decides on it. */
export const withinAlpha: Invariant<MultiPaxosNode> = {
  name: 'no more than α slots ahead',
  watch:
    () =>
    ({ id, state, alpha }) =>
      state.role === 'leader' && state.nextSlot > state.decided + alpha + 1
        ? `${id} has decided ${state.decided}, and proposed in slot ${state.nextSlot - 1}`
        : undefined,
}

/** What the papers promise, and what durability and membership changes add. */
export const multiPaxosInvariants: readonly Invariant<MultiPaxosNode>[] = [
  oneValueASlot,
  oneValueABallot,
  p2c,
  monotonicity,
  durableQuorum,
  promisedByQuorum,
  withinAlpha,
]
