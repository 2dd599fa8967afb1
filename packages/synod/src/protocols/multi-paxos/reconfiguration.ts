import {
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
import { pushedThrough } from './configuration.ts'
import { becomeFollower } from './following.ts'
import { followers, hasRoom, isActive, proposeMembership, sendAccept } from './proposing.ts'
import type { Replica } from './replica.ts'
import { mostCaughtUp } from './transfer.ts'

/**
 * A membership is a value like any other: chosen in slot i, it is in force from slot i + α on ("Paxos Made Simple", §3).
 * Each slot has one electorate, known before anything is proposed for it, so any change may be made at once, and there is
 * no joint phase. One at a time all the same: a snapshot names one membership.
 */
export function change(paxos: Replica, changes: readonly MembershipChange[]): { index: Index } | ChangeRefused {
  const { state, options } = paxos
  const { decided, termStart } = state
  if (state.role !== 'leader') return refused('not-leader', 'only a leader changes the membership')
  if (state.transfer !== undefined) return refused('not-leader', `leadership is being handed to ${state.transfer}`)
  if (termStart === 0 || decided < termStart) {
    return refused('too-early', `term ${state.promised.round} begins at ${termStart}, and ${decided} is decided`)
  }
  if (!isQuiet(paxos)) return refused('pending', 'the change before this one is not in force yet')
  const { membership } = state.goesBy
  const next = successor(paxos, membership, changes)
  if ('code' in next) return next
  const lost = lossOfQuorum(paxos, membership, next)
  if (lost !== undefined) return lost
  if (!hasRoom(paxos, { term: 0, membership: next }))
    return refused('pending', `${options.alpha} slots are open: there is no room for a change`)
  return { index: proposeMembership(paxos, next) }
}

/** The last change is in force, and nobody of whom it is the past is needed any more. */
function isQuiet({ state, options }: Replica): boolean {
  const { decided, stable, changedAt, goesBy } = state
  return (
    goesBy.settled &&
    !isJoint(goesBy.membership) &&
    changedAt <= decided &&
    stable >= pushedThrough(state, options.alpha)
  )
}

function refused(code: ChangeRefused['code'], message: string): ChangeRefused {
  return { code, message }
}

/** Each change must make sense after those before it. */
function successor(
  paxos: Replica,
  membership: Membership,
  changes: readonly MembershipChange[],
): Membership | ChangeRefused {
  let draft = membership
  for (const one of changes) {
    const reason = objection(paxos, draft, one)
    if (reason !== undefined) return reason
    draft = takeSteps(draft, [stepOf(draft, one)])
  }
  return draft.voters.length === 0 ? refused('no-voters', 'it would leave no voter') : draft
}

/** A voter that is added is a learner until it has caught up: meanwhile it can hold nothing up. */
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

function objection(paxos: Replica, membership: Membership, { type, id }: MembershipChange): ChangeRefused | undefined {
  const isMember = membersOf(membership).includes(id)
  if (type === 'addVoter' || type === 'addLearner') {
    return isMember ? refused('exists', `${id} is a member already`) : undefined
  }
  if (!isMember) return refused('unknown-member', `${id} is no member`)
  if (type !== 'promote') return undefined
  if (!membership.learners.includes(id)) return refused('not-learner', `${id} is a voter already`)
  return isCaughtUp(paxos, id) ? undefined : refused('not-caught-up', lagOf(paxos, id))
}

/** It was heard from, and has what was decided one heartbeat ago: as a voter it holds nothing up. */
function isCaughtUp({ state }: Replica, id: NodeId): boolean {
  const progress = state.progress[id]
  if (progress === undefined || !isActive(progress)) return false
  return progress.decided >= Math.max(state.termStart, state.beats.decided)
}

function lagOf({ state }: Replica, id: NodeId): string {
  const progress = state.progress[id]
  if (progress === undefined || !isActive(progress)) return `${id} was not heard from for an election timeout`
  return `${id} has ${progress.decided} of ${state.decided} decided slots`
}

/** A leader that hears fewer than the new quorum could decide nothing more once the change is in force: better to refuse. */
function lossOfQuorum(paxos: Replica, before: Membership, next: Membership): ChangeRefused | undefined {
  const { state, env } = paxos
  if (before.voters.join() === next.voters.join()) return undefined
  const heard: Record<NodeId, boolean> = {}
  for (const id of next.voters) {
    const progress = state.progress[id]
    heard[id] = id === env.self || (progress !== undefined && isActive(progress))
  }
  if (tally({ voters: next.voters, outgoing: [] }, heard) === 'won') return undefined
  const { length } = next.voters
  const active = next.voters.filter((id) => heard[id] === true).length
  return refused(
    'loses-quorum',
    `of ${length} voters (${next.voters.join(', ')}) ${majority(length)} are needed, and ${active} were heard from`,
  )
}

/** After whatever may have put the newest membership in force, and at each heartbeat. */
export function proceedWithMembership(paxos: Replica): void {
  const { state, env } = paxos
  if (state.role !== 'leader' || state.termStart === 0 || state.decided < state.termStart || !isQuiet(paxos)) return
  const { membership } = state.goesBy
  if (!membership.voters.includes(env.self)) return stepDown(paxos)
  if (state.transfer !== undefined) return
  const id = membership.joining.find((joining) => isCaughtUp(paxos, joining))
  if (id === undefined) return
  const next = takeSteps(membership, [{ id, become: 'voter' }])
  if (lossOfQuorum(paxos, membership, next) === undefined && hasRoom(paxos, { term: 0, membership: next }))
    proposeMembership(paxos, next)
}

/** It led until its part was done, tells all that it is, and asks the most caught-up voter to campaign at once. */
function stepDown(paxos: Replica): void {
  const { state, env } = paxos
  for (const follower of followers(paxos)) sendAccept(paxos, follower, [])
  const heir = mostCaughtUp(paxos)
  if (heir !== undefined) env.sendAhead(heir, { type: 'handOver', ballot: state.promised })
  becomeFollower(paxos, undefined)
}
