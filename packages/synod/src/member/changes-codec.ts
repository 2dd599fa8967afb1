import { Malformed, type ChangeRefused, type MembershipChange, type Reader, type Writer } from '../core/index.ts'

/** Why a change is certainly not in the log: what the engine says, and what its member says before it asks the engine. */
export interface ChangeRefusal {
  readonly code: ChangeRefused['code'] | 'too-many-learners' | 'lost-disk' | 'malformed'
  /** With the numbers, for people. */
  readonly message: string
}

/** Their numbers in a frame. */
export const changeRefusals: readonly ChangeRefusal['code'][] = [
  'not-leader',
  'pending',
  'too-early',
  'unknown-member',
  'exists',
  'not-learner',
  'not-caught-up',
  'loses-quorum',
  'no-voters',
  'too-many-learners',
  'lost-disk',
  'malformed',
]

const types: readonly MembershipChange['type'][] = ['addVoter', 'addLearner', 'promote', 'demote', 'remove', 'update']

export function writeChanges(changes: readonly MembershipChange[], out: Writer): void {
  out.u32(changes.length)
  for (const change of changes) {
    out.u8(types.indexOf(change.type))
    out.text(change.id)
    const contact = 'contact' in change ? change.contact : undefined
    out.flag(contact !== undefined)
    if (contact !== undefined) out.text(contact)
  }
}

/** Throws `Malformed` for bytes that no member of this version wrote. */
export function readChanges(input: Reader): MembershipChange[] {
  const changes: MembershipChange[] = []
  for (let left = input.count(6); left > 0; left--) changes.push(readChange(input))
  return changes
}

function readChange(input: Reader): MembershipChange {
  const [type, id] = [types[input.u8()], input.text()]
  const contact = input.flag() ? input.text() : undefined
  if (type === undefined) throw new Malformed('a change of unknown kind')
  switch (type) {
    case 'addVoter':
    case 'addLearner':
    case 'update':
      if (contact === undefined) throw new Malformed(`${type} without a contact`)
      return { type, id, contact }
    case 'promote':
      return contact === undefined ? { type, id } : { type, id, contact }
    case 'demote':
    case 'remove':
      if (contact !== undefined) throw new Malformed(`${type} with a contact`)
      return { type, id }
  }
}
