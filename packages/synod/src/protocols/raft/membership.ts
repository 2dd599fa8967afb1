import { assert, isJoint, membersOf, unsound, type Membership, type NodeId } from '../../core/index.ts'

/** What one step of a change makes of one member. Steps are idempotent, and one that concerns nobody changes nothing. */
export type Step =
  | { readonly id: NodeId; readonly become: 'voter'; readonly contact?: string | undefined }
  /** `joining`: on the way to be a voter. */
  | { readonly id: NodeId; readonly become: 'learner'; readonly contact?: string; readonly joining?: boolean }
  | { readonly id: NodeId; readonly become: 'gone' }
  /** What it was, at another contact. */
  | { readonly id: NodeId; readonly become: 'same'; readonly contact: string }

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
export function simple(membership: Membership, steps: readonly Step[]): Next {
  if (isJoint(membership)) return impossible('joint', 'a joint phase is under way: it must be left first')
  const next = take(membership, steps)
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
export function enterJoint(membership: Membership, autoLeave: boolean, steps: readonly Step[]): Next {
  if (isJoint(membership)) return impossible('joint', 'a joint phase is under way already')
  if (membership.voters.length === 0) return impossible('no-voters', 'there is no voter yet')
  const next = take({ ...membership, outgoing: membership.voters, autoLeave }, steps)
  return next.voters.length === 0 ? impossible('no-voters', 'it would leave no voter') : sound(next)
}

/** C_new: the outgoing voters no longer count; those that were to become learners are, the others are gone. */
export function leaveJoint(membership: Membership): Next {
  if (!isJoint(membership)) return impossible('not-joint', 'there is no joint phase')
  const learners = [...membership.learners, ...membership.learnersNext].toSorted()
  return sound(settle({ ...membership, learners, outgoing: [], learnersNext: [], autoLeave: false }))
}

/** Whether a change leads nowhere. */
export function isImpossible(next: Next): next is Impossible {
  return 'impossible' in next
}

function impossible(why: Impossible['impossible'], message: string): Impossible {
  return { impossible: why, message }
}

/** What comes of one step after the other, whether or not it may come into force. */
export function take(membership: Membership, steps: readonly Step[]): Membership {
  let next = membership
  for (const step of steps) next = step.become === 'same' ? next : move(next, step)
  const contacts = { ...next.contacts }
  for (const step of steps) if ('contact' in step && step.contact !== undefined) contacts[step.id] = step.contact
  return settle({ ...next, contacts })
}

/** Takes a member out of where it is, and puts it where it belongs. Who still votes as an outgoing one is a learner only later. */
function move(membership: Membership, step: Exclude<Step, { become: 'same' }>): Membership {
  const { id, become } = step
  const without = (ids: readonly NodeId[]): NodeId[] => ids.filter((other) => other !== id)
  const moved = {
    ...membership,
    voters: without(membership.voters),
    learners: without(membership.learners),
    learnersNext: without(membership.learnersNext),
    joining: without(membership.joining),
  }
  if (become === 'voter') moved.voters.push(id)
  if (become !== 'learner') return moved
  if (membership.outgoing.includes(id)) moved.learnersNext.push(id)
  else moved.learners.push(id)
  if (step.joining === true) moved.joining.push(id)
  return moved
}

/** Sorted lists, and contacts of members only. */
function settle(membership: Membership): Membership {
  const members = membersOf(membership)
  return {
    voters: membership.voters.toSorted(),
    outgoing: membership.outgoing,
    learners: membership.learners.toSorted(),
    learnersNext: membership.learnersNext.toSorted(),
    autoLeave: membership.autoLeave,
    joining: membership.joining.toSorted(),
    contacts: Object.fromEntries(Object.entries(membership.contacts).filter(([id]) => members.includes(id))),
  }
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
