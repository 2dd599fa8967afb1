import type { DiskError, Hello, Logger, NodeId, Refusal } from '../core/index.ts'
import type { Directory, Peers } from './directory.ts'

export interface AcquaintancesHolder {
  readonly self: NodeId
  readonly cluster: string
  readonly log: Logger
  members(): readonly NodeId[]
  /** All other first members know this disk, and none knew another: it may vote from now on. Durable. */
  confirmed(): void
  failed(error: DiskError): void
}

/**
 * Who is who among the disks of a cluster. A member whose disk was wiped or exchanged has forgotten what it voted and
 * acknowledged: if it took part again under its old name, committed entries could be undone (openraft's FAQ, etcd#21271).
 * So each member remembers, durably, the disk under which it knows every other one, and welcomes no other disk under
 * that name; and a new disk takes part only after *all* other first members have welcomed it, each of which would have
 * remembered an older one.
 */
export class Acquaintances {
  private readonly directory: Directory
  private readonly holder: AcquaintancesHolder
  private peers: Peers = { confirmed: false, disks: {} }
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
    const { self, cluster } = this.holder
    if (!this.ready) return answer({ code: 'busy', message: `member ${self} is still reading its disk` })
    if (hello.cluster !== cluster) {
      return answer({
        code: 'cluster-mismatch',
        message: `this is cluster ${cluster}, you belong to cluster ${hello.cluster}`,
      })
    }
    if (hello.to !== self) {
      return answer({
        code: 'wrong-address',
        message: `this is member ${self}, you wanted member ${hello.to}: compare the peer addresses in --initial-cluster`,
      })
    }
    if (hello.from === self || !this.holder.members().includes(hello.from)) {
      return answer({ code: 'unknown-member', message: `member ${hello.from} is not in this cluster` })
    }
    const known = this.peers.disks[hello.from]
    if (known !== undefined && known !== hello.diskId) {
      return answer({ code: 'lost-disk', message: `member ${hello.from} is known here under another disk` })
    }
    if (known === undefined) {
      this.peers = { ...this.peers, disks: { ...this.peers.disks, [hello.from]: hello.diskId } }
      this.changed = true
    }
    this.onceWritten(() => answer(undefined))
  }

  /** A peer has welcomed this disk. */
  welcomed(by: NodeId): void {
    this.welcomedBy.add(by)
    this.consider()
  }

  private consider(): void {
    if (!this.ready || this.peers.confirmed) return
    const others = this.holder.members().filter((member) => member !== this.holder.self)
    if (!others.every((member) => this.welcomedBy.has(member))) return
    this.peers = { ...this.peers, confirmed: true }
    this.changed = true
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
