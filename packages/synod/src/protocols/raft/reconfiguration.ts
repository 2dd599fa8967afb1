import {
  assert,
  isJoint,
  majority,
  membersOf,
  takeSteps,
  tally,
  type ChangeRefused,
  type Index,
  type Membership,
  type MembershipChange,
  type MembershipStep,
  type NodeId,
} from '../../core/index.ts'
import { becomeFollower } from './election.ts'
import { isVoter, lastIndex, placedMembership } from './log.ts'
import { difference, enterJoint, isImpossible, leaveJoint, simple, type Next } from './membership.ts'
import { appendAsLeader, isActive } from './replication.ts'
import type { Replica } from './replica.ts'
import { mostCaughtUp } from './transfer.ts'

/**
 * Cluster membership changes (Ongaro §4), as the leader sees them. A membership is in force from where it is appended, so
 * none is appended before the last one is committed; and none before an entry of the leader's own term is, or two leaders
 * might change the same membership in ways that share no quorum (the mistake in §4.1, found in 2015).
 */
export function change(raft: Replica, changes: readonly MembershipChange[]): { index: Index } | ChangeRefused {
  const { state } = raft
  const { currentTerm, commitIndex, termStart } = state
  if (state.role !== 'leader') return refused('not-leader', 'only a leader changes the membership')
  if (state.transfer !== undefined) return refused('not-leader', `leadership is being handed to ${state.transfer}`)
  if (commitIndex < termStart) {
    return refused('too-early', `term ${currentTerm} begins at ${termStart}, and ${commitIndex} is committed`)
  }
  const { membership, index } = placedMembership(state)
  if (index > commitIndex) return refused('pending', `the change at ${index} is not committed: ${commitIndex} is`)
  if (isJoint(membership) && (membership.autoLeave || changes.length > 0)) {
    return refused('pending', `the change at ${index} has a second step, and that is not taken yet`)
  }
  const next = isJoint(membership) ? possible(leaveJoint(membership)) : successor(raft, membership, changes)
  if ('code' in next) return next
  return lossOfQuorum(raft, membership, next) ?? { index: appendMembership(raft, next) }
}

function refused(code: ChangeRefused['code'], message: string): ChangeRefused {
  return { code, message }
}

function possible(next: Next): Membership | ChangeRefused {
  return isImpossible(next) ? refused('no-voters', next.message) : next
}

/** One voter more or less at once, or the first half of a joint change; each change must make sense after those before it. */
function successor(
  raft: Replica,
  membership: Membership,
  changes: readonly MembershipChange[],
): Membership | ChangeRefused {
  const steps: MembershipStep[] = []
  let draft = membership
  for (const one of changes) {
    const reason = objection(raft, draft, one)
    if (reason !== undefined) return reason
    const step = stepOf(draft, one)
    steps.push(step)
    draft = takeSteps(draft, [step])
  }
  const next = simple(membership, steps)
  const several = isImpossible(next) && next.impossible === 'several-voters'
  return possible(several ? enterJoint(membership, true, steps) : next)
}

/** A voter that is added is a learner until it has caught up: meanwhile it can hold nothing up (Ongaro §4.2.1). */
function stepOf({ voters }: Membership, one: MembershipChange): MembershipStep {
  const { id } = one
  switch (one.type) {
    case 'addVoter':
      if (voters.length === 0) return { id, become: 'voter', contact: one.contact }
      return { id, become: 'learner', joining: true, contact: one.contact }
    case 'addLearner':
      return { id, become: 'learner', contact: one.contact }
    case 'promote':
      return { id, become: 'voter', contact: one.contact }
    case 'demote':
      return { id, become: 'learner' }
    case 'remove':
      return { id, become: 'gone' }
    case 'update':
      return { id, become: 'same', contact: one.contact }
  }
}

