import {
  isNodeId,
  membersOf,
  type DiskError,
  type Hello,
  type Logger,
  type Membership,
  type NodeId,
  type Refusal,
} from '../core/index.ts'
import { diskIn } from './contact.ts'
import { nobodyKnown, type Directory, type Peers } from './directory.ts'

export interface AcquaintancesHolder {
  readonly self: NodeId
  readonly cluster: string
  /** The engine here. */
  readonly protocol: string
  readonly log: Logger
  /** The newest one. */
  readonly membership: Membership
  /** By a membership that is in force here, or would come back. */
  isMember(id: NodeId): boolean
  /** All other first members know this disk, and none knew another: it may vote from now on. Durable. */
  confirmed(): void
  /** A peer was welcomed. */
  met(hello: Hello): void
  failed(error: DiskError): void
}

/** So many removed members are remembered. One that was forgotten is not told that it was removed, and disturbs nobody. */
const removedMax = 256

/**
 * Who is who among the disks of a cluster. A member whose disk was wiped or exchanged has forgotten what it voted and
 * acknowledged: if it took part again under its old name, committed entries could be undone (openraft's FAQ, etcd#21271).
 * So each member remembers, durably, the disk under which it knows every other one, and welcomes no other disk under
 * that name; and a new disk takes part only after *all* other first members have welcomed it, each of which would have
 * remembered an older one. Once a member has said in the membership itself which disk it has, that counts everywhere.
 * (Who is added later has an id that nobody had before it, and needs nobody's word: it begins with an empty membership.)
 */
export class Acquaintances {
  private readonly directory: Directory
  private readonly holder: AcquaintancesHolder
  private peers: Peers = nobodyKnown
  private readonly welcomedBy = new Set<NodeId>()
  private ready = false
  private writing = false
  /** Answers that wait for the file to be durable; and whether it must be written once more. */
  private waiting: (() => void)[] = []
  private changed = false

  constructor(directory: Directory, holder: AcquaintancesHolder) {
    this.directory = directory
    this.holder = holder
  }

  adopt(peers: Peers | undefined): void {
    if (peers !== undefined) this.peers = peers
    this.ready = true
    this.consider()
  }

  get isConfirmed(): boolean {
    return this.peers.confirmed
  }

  /** A peer asks to be heard. Its disk is remembered, durably, before it is welcomed. */
  greeted(hello: Hello, answer: (refusal: Refusal | undefined) => void): void {
    const { self, cluster, protocol, membership } = this.holder
    if (!this.ready) return answer({ code: 'busy', message: `member ${self} is still reading its disk` })
    const engines =
      hello.protocol === protocol ? undefined : `the engine here is ${protocol}, yours is ${hello.protocol}`
    if (hello.cluster !== cluster) {
      const message = `this is cluster ${cluster}, you belong to cluster ${hello.cluster}`
      return answer({
        code: 'cluster-mismatch',
        message: engines === undefined ? message : `${message}; ${engines}`,
      })
    }
    if (engines !== undefined) return answer({ code: 'engine-mismatch', message: engines })
    if (hello.to !== self) {
      return answer({
        code: 'wrong-address',
        message: `this is member ${self}, you wanted member ${hello.to}: compare the peer addresses in --initial-cluster`,
      })
    }
    if (hello.from === self) return answer({ code: 'unknown-member', message: `this is member ${self} itself` })
    if (!isNodeId(hello.from)) {
      return answer({ code: 'unknown-member', message: `${JSON.stringify(hello.from)} is no member's id` })
    }
    if (this.peers.removed.includes(hello.from)) {
      return answer({ code: 'removed', message: `member ${hello.from} was removed from the cluster` })
    }
    const known = diskIn(membership.contacts, hello.from) ?? this.diskOf(hello.from)
    if (known !== undefined && known !== hello.diskId) {
      return answer({ code: 'lost-disk', message: `member ${hello.from} is known here under another disk` })
    }
    // Of a stranger nothing is written down: anybody may be one, as often as it likes.
    if (this.holder.isMember(hello.from)) this.note(hello.from, hello.diskId)
    this.onceWritten(() => {
      answer(undefined)
      this.holder.met(hello)
    })
  }

  diskOf(id: NodeId): string | undefined {
    return Object.hasOwn(this.peers.disks, id) ? this.peers.disks[id] : undefined
  }

  /** One that greeted before the membership here knew it. (Its disk is named in every membership in which it votes.) */
  known(id: NodeId, disk: string): boolean {
    const known = diskIn(this.holder.membership.contacts, id) ?? this.diskOf(id)
    if (known !== undefined) return known === disk
    this.note(id, disk)
    this.onceWritten(() => {})
    return true
  }

  private note(id: NodeId, disk: string): void {
    if (this.diskOf(id) !== disk) this.remember({ disks: { ...this.peers.disks, [id]: disk } })
  }

  /** Whom the membership contradicts: welcomed under a disk that is not the one it names. They have to greet again. */
  contradicted(): NodeId[] {
    const { contacts } = this.holder.membership
    const wrong = Object.entries(this.peers.disks).filter(
      ([id, disk]) => id in contacts && (diskIn(contacts, id) ?? disk) !== disk,
    )
    if (wrong.length > 0) this.forget(wrong.map(([id]) => id))
    return wrong.map(([id]) => id)
  }

  /** They are members no more; an id never comes back. */
  removed(ids: readonly NodeId[]): void {
    this.remember({ removed: [...this.peers.removed, ...ids].slice(-removedMax) })
    this.forget(ids)
  }

  private forget(ids: readonly NodeId[]): void {
    const disks = Object.fromEntries(Object.entries(this.peers.disks).filter(([id]) => !ids.includes(id)))
    this.remember({ disks })
    this.onceWritten(() => {})
  }

  private remember(news: Partial<Peers>): void {
    this.peers = { ...this.peers, ...news }
    this.changed = true
  }

  /** A peer has welcomed this disk. */
  welcomed(by: NodeId): void {
    this.welcomedBy.add(by)
    this.consider()
  }

  private consider(): void {
    if (!this.ready || this.peers.confirmed) return
    const others = membersOf(this.holder.membership).filter((member) => member !== this.holder.self)
    if (!others.every((member) => this.welcomedBy.has(member))) return
    this.remember({ confirmed: true })
    this.onceWritten(() => this.holder.confirmed())
  }

  private onceWritten(then: () => void): void {
    if (!this.changed && !this.writing) return then()
    this.waiting.push(then)
    this.write()
  }

  private write(): void {
    if (this.writing) return
    this.writing = true
    this.changed = false
    const served = this.waiting
    this.waiting = []
    this.directory.writePeers(this.peers, (error) => {
      this.writing = false
      if (error !== undefined) return this.holder.failed(error)
      for (const then of served) then()
      if (this.changed || this.waiting.length > 0) this.write()
    })
  }
}
