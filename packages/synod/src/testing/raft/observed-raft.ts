import type { NodeId } from '../../core/index.ts'
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
import { Recording } from '../recording.ts'
import type { ObservedEngine } from '../store-play.ts'

/** How many records of a life are durable: the journal's own count, or undefined before it began to write. */
type CountDurable = () => number

/**
 * One member's Raft as the invariants see it. What is on its disk is followed record by record: those that the journal
 * has synced are folded, as a recovery would fold them.
 */
export class ObservedRaft implements RaftNode, ObservedEngine<Message, Durable, RaftNode> {
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

  private readonly options: RaftOptions

  constructor(id: NodeId, options: RaftOptions) {
    this.id = id
    this.options = options
  }

  get node(): RaftNode {
    return this
  }

  get known(): RaftState {
    return this.state
  }

  get asks(): string {
    const { role, votes } = this.state
    return role === 'candidate' || role === 'preCandidate' ? `, ${role} with ${JSON.stringify(votes)}` : ''
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
  engine(env: EngineEnvironment<Message, Durable>, count: CountDurable): Raft {
    const persisted = (record: Durable): void => void this.records.push(record)
    const started = (raft: Raft): void => this.started(raft, count)
    return new StartedRaft(new Recording(env, persisted), this.options, started)
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
