import {
  isJoint,
  membersOf,
  tally,
  voting,
  type Electorate,
  type Index,
  type Membership,
  type NodeId,
  type VoteResult,
} from '../../core/index.ts'
import type { PlacedMembership } from './messages.ts'
import type { MultiPaxosState } from './state.ts'

type Configured = Pick<MultiPaxosState, 'memberships' | 'decided'>

const nobody: PlacedMembership = { index: 0, membership: voting([]) }

/**
 * Whose majority a slot needs: that of the membership chosen α slots before it, or earlier ("Paxos Made Simple", §3). Until
 * α slots after a snapshot that was taken in between, its joint membership needs both, which contains either.
 */
export function electorateAt({ memberships }: Configured, slot: Index, alpha: number): Electorate {
  const first = firstNamed(memberships)
  for (let i = memberships.length - 1; i >= first; i--) {
    const placed = memberships[i] ?? nobody
    const isInForce = slot >= placed.index + alpha
    if (!isInForce && i > first) continue
    const { voters, outgoing } = placed.membership
    return isInForce ? { voters, outgoing: [] } : { voters, outgoing }
  }
  return nobody.membership
}

/** A newcomer begins with a membership of nobody; the first slot tells it who was there from the beginning (README). */
function firstNamed([first, next]: readonly PlacedMembership[]): number {
  return first?.membership.voters.length === 0 && next !== undefined ? 1 : 0
}

/** Those of all slots that may be open: whoever wants to propose in any of them needs each. */
export function openElectorates(state: Configured, alpha: number): readonly Electorate[] {
  const electorates = [electorateAt(state, state.decided + 1, alpha)]
  for (const { index } of state.memberships) {
    const from = index + alpha
    if (from > state.decided + 1 && from <= state.decided + alpha) electorates.push(electorateAt(state, from, alpha))
  }
  return electorates
}

/** Everybody who counts in one of them. */
export function electorsOf(electorates: readonly Electorate[]): NodeId[] {
  const electors = new Set<NodeId>()
  for (const { voters, outgoing } of electorates) {
    for (const id of voters) electors.add(id)
    for (const id of outgoing) electors.add(id)
  }
  return [...electors].toSorted()
}

/** The outcome of a vote of all of them. Of nobody there is no majority. */
export function tallyAll(electorates: readonly Electorate[], votes: Readonly<Record<NodeId, boolean>>): VoteResult {
  let result: VoteResult = 'won'
  for (const electorate of electorates) {
    if (electorate.voters.length === 0) return 'lost'
    const one = tally(electorate, votes)
    if (one === 'lost') return 'lost'
    if (one === 'pending') result = 'pending'
  }
  return result
}

/** The newest membership that is decided, and the one before it. */
function newestAt(
  { memberships }: Configured,
  index: Index,
): readonly [PlacedMembership, PlacedMembership | undefined] {
  const at = memberships.findLastIndex((placed) => placed.index <= index)
  // Who knows only a later one (its snapshot is lost) goes by that.
  return at < 0 ? [memberships[0] ?? nobody, undefined] : [memberships[at] ?? nobody, memberships[at - 1]]
}

function changesVoters(before: Membership, after: Membership): boolean {
  return before.voters.length > 0 && before.voters.join() !== after.voters.join()
}

/**
 * What a state of everything up to `index` says of the membership: as long as the newest one is not in force for the next
 * slot, it is joint with the one before it.
 */
export function membershipAt(state: Configured, index: Index, alpha: number): Membership {
  const [{ index: at, membership }, before] = newestAt(state, index)
  const isInForce = index + 1 >= at + alpha
  if (isJoint(membership)) return isInForce ? left(membership) : membership
  if (isInForce || before === undefined || !changesVoters(before.membership, membership)) return membership
  return joint(left(before.membership), membership)
}

/** By whom the member goes: as above, but joint until a quorum of the new ones knows that the old ones are needed no more. */
export function goesBy(state: Configured & Pick<MultiPaxosState, 'stable'>, alpha: number): MultiPaxosState['goesBy'] {
  const [{ index, membership }, before] = newestAt(state, state.decided)
  const isStable = Math.min(state.decided, state.stable) >= index + alpha - 1
  if (isJoint(membership)) return { index, membership: isStable ? left(membership) : membership, settled: isStable }
  if (isStable || before === undefined || !changesVoters(before.membership, membership))
    return { index, membership, settled: true }
  return { index, membership: joint(left(before.membership), membership), settled: false }
}

/** Up to which slot no-ops push a change: far enough for a snapshot that was taken before it was in force to be superseded. */
export function pushedThrough({ memberships }: Configured, alpha: number): Index {
  const newest = memberships.at(-1) ?? nobody
  const before = memberships.at(-2)
  const isChange =
    before !== undefined && (isJoint(newest.membership) || changesVoters(before.membership, newest.membership))
  return isChange || isJoint(newest.membership) ? newest.index + 2 * alpha : 0
}

/** Both: the new voters, and the old ones until they are needed no more. */
function joint(before: Membership, after: Membership): Membership {
  const outgoing = before.voters
  const staged = after.learners.filter((id) => outgoing.includes(id))
  const members = new Set([...membersOf(after), ...outgoing])
  const contacts = Object.entries({ ...before.contacts, ...after.contacts }).filter(([id]) => members.has(id))
  return {
    voters: after.voters,
    outgoing,
    learners: after.learners.filter((id) => !outgoing.includes(id)),
    learnersNext: staged,
    autoLeave: true,
    joining: after.joining,
    contacts: Object.fromEntries(contacts),
  }
}

/** The new one alone. */
function left(membership: Membership): Membership {
  if (!isJoint(membership)) return membership
  const { voters, learners, learnersNext, joining, contacts } = membership
  const settled = { voters, outgoing: [], learners: [...learners, ...learnersNext].toSorted(), learnersNext: [] }
  const members = membersOf({ ...settled, autoLeave: false, joining, contacts })
  const known = Object.entries(contacts).filter(([id]) => members.includes(id))
  return { ...settled, autoLeave: false, joining, contacts: Object.fromEntries(known) }
}