function objection(raft: Replica, membership: Membership, { type, id }: MembershipChange): ChangeRefused | undefined {
  const isMember = membersOf(membership).includes(id)
  if (type === 'addVoter' || type === 'addLearner') {
    return isMember ? refused('exists', `${id} is a member already`) : undefined
  }
  if (!isMember) return refused('unknown-member', `${id} is no member`)
  if (type !== 'promote') return undefined
  if (!membership.learners.includes(id)) return refused('not-learner', `${id} is a voter already`)
  return isCaughtUp(raft, id) ? undefined : refused('not-caught-up', lagOf(raft, id))
}

/** It was heard from, and has what was committed one heartbeat ago: as a voter it holds nothing up (Ongaro §4.2.1). */
function isCaughtUp({ state }: Replica, id: NodeId): boolean {
  const progress = state.progress[id]
  if (progress === undefined || progress.mode !== 'replicate' || !isActive(progress)) return false
  return progress.matchIndex >= Math.max(state.termStart, state.beats.commitIndex)
}

function lagOf({ state }: Replica, id: NodeId): string {
  const progress = state.progress[id]
  if (progress === undefined || !isActive(progress)) return `${id} was not heard from for an election timeout`
  return `${id} has ${progress.matchIndex} of ${state.commitIndex} committed entries`
}

/** A leader that hears fewer than the new quorum could not commit the change, or nothing after it: better to refuse. */
function lossOfQuorum(raft: Replica, membership: Membership, next: Membership): ChangeRefused | undefined {
  const { state, env } = raft
  if (difference(membership.voters, next.voters).length === 0) return undefined
  const heard: Record<NodeId, boolean> = {}
  for (const id of [...next.voters, ...next.outgoing]) {
    const progress = state.progress[id]
    heard[id] = id === env.self || (progress !== undefined && isActive(progress))
  }
  if (tally(next, heard) === 'won') return undefined
  const counts = [next.voters, next.outgoing]
    .filter((half) => half.length > 0)
    .map((half) => {
      const active = half.filter((id) => heard[id] === true)
      return `of ${half.length} voters (${half.join(', ')}) ${majority(half.length)} are needed, and ${active.length} were heard from`
    })
  return refused('loses-quorum', counts.join('; '))
}

function appendMembership(raft: Replica, membership: Membership): Index {
  appendAsLeader(raft, { term: raft.state.currentTerm, membership })
  return lastIndex(raft.state)
}

/**
 * After whatever may have committed the newest membership, and at each heartbeat. Whoever leads ends a joint phase that
 * an earlier leader began, makes voters of those who have caught up, and goes when it is no longer a voter itself.
 */
export function proceedWithMembership(raft: Replica): void {
  const { state, env } = raft
  const { membership, index } = placedMembership(state)
  if (state.role !== 'leader' || state.commitIndex < Math.max(index, state.termStart)) return
  if (!isVoter(state, env.self)) return stepDown(raft)
  // What is appended now would be one more entry that the successor has to get first.
  if (state.transfer !== undefined) return
  if (!isJoint(membership)) return promoteNext(raft, membership)
  if (!membership.autoLeave) return
  const next = leaveJoint(membership)
  assert(!isImpossible(next), 'a joint phase can be left (Ongaro §4.3)')
  appendMembership(raft, next)
}

/** One at a time: a simple change each. */
function promoteNext(raft: Replica, membership: Membership): void {
  const id = membership.joining.find((joining) => isCaughtUp(raft, joining))
  if (id === undefined) return
  const next = simple(membership, [{ id, become: 'voter' }])
  assert(!isImpossible(next), 'one learner can become a voter (Ongaro §4.1)')
  if (lossOfQuorum(raft, membership, next) === undefined) appendMembership(raft, next)
}

/** It led to the end of its part (Ongaro §4.2.2), and asks the most caught-up voter to campaign at once (§3.10). */
function stepDown(raft: Replica): void {
  const { state, env } = raft
  const heir = mostCaughtUp(raft)
  if (heir !== undefined && state.progress[heir]?.matchIndex === lastIndex(state)) {
    env.sendAhead(heir, { type: 'timeoutNow', term: state.currentTerm })
  }
  becomeFollower(raft, state.currentTerm, undefined)
}
