import type { Membership, NodeId } from './contract.ts'
import { membersOf } from './membership.ts'

/** What one step of a change makes of one member. Steps are idempotent, and one that concerns nobody changes nothing. */
export type MembershipStep =
  | { readonly id: NodeId; readonly become: 'voter'; readonly contact?: string | undefined }
  /** `joining`: on the way to be a voter. */
  | { readonly id: NodeId; readonly become: 'learner'; readonly contact?: string; readonly joining?: boolean }
  | { readonly id: NodeId; readonly become: 'gone' }
  /** What it was, at another contact. */
  | { readonly id: NodeId; readonly become: 'same'; readonly contact: string }

/** What comes of one step after the other, whether or not it may come into force: sorted, with contacts of members only. */
export function takeSteps(membership: Membership, steps: readonly MembershipStep[]): Membership {
  let next = membership
  for (const step of steps) next = step.become === 'same' ? next : move(next, step)
  const contacts = { ...next.contacts }
  for (const step of steps) if ('contact' in step && step.contact !== undefined) contacts[step.id] = step.contact
  return settle({ ...next, contacts })
}

/** Takes a member out of where it is, and puts it where it belongs. Who still votes as an outgoing one is a learner only later. */
function move(membership: Membership, step: Exclude<MembershipStep, { become: 'same' }>): Membership {
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
