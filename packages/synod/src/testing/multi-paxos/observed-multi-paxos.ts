import { isJoint, type Membership, type NodeId } from '../../core/index.ts'
import type { EngineEnvironment } from '../../member/index.ts'
import {
  durablePart,
  initialState,
  MultiPaxos,
  restore,
  type Durable,
  type Message,
  type MultiPaxosEnvironment,
  type MultiPaxosNode,
  type MultiPaxosOptions,
  type MultiPaxosState,
} from '../../protocols/multi-paxos/index.ts'
import type { KnownMemberships } from '../raft/core.ts'
import { Recording } from '../recording.ts'
import type { ObservedEngine } from '../store-play.ts'
import { SyncedRecords } from '../synced-records.ts'

/** Who takes part once it is in force. */
function withoutOutgoing(membership: Membership): Membership {
  const learners = [...membership.learners, ...membership.learnersNext].toSorted()
  return { ...membership, outgoing: [], learners, learnersNext: [], autoLeave: false }
}

/**
 * One member's Multi-Paxos as the invariants see it. What is on its disk is followed record by record: those that the
 * journal has synced are folded, as a recovery would fold them.
 */
export class ObservedMultiPaxos implements MultiPaxosNode, ObservedEngine<Message, Durable, ObservedMultiPaxos> {
  readonly id: NodeId
  state: MultiPaxosState = initialState()
  incarnation = 0
  private readonly options: MultiPaxosOptions
  private disk: MultiPaxosState = initialState()
  private records = new SyncedRecords<Durable>()
  /** How often the disk has changed. */
  private folds = 0
  private persisted = 0
  private glance = ''

  constructor(id: NodeId, options: MultiPaxosOptions) {
    this.id = id
    this.options = options
  }

  get node(): this {
    return this
  }

  get alpha(): number {
    return this.options.alpha
  }

  /**
   * One that is chosen is decided, whoever is needed until it is in force. For that, the one before it counts as one that may
   * be decided yet; and so does what is accepted and not chosen.
   */
  get known(): KnownMemberships {
    const { goesBy, decided, log, compacted } = this.state
    const { index, membership } = goesBy
    const memberships = [{ index, membership: withoutOutgoing(membership) }]
    if (isJoint(membership)) memberships.push({ index: Infinity, membership })
    for (let slot = decided + 1; slot <= compacted + log.length; slot++) {
      const accepted = log[slot - compacted - 1]?.value.membership
      if (accepted !== undefined) memberships.push({ index: slot, membership: accepted })
    }
    return { memberships, commitIndex: decided }
  }

  get asks(): string {
    const { role, votes, promises } = this.state
    if (role === 'canvasser') return `, canvasses with ${JSON.stringify(votes)}`
    return role === 'candidate' ? `, prepares with ${JSON.stringify(promises)}` : ''
  }

  /** All that changes what is persistent is a record, and of the rest invariants and situations read these. */
  changed(): boolean {
    this.foldDurable()
    const { role, promised, decided, stable, goesBy, nextSlot, repair, reads, transfer, leader, snapshot } = this.state
    const numbers = [this.incarnation, this.persisted, this.folds, promised.round, decided, stable, goesBy.index]
    const said = [role, leader, transfer, goesBy.settled, nextSlot, repair === undefined, reads.length, snapshot?.index]
    const glance = `${numbers.join()} ${said.join()}`
    const isChanged = glance !== this.glance
    this.glance = glance
    return isChanged
  }

  get durable(): MultiPaxosState {
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

  engine(env: EngineEnvironment<Message, Durable>, count: () => number): MultiPaxos {
    const persisted = (record: Durable): void => {
      this.records.persisted(record)
      this.persisted++
    }
    const started = (paxos: MultiPaxos): void => this.started(paxos, count)
    return new StartedMultiPaxos(new Recording(env, persisted), this.options, started)
  }

  private started(paxos: MultiPaxos, count: () => number): void {
    // All that was read has been synced by now.
    this.disk = durablePart(paxos.state)
    this.state = paxos.state
    this.incarnation++
    this.records = new SyncedRecords(count)
  }
}

/** In what a member of Multi-Paxos must never forget, and in where their logs begin and end. */
function isSame(a: MultiPaxosState, b: MultiPaxosState): boolean {
  return (
    a.promised.round === b.promised.round &&
    a.promised.id === b.promised.id &&
    a.compacted === b.compacted &&
    a.log.length === b.log.length &&
    a.log.at(-1)?.ballot.round === b.log.at(-1)?.ballot.round &&
    a.snapshot?.index === b.snapshot?.index &&
    a.repair === b.repair
  )
}

function inWords({ promised, compacted, log, snapshot, repair }: MultiPaxosState): string {
  const last = log.at(-1)?.ballot
  const slots = `slots ${compacted} to ${compacted + log.length}, the last in ${last?.round} ${last?.id}`
  const whole = repair === undefined ? '' : `, damaged through ${repair.through}`
  return `promised ${promised.round} ${promised.id}, ${slots}, snapshot ${snapshot?.index}${whole}`
}

/** Tells when it starts, just before it does. */
class StartedMultiPaxos extends MultiPaxos {
  private readonly started: (paxos: MultiPaxos) => void

  constructor(env: MultiPaxosEnvironment, options: MultiPaxosOptions, started: (paxos: MultiPaxos) => void) {
    super(env, options)
    this.started = started
  }

  override start(): void {
    this.started(this)
    super.start()
  }
}
