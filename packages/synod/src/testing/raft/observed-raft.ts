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
import { SyncedRecords } from '../synced-records.ts'

/**
 * One member's Raft as the invariants see it. What is on its disk is followed record by record: those that the journal
 * has synced are folded, as a recovery would fold them.
 */
export class ObservedRaft implements RaftNode, ObservedEngine<Message, Durable, ObservedRaft> {
  readonly id: NodeId
  state: RaftState = initialState()
  incarnation = 0
  private disk: RaftState = initialState()
  private records = new SyncedRecords<Durable>()
  /** How often the disk has changed, and as of the last glance. */
  private folds = 0
  private foldsSeen = -1
  private readonly glance = new Glance()

  private readonly options: RaftOptions

  constructor(id: NodeId, options: RaftOptions) {
    this.id = id
    this.options = options
  }

  get node(): this {
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

  /** A member that is being repaired knows less than it has said, and says so; any other one has written all it knows. */
  get unwritten(): string | undefined {
    if (this.state.repair !== undefined || !this.records.allDurable) return undefined
    const { state, durable } = this
    return isSame(state, durable) ? undefined : `${inWords(state)}; its disk tells ${inWords(durable)}`
  }

  private foldDurable(): void {
    this.folds += this.records.fold((record) => restore(this.disk, record))
  }

  /** Another life begins: its engine. Until that starts, the disk holds what it held. */
  engine(env: EngineEnvironment<Message, Durable>, count: () => number): Raft {
    const persisted = (record: Durable): void => this.records.persisted(record)
    const started = (raft: Raft): void => this.started(raft, count)
    return new StartedRaft(new Recording(env, persisted), this.options, started)
  }

  private started(raft: Raft, count: () => number): void {
    // All that was read has been synced by now.
    this.disk = durablePart(raft.state)
    this.folds++
    this.state = raft.state
    this.incarnation++
    this.records = new SyncedRecords(count)
  }
}

/** In what a member of Raft must never forget (Figure 2), and in where their logs begin and end. */
function isSame(a: RaftState, b: RaftState): boolean {
  return (
    a.currentTerm === b.currentTerm &&
    a.votedFor === b.votedFor &&
    a.compacted.index === b.compacted.index &&
    a.compacted.term === b.compacted.term &&
    a.log.length === b.log.length &&
    a.log.at(-1)?.term === b.log.at(-1)?.term &&
    a.snapshot?.index === b.snapshot?.index &&
    a.repair === b.repair
  )
}

function inWords({ currentTerm, votedFor, log, compacted, snapshot, repair }: RaftState): string {
  const last = compacted.index + log.length
  const entries = `log ${compacted.index}/${compacted.term} to ${last}/${log.at(-1)?.term}`
  const whole = repair === undefined ? '' : `, damaged through ${repair.through}`
  return `term ${currentTerm}, vote ${votedFor}, ${entries}, snapshot ${snapshot?.index}${whole}`
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
