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
const strangersMax = 32

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
  private introducers: Readonly<Record<NodeId, string>> = {}
  private readonly strangers = new Map<NodeId, string>()
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
    const { membership, committedMembership } = this.holder.standing
    if (membership === this.newest && committedMembership === this.committed) return
    const before = this.committed
    const former = { ...this.committed?.contacts, ...this.newest?.contacts }
    this.newest = membership
    this.committed = committedMembership
    this.unnamed = new Set(membership.learners.filter((id) => diskIn(membership.contacts, id) === undefined))
    for (const id of membersOf(membership)) this.strangers.delete(id)
    this.takeLeave(former)
    this.connect()
    for (const id of this.holder.contradicted()) this.holder.links.estrange(id)
    const named = diskIn(membership.contacts, this.holder.self)
    if (named !== undefined && named !== this.holder.diskId) return this.holder.lostDisk()
    if (before !== undefined && before !== committedMembership) this.compare(before, committedMembership)
    this.holder.changed()
  }

  /** Whom two decided memberships in a row tell apart. */
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
    const others = [...this.strangers, ...[...this.leaving].map(([id, { contact }]) => [id, contact] as const)]
    const contacts = this.contacts()
    const introducers = Object.keys(contacts).length === 0 ? this.introducers : {}
    this.holder.links.reconfigure({ ...introducers, ...Object.fromEntries(others), ...contacts })
  }

  /** A peer was welcomed. */
  met({ from, contact }: Hello): void {
    if (from in this.contacts() || contact === '' || this.strangers.get(from) === contact) return
    const [oldest] = this.strangers.keys()
    if (this.strangers.size >= strangersMax && oldest !== undefined) this.strangers.delete(oldest)
    this.strangers.set(from, contact)
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
