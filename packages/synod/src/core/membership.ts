import { Malformed, type Reader, type Writer } from './codec.ts'
import type { Membership, NodeId } from './contract.ts'

/** The plain membership: these voters, in any order, and nobody else. Contacts of others are left out. */
export function voting(voters: readonly NodeId[], contacts: Readonly<Record<NodeId, string>> = {}): Membership {
  const sorted = [...new Set(voters)].toSorted()
  return {
    voters: sorted,
    outgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
    joining: [],
    contacts: Object.fromEntries(Object.entries(contacts).filter(([id]) => sorted.includes(id))),
  }
}

/** Between C_old,new and C_new (Ongaro §4.3). */
export function isJoint({ outgoing }: Membership): boolean {
  return outgoing.length > 0
}

/** Everybody who gets the log: voters of both halves and learners; sorted. */
export function membersOf({ voters, outgoing, learners }: Membership): NodeId[] {
  return [...new Set([...voters, ...outgoing, ...learners])].toSorted()
}

/** Lists first, then the flag, then contacts by sorted ids: equal memberships are equal bytes. */
export function writeMembership(membership: Membership, out: Writer): void {
  const { voters, outgoing, learners, learnersNext, autoLeave, joining, contacts } = membership
  for (const ids of [voters, outgoing, learners, learnersNext, joining]) out.nodes(ids)
  out.flag(autoLeave)
  const known = Object.entries(contacts).toSorted(([a], [b]) => (a < b ? -1 : 1))
  out.u32(known.length)
  for (const [id, contact] of known) {
    out.text(id)
    out.text(contact)
  }
}

/** Throws `Malformed` where a list is not sorted, or names one member twice. */
export function readMembership(input: Reader): Membership {
  const [voters, outgoing, learners] = [readIds(input), readIds(input), readIds(input)]
  const [learnersNext, joining, autoLeave] = [readIds(input), readIds(input), input.flag()]
  const known: [NodeId, string][] = []
  for (let left = input.count(8); left > 0; left--) known.push([input.text(), input.text()])
  checkSorted(known.map(([id]) => id))
  return { voters, outgoing, learners, learnersNext, autoLeave, joining, contacts: Object.fromEntries(known) }
}

function readIds(input: Reader): NodeId[] {
  const ids = input.nodes()
  checkSorted(ids)
  return ids
}

function checkSorted(ids: readonly NodeId[]): void {
  for (const [i, id] of ids.entries()) {
    const before = ids[i - 1]
    if (before !== undefined && before >= id) throw new Malformed(`members are sorted and distinct: ${ids.join(', ')}`)
  }
}
