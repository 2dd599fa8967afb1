import { isNodeId, Malformed, type Membership, type MembershipChange, type NodeId } from '../core/index.ts'
import type { ChangeRefusal } from './changes-codec.ts'
import { addressIn, diskIn, mergeContact, readContact } from './contact.ts'

/** What a leader judges a change by, before its engine does. */
export interface Circumstances {
  /** The member that was asked for it. */
  readonly origin: NodeId
  /** The newest one: the engine takes no change on top of one that is not decided. */
  readonly membership: Membership
  /** The disk under which the origin is known to the leader. */
  readonly diskOf: string | undefined
  readonly learnersMax: number
}

/**
 * What of a change only the members understand, for engines do not look into contacts: the leader completes what it is
 * told of a member by what is known of it, no two members have an address in common, and the disk of a member is what
 * that member itself has said, once and for all.
 */
export function judge(
  changes: readonly MembershipChange[],
  circumstances: Circumstances,
): readonly MembershipChange[] | ChangeRefusal {
  const judged: MembershipChange[] = []
  try {
    for (const change of changes) {
      const sound = judgeOne(change, circumstances)
      if ('message' in sound) return sound
      judged.push(sound)
    }
    return judged
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { code: 'malformed', message: error.message }
  }
}

function judgeOne(change: MembershipChange, circumstances: Circumstances): MembershipChange | ChangeRefusal {
  const { membership, learnersMax } = circumstances
  switch (change.type) {
    case 'addVoter':
    case 'addLearner': {
      const contact = mergeContact(undefined, change.contact)
      const reason = unsound(change.id, contact, circumstances)
      if (reason !== undefined) return reason
      const { learners, joining } = membership
      const waiting = learners.filter((id) => !joining.includes(id)).length
      if (change.type === 'addVoter' || waiting < learnersMax) return { ...change, contact }
      const message = `${waiting} of at most ${learnersMax} learners wait to be promoted: promote or remove one first`
      return { code: 'too-many-learners', message }
    }
    case 'update':
    case 'promote': {
      if (change.contact === undefined) return change
      const contact = mergeContact(membership.contacts[change.id], change.contact)
      return unsound(change.id, contact, circumstances) ?? { ...change, contact }
    }
    case 'demote':
    case 'remove':
      return change
  }
}

function unsound(id: NodeId, contact: string, circumstances: Circumstances): ChangeRefusal | undefined {
  if (!isNodeId(id)) return { code: 'malformed', message: `${JSON.stringify(id)} is no member’s id` }
  const { contacts } = circumstances.membership
  const { peerUrls, disk } = readContact(contact)
  const known = diskIn(contacts, id)
  const mayName = known ?? (id === circumstances.origin ? circumstances.diskOf : undefined)
  if (disk !== undefined && disk !== mayName) {
    const message =
      known === undefined
        ? `the disk of member ${id} is what that member says itself`
        : `member ${id} takes part under another disk: if it has lost that one, remove it and add it again`
    return { code: 'lost-disk', message }
  }
  const unreachable = peerUrls.find((url) => addressIn(url) === undefined)
  if (unreachable !== undefined)
    return { code: 'malformed', message: `${unreachable} is not http://host:port, nor https://host:port` }
  for (const [other, text] of Object.entries(contacts)) {
    const taken = other === id ? undefined : readContact(text).peerUrls.find((url) => peerUrls.includes(url))
    if (taken !== undefined) return { code: 'exists', message: `${taken} is the address of member ${other}` }
  }
  return undefined
}
