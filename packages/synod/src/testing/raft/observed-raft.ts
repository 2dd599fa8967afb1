import type { Command, Index, Membership, NodeId, ReadId, SnapshotId, Term } from '../../core/index.ts'
import type { EngineEnvironment } from '../../member/index.ts'
import {
  durablePart,
  Glance,
  initialState,
  Raft,
  restore,
  type Durable,
  type Message,
  type RaftEnvironment,
  type RaftNode,
  type RaftOptions,
  type RaftState,
} from '../../protocols/raft/index.ts'

/** How many records of a life are durable: the journal's own count, or undefined before it began to write. */
type CountDurable = () => number

/**
 * One member's Raft as the invariants see it. What is on its disk is followed record by record: those that the journal
 * has synced are folded, as a recovery would fold them.
 */
export class ObservedRaft implements RaftNode {
  readonly id: NodeId
  state: RaftState = initialState()
  incarnation = 0
  private disk: RaftState = initialState()
  private records: Durable[] = []
  private folded = 0
  private count: CountDurable = () => 0
  /** How often the disk has changed, and as of the last glance. */
  private folds = 0
  private foldsSeen = -1
  private readonly glance = new Glance()

  constructor(id: NodeId) {
    this.id = id
  }

  /** Something that invariants and situations read is other than when this was last asked. */
  changed(): boolean {
    this.foldDurable()
    const isSameDisk = this.folds === this.foldsSeen
    this.foldsSeen = this.folds
    return this.glance.changed(this, isSameDisk)
  }

  get durable(): RaftState {
    this.foldDurable()
    return this.disk
  }

  private foldDurable(): void {
    const durable = Math.min(this.count(), this.records.length)
    for (; this.folded < durable; this.folded++) {
      const record = this.records[this.folded]
      if (record !== undefined) restore(this.disk, record)
      this.folds++
    }
    if (this.folded > 1000) {
      this.records = this.records.slice(this.folded)
      const before = this.folded
      const { count } = this
      this.count = () => count() - before
      this.folded = 0
    }
  }

  /** Another life begins: its engine. Until that starts, the disk holds what it held. */
  engine(env: EngineEnvironment<Message, Durable>, options: RaftOptions, count: CountDurable): Raft {
    const persisted = (record: Durable): void => void this.records.push(record)
    const started = (raft: Raft): void => this.started(raft, count)
    return new StartedRaft(new Recording(env, persisted), options, started)
  }

  private started(raft: Raft, count: CountDurable): void {
    // All that was read has been synced by now.
    this.disk = durablePart(raft.state)
    this.folds++
    this.state = raft.state
    this.incarnation++
    this.records = []
    this.folded = 0
    this.count = count
  }
}

/** Tells when it starts, just before it does. */
class StartedRaft extends Raft {
  private readonly started: (raft: Raft) => void

  constructor(env: RaftEnvironment, options: RaftOptions, started: (raft: Raft) => void) {
    super(env, options)
    this.started = started
  }

  override start(): void {
    this.started(this)
    super.start()
  }
}

/** An environment that keeps what is persisted. */
class Recording implements EngineEnvironment<Message, Durable> {
  readonly self: NodeId
  private readonly env: EngineEnvironment<Message, Durable>
  private readonly persisted: (record: Durable) => void

  constructor(env: EngineEnvironment<Message, Durable>, persisted: (record: Durable) => void) {
    this.self = env.self
    this.env = env
    this.persisted = persisted
  }

  persist(record: Durable): void {
    this.persisted(record)
    this.env.persist(record)
  }

  send(to: NodeId, message: Message): void {
    this.env.send(to, message)
  }

  sendAhead(to: NodeId, message: Message): void {
    this.env.sendAhead(to, message)
  }

  setTimer(timer: string, min: number, max: number): void {
    this.env.setTimer(timer, min, max)
  }

  clearTimer(timer: string): void {
    this.env.clearTimer(timer)
  }

  choose(alternatives: number): number {
    return this.env.choose(alternatives)
  }

  decide(index: Index, term: Term, command: Command | undefined): void {
    this.env.decide(index, term, command)
  }

  led(by: NodeId | undefined, term: Term): void {
    this.env.led(by, term)
  }

  readable(id: ReadId, index: Index): void {
    this.env.readable(id, index)
  }

  unreadable(id: ReadId): void {
    this.env.unreadable(id)
  }

  reconfigured(membership: Membership, index: Index): void {
    this.env.reconfigured(membership, index)
  }

  install(snapshot: SnapshotId): void {
    this.env.install(snapshot)
  }
}
