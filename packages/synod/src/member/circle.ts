import {
  membersOf,
  type Hello,
  type Links,
  type Membership,
  type Milliseconds,
  type NodeId,
  type Standing,
} from '../core/index.ts'
import { diskIn } from './contact.ts'

export interface CircleHolder {
  readonly self: NodeId
  readonly diskId: string | undefined
  readonly standing: Standing
  readonly links: Links
  now(): Milliseconds
  /** Ask to be called again (`farewell`) when somebody's time is over. */
  later(): void
  /** Whether that is the disk by which a member is known. If it is known by none, it is by this one from now on. */
  known(id: NodeId, disk: string): boolean
  /** They were members, and will never be again. */
  removed(ids: readonly NodeId[]): void
  /** Peers that were welcomed under another disk than the newest membership names. */
  contradicted(): readonly NodeId[]
  /** Another membership is in force, or decided. */
  changed(): void
  /** This member is none any more. */
  expelled(): void
  /** The membership names another disk for this member. */
  lostDisk(): void
}

/** Members that the membership here does not know yet: a lagging one hears of few at a time. */
export const strangersMax = 32

interface Stranger {
  /** Where it says that it is, if it says so. */
  readonly contact: string
  readonly disk: string
}

/**
 * With whom this member has to do. Whom it talks to, and where, is said by the newest membership alone, from the moment
 * at which that is appended (Ongaro §4.1); two kinds are added to it for a while. Who was removed is told so as long as
 * the leader has to tell it, and a little longer. And a member that greets, though the membership here does not know it,
 * is answered where it says it is: this one lags, and whoever greets may lead (a server accepts requests of a leader, and
 * votes for a candidate, that is not part of its own latest configuration, §4.1).
 */
export class Circle {
  private readonly holder: CircleHolder
  /** A member that was removed is still talked to for so long. */
  private readonly patience: Milliseconds
  private newest: Membership | undefined
  private committed: Membership | undefined
  /** The one that was decided before. Not known to who is being repaired: it begins with a guess, and goes through older ones again. */
  private decided: Membership | undefined
  private introducers: Readonly<Record<NodeId, string>> = {}
  private readonly strangers = new Map<NodeId, Stranger>()
  private readonly leaving = new Map<NodeId, { readonly contact: string; readonly until: Milliseconds }>()
  /** Learners whose disk no membership names yet. */
  private unnamed: ReadonlySet<NodeId> = new Set()

  constructor(holder: CircleHolder, patience: Milliseconds) {
    this.holder = holder
    this.patience = patience
  }

  /**
   * A leader does not hear a learner before the membership says by which disk that takes part. It cannot catch up without
   * being heard, so whoever becomes a voter has its disk named in every membership in which it is one, and no
   * acknowledgement of another disk is ever counted for it. (Who does not lead may lag: its learner may be the leader.)
   */
  hears(from: NodeId): boolean {
    return !this.unnamed.has(from) || !this.holder.standing.leading
  }

  /** Links may open. */
  begin(introducers: Readonly<Record<NodeId, string>>): void {
    this.introducers = introducers
    this.look()
  }

  /** After anything that may have changed the membership or what is decided of it. */
  look(): void {
    const { membership, committedMembership, repairing } = this.holder.standing
    const isSeen = repairing || this.decided !== undefined
    if (membership === this.newest && committedMembership === this.committed && isSeen) return
    const before = this.decided
    const former = { ...this.committed?.contacts, ...this.newest?.contacts }
    this.newest = membership
    this.committed = committedMembership
    this.unnamed = new Set(membership.learners.filter((id) => diskIn(membership.contacts, id) === undefined))
    this.adopt(membersOf(membership))
    this.takeLeave(former)
    this.connect()
    for (const id of this.holder.contradicted()) this.holder.links.estrange(id)
    const named = diskIn(membership.contacts, this.holder.self)
    if (named !== undefined && named !== this.holder.diskId) return this.holder.lostDisk()
    if (!repairing) this.decided = committedMembership
    if (before !== undefined && this.decided !== before) this.compare(before, committedMembership)
    this.holder.changed()
  }

