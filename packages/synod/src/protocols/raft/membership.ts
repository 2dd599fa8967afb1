import {
  assert,
  isJoint,
  takeSteps,
  unsound,
  type Membership,
  type MembershipStep,
  type NodeId,
} from '../../core/index.ts'

/** Why no membership follows from a change. */
export interface Impossible {
  readonly impossible: 'joint' | 'not-joint' | 'several-voters' | 'no-voters'
  readonly message: string
}

export type Next = Membership | Impossible

/**
 * A change of at most one voter (Ongaro §4.1): any majority of the old voters and any of the new ones have a member in
 * common, so that the new membership may come into force at once.
 */
export function simple(membership: Membership, steps: readonly MembershipStep[]): Next {
  if (isJoint(membership)) return impossible('joint', 'a joint phase is under way: it must be left first')
  const next = takeSteps(membership, steps)
  if (next.voters.length === 0) return impossible('no-voters', 'it would leave no voter')
  const changed = difference(membership.voters, next.voters)
  if (changed.length > 1) {
    return impossible('several-voters', `${changed.join(', ')}: only one voter may change without a joint phase`)
  }
  return sound(next)
}

/**
 * C_old,new (Ongaro §4.3): the old voters are `outgoing`, and a majority of each is needed until the phase is left.
 * With `autoLeave` whoever leads leaves it.
 */
export function enterJoint(membership: Membership, autoLeave: boolean, steps: readonly MembershipStep[]): Next {
  if (isJoint(membership)) return impossible('joint', 'a joint phase is under way already')
  if (membership.voters.length === 0) return impossible('no-voters', 'there is no voter yet')
  const next = takeSteps({ ...membership, outgoing: membership.voters, autoLeave }, steps)
  return next.voters.length === 0 ? impossible('no-voters', 'it would leave no voter') : sound(next)
}

/** C_new: the outgoing voters no longer count; those that were to become learners are, the others are gone. */
export function leaveJoint(membership: Membership): Next {
  if (!isJoint(membership)) return impossible('not-joint', 'there is no joint phase')
  const learners = [...membership.learners, ...membership.learnersNext].toSorted()
  return sound(takeSteps({ ...membership, learners, outgoing: [], learnersNext: [], autoLeave: false }, []))
}

/** Whether a change leads nowhere. */
export function isImpossible(next: Next): next is Impossible {
  return 'impossible' in next
}

function impossible(why: Impossible['impossible'], message: string): Impossible {
  return { impossible: why, message }
}

function sound(membership: Membership): Membership {
  const reason = unsound(membership)
  assert(reason === undefined, `the rules lead to sound memberships: ${reason}`)
  return membership
}

/** The voters of one of the two, not of both. */
export function difference(before: readonly NodeId[], after: readonly NodeId[]): NodeId[] {
  const once = [...before.filter((id) => !after.includes(id)), ...after.filter((id) => !before.includes(id))]
  return once.toSorted()
}
