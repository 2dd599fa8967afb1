import { Malformed, Writer, type Reader } from './codec.ts'
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
  // Sorted already, and almost always all there is.
  if (outgoing.length === 0 && learners.length === 0) return [...voters]
  return [...new Set([...voters, ...outgoing, ...learners])].toSorted()
}

/** Memberships are never changed, and the same one is written again and again: into each mark of the journal, and each checkpoint. */
const written = new WeakMap<Membership, Uint8Array>()

/** Lists first, then the flag, then contacts by sorted ids: equal memberships are equal bytes. */
export function writeMembership(membership: Membership, out: Writer): void {
  out.raw(bytesOf(membership))
}

function bytesOf(membership: Membership): Uint8Array {
  let bytes = written.get(membership)
  if (bytes === undefined) {
    const own = new Writer(256)
    encode(membership, own)
    bytes = own.control.slice(0, own.length)
    written.set(membership, bytes)
  }
  return bytes
}

/** The same members in the same parts, and the same said of each; or none both times. */
export function isSameMembership(a: Membership | undefined, b: Membership | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  const [one, other] = [bytesOf(a), bytesOf(b)]
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}

function encode(membership: Membership, out: Writer): void {
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

/** Why no rule of membership changes leads to this one; undefined: it may be. */
export function unsound(membership: Membership): string | undefined {
  const { voters, outgoing, learners, learnersNext, autoLeave, joining, contacts } = membership
  const members = new Set(membersOf(membership))
  for (const ids of [voters, outgoing, learners, learnersNext, joining]) {
    const at = ids.findIndex((id, i) => i > 0 && id <= (ids[i - 1] ?? ''))
    if (at > 0) return `members are sorted and distinct: ${ids.join(', ')}`
  }
  const both = learners.find((id) => voters.includes(id) || outgoing.includes(id))
  if (both !== undefined) return `${both} is a learner and a voter`
  const staged = learnersNext.find((id) => !outgoing.includes(id) || voters.includes(id))
  if (staged !== undefined) return `${staged} is to become a learner, and is not an outgoing voter`
  const joins = joining.find((id) => !learners.includes(id) && !learnersNext.includes(id))
  if (joins !== undefined) return `${joins} is to become a voter, and is no learner`
  if (autoLeave && outgoing.length === 0) return 'there is no joint phase to be left'
  const stranger = Object.keys(contacts).find((id) => !members.has(id))
  return stranger === undefined ? undefined : `${stranger} has a contact, and is no member`
}

/**
 * Those that were read last, by their bytes. Every checkpoint of a journal repeats the same few, and each is read once only; what
 * is equal is then the same object, too, so that nobody has to compare it.
 */
const recent: { readonly bytes: Uint8Array; readonly membership: Membership }[] = []
const recentMax = 8

/** Throws `Malformed` for what is not sound. */
export function readMembership(input: Reader): Membership {
  for (const { bytes, membership } of recent) if (input.skip(bytes)) return membership
  const from = input.at
  const membership = decode(input)
  recent.unshift({ bytes: input.control.slice(from, input.at), membership })
  if (recent.length > recentMax) recent.pop()
  return membership
}

function decode(input: Reader): Membership {
  const [voters, outgoing, learners] = [input.nodes(), input.nodes(), input.nodes()]
  const [learnersNext, joining, autoLeave] = [input.nodes(), input.nodes(), input.flag()]
  const known: [NodeId, string][] = []
  for (let left = input.count(8); left > 0; left--) known.push([input.text(), input.text()])
  const twice = known.find(([id], i) => i > 0 && id <= (known[i - 1]?.[0] ?? ''))
  if (twice !== undefined) throw new Malformed(`contacts are sorted and distinct: ${twice[0]}`)
  const contacts = Object.fromEntries(known)
  const membership = { voters, outgoing, learners, learnersNext, autoLeave, joining, contacts }
  const reason = unsound(membership)
  if (reason !== undefined) throw new Malformed(reason)
  return membership
}