  /** Whoever was a stranger, and is none by the newest membership. */
  private adopt(members: readonly NodeId[]): void {
    for (const id of members) {
      const stranger = this.strangers.get(id)
      if (stranger === undefined) continue
      this.strangers.delete(id)
      if (!this.holder.known(id, stranger.disk)) this.holder.links.estrange(id)
    }
  }

  /** Whom two decided memberships tell apart, of which the second is the later one. */
  private compare(before: Membership, after: Membership): void {
    const left = new Set(membersOf(after))
    const gone = membersOf(before).filter((id) => !left.has(id))
    if (gone.includes(this.holder.self)) return this.holder.expelled()
    if (gone.length > 0) this.holder.removed(gone)
  }

  private takeLeave(former: Readonly<Record<NodeId, string>>): void {
    const present = this.contacts()
    for (const [id, contact] of Object.entries(former)) {
      if (id in present) continue
      this.leaving.set(id, { contact, until: this.holder.now() + this.patience })
      this.holder.later()
    }
    for (const id of this.leaving.keys()) if (id in present) this.leaving.delete(id)
  }

  /** Those of the newest membership; and, until it is decided, those of the one that would come back. */
  private contacts(): Record<NodeId, string> {
    const contacts: Record<NodeId, string> = {}
    for (const membership of [this.committed, this.newest]) {
      if (membership === undefined) continue
      for (const id of membersOf(membership)) contacts[id] = ''
      Object.assign(contacts, membership.contacts)
    }
    return contacts
  }

  private connect(): void {
    const others = [...this.strangers, ...this.leaving].filter(([, { contact }]) => contact !== '')
    const reachable = Object.fromEntries(others.map(([id, { contact }]) => [id, contact]))
    this.holder.links.reconfigure({ ...this.introducing(), ...reachable, ...this.contacts() })
  }

  /** Of whom a member that knows no membership yet has heard. */
  private introducing(): Readonly<Record<NodeId, string>> {
    return Object.keys(this.contacts()).length === 0 ? this.introducers : {}
  }

  /**
   * Whether its word about this member counts: not that of a stranger, which anybody may be. Whoever was removed, or has
   * lost its disk, hears it from one that it knows itself.
   */
  trusts(id: NodeId): boolean {
    return this.isMember(id) || this.leaving.has(id) || Object.hasOwn(this.introducing(), id)
  }

  /** By the newest membership, or by the one that would come back. */
  isMember(id: NodeId): boolean {
    return isMemberOf(this.newest, id) || isMemberOf(this.committed, id)
  }

  /** A peer was welcomed. */
  met({ from, contact, diskId: disk }: Hello): void {
    if (this.isMember(from)) {
      // It may have been none when it was answered.
      if (!this.holder.known(from, disk)) this.holder.links.estrange(from)
      return
    }
    const known = this.strangers.get(from)
    if (known?.contact === contact && known.disk === disk) return
    const [oldest] = this.strangers.keys()
    if (known === undefined && this.strangers.size >= strangersMax && oldest !== undefined) {
      this.strangers.delete(oldest)
      this.holder.links.estrange(oldest)
    }
    this.strangers.set(from, { contact, disk })
    this.connect()
  }

  /** Whoever was removed has been told, or cannot be. true: somebody is left. */
  farewell(now: Milliseconds): boolean {
    const { parting } = this.holder.standing
    const over = [...this.leaving].filter(([id, { until }]) => until <= now && !parting.includes(id))
    for (const [id] of over) {
      this.leaving.delete(id)
      this.holder.links.estrange(id)
    }
    if (over.length > 0) this.connect()
    return this.leaving.size > 0
  }
}

/** Nobody else has a contact in it. */
function isMemberOf(membership: Membership | undefined, id: NodeId): boolean {
  if (membership === undefined) return false
  const { voters, outgoing, learners } = membership
  return voters.includes(id) || outgoing.includes(id) || learners.includes(id)
}
