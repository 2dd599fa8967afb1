import {
  assert,
  beginFrame,
  isJoint,
  Malformed,
  membersOf,
  openFrame,
  Rejected,
  sealFrame,
  Writer,
  type Codec,
  type DiskError,
  type Halt,
  type Hello,
  type Host,
  type Index,
  type Introduction,
  type LogEngine,
  type MembershipChange,
  type NodeId,
  type Ports,
  type Refusal,
  type SnapshotId,
  type Standing,
  type StateMachine,
  type Term,
} from '../core/index.ts'
import { Journal } from '../journal/index.ts'
import { Acquaintances } from './acquaintances.ts'
import { Admissions } from './admissions.ts'
import { Changes, type ChangeAnswer } from './changes.ts'
import { Circle } from './circle.ts'
import { Departure } from './departure.ts'
import { Directory } from './directory.ts'
import { fire, takeWire, type Answering } from './dispatch.ts'
import { Effects, type Output } from './effects.ts'
import { Installation } from './installation.ts'
import { News } from './news.ts'
import { openMember, type Opened } from './opening.ts'
import type { MemberOptions } from './options.ts'
import { Proposals } from './proposals.ts'
import { Publication, type About } from './publication.ts'
import { Reads } from './reads.ts'
import type { Parts, Phase, Replica } from './replica.ts'
import { noSpace, Room } from './room.ts'
import { Snapshots } from './snapshots.ts'
import { SyncWatch } from './sync-watch.ts'
import { Tally } from './tally.ts'
import { Timers } from './timers.ts'
import { Upkeep } from './upkeep.ts'
import { channelOf, readWire, writeWire, type Wire } from './wire.ts'
import {
  acquaintancesHolder,
  changesHolder,
  circleHolder,
  departureHolder,
  effectsHolder,
  installationHolder,
  newsHolder,
  proposalsHolder,
  publicationHolder,
  readsHolder,
  snapshotsHolder,
  upkeepHolder,
} from './wiring.ts'

/**
 * One member of a cluster: a protocol, its journal, its state machine, and the order of effects between them. It does
 * no I/O of its own; ports are handed in, Node's in production and virtual ones in the simulator.
 *
 * What happens comes in by the calls of `Host`; what it led to goes out in `flush`, once at the end of the turn:
 * one command for all operations of the turn, one write to the journal with one sync, frames to the peers.
 */
export class Member<Message, Durable, Context> implements Host, Replica<Context>, Answering<Message, Durable, Context> {
  readonly ports: Ports
  readonly options: MemberOptions
  readonly engine: LogEngine<unknown, Message, Durable>
  readonly machine: StateMachine<Context>
  readonly journal: Journal<Durable>
  readonly snapshots: Snapshots
  phase: Phase = 'opening'
  applied: Index = 0
  /** Set when the directory was read: the transport's introduction of this member. */
  diskId: string | undefined

  readonly codec: Codec<Message, Durable>
  readonly effects: Effects<Message, Durable>
  readonly news: News<Message>
  readonly timers: Timers
  readonly proposals: Proposals<Context>
  readonly reads: Reads<Context>
  readonly changes: Changes
  readonly acquaintances: Acquaintances
  readonly circle: Circle
  readonly departure: Departure
  readonly publication: Publication
  private readonly directory: Directory
  private readonly out = new Writer(4096)
  private readonly installation: Installation
  private lastTerm: Term = 0
  private sequence = 0
  readonly room: Room = new Room()
  readonly tally: Tally = new Tally()
  readonly syncs: SyncWatch
  /** Delivered at the end of the turn: an answer never comes inside the call. */
  private refusals: (() => void)[] = []
  private readonly admissions = new Admissions<Message>()
  readonly upkeep: Upkeep<Message, Durable>
  private turnAsked = false
  private stopped: (() => void) | undefined

  constructor(parts: Parts<Message, Durable, Context>) {
    const { ports, options, codec, machine } = parts
    this.ports = ports
    this.options = options
    this.codec = codec
    this.machine = machine
    this.timers = new Timers(ports.clock)
    this.directory = new Directory(ports.disk, ports.checksum)
    const { checksum } = ports
    const journalOptions = { segmentBytes: options.segmentBytes, checksum, random: () => ports.random() }
    this.journal = new Journal(ports.disk, codec, journalOptions, {
      checkpoint: () => ({ record: this.engine.checkpoint(), index: this.engine.standing.lastIndex }),
      durable: (count) => this.durable(count),
      failed: (error) => this.diskFailed(error),
      room: (state, cause) => this.roomChanged(state, cause),
    })
    this.news = new News(newsHolder(this))
    this.effects = new Effects(effectsHolder(this))
    this.engine = parts.engine(this.effects)
    this.syncs = new SyncWatch(this.engine, this.timers, ports, options.electionTimeout)
    this.snapshots = new Snapshots(ports.disk, checksum, options.snapshots, snapshotsHolder(this))
    this.proposals = new Proposals(proposalsHolder(this), options.proposals)
    this.reads = new Reads(readsHolder(this), {
      patience: options.proposals.patience,
      retry: options.retry,
      limit: options.proposals.operations,
    })
    this.upkeep = new Upkeep(upkeepHolder(this))
    this.changes = new Changes(changesHolder(this), options.changes)
    this.installation = new Installation(installationHolder(this))
    this.acquaintances = new Acquaintances(this.directory, acquaintancesHolder(this))
    this.circle = new Circle(circleHolder(this), options.farewell)
    this.departure = new Departure(this.directory, departureHolder(this))
    this.publication = new Publication(publicationHolder(this))
  }

  // Opening

  /** Reads the directory; `done` is told when links may open, not when it is a working member. */
  open(done: (opened: Opened | undefined) => void): void {
    const { ports, options, directory, journal, snapshots, engine, codec } = this
    openMember({ ports, options, directory, journal, snapshots, engine, codec }, (outcome) => {
      if (this.phase === 'halted') return
      if ('code' in outcome) {
        this.halt(outcome)
        return done(undefined)
      }
      this.diskId = outcome.identity.diskId
      this.applied = outcome.snapshot?.index ?? 0
      this.lastTerm = outcome.snapshot?.term ?? 0
      if (outcome.snapshot !== undefined) this.snapshots.clear(outcome.snapshot)
      this.upkeep.begin()
      this.sequence = outcome.epoch * 2 ** 32
      this.reads.beginAt(this.sequence)
      this.begun = () => {
        this.phase = 'joining'
        this.upkeep.opened()
        this.circle.begin(outcome.peers?.introducers ?? {})
        if (this.halted) return done(undefined)
        done(outcome)
        this.acquaintances.adopt(outcome.peers)
        if (this.acquaintances.isConfirmed) this.join()
        else ports.log.info('a new disk: it takes part once all other members have welcomed it')
      }
      this.journal.begin(outcome.epoch)
    })
  }

  private begun: (() => void) | undefined

  /** All that was read is durable, and nobody knew this member under another disk: it takes part. */
  join(): void {
    if (this.phase !== 'joining') return
    this.phase = 'running'
    this.engine.start()
    this.publication.begin()
    this.settled()
  }

  // What comes in

  submit(operation: Uint8Array, context: Context): void {
    const refused = this.unavailable() ?? (this.hasRoom() ? this.proposals.submit(operation, context) : noSpace())
    if (refused !== undefined) this.tally.proposalsFailed++
    this.taken(context, refused)
  }

  read(context: Context): void {
    const refused = this.unavailable() ?? this.reads.read(context)
    if (refused !== undefined) this.tally.readsFailed++
    this.taken(context, refused)
  }

  change(changes: readonly MembershipChange[], answer: ChangeAnswer): void {
    const refused = this.unavailable() ?? this.changes.submit(changes, answer)
    if (refused !== undefined) this.refusals.push(() => answer(refused))
    this.turn()
  }

  publish(about: About): void {
    this.publication.say(about)
  }

  private taken(context: Context, refused: Rejected | undefined): void {
    if (refused !== undefined) this.refusals.push(() => this.machine.fail(context, refused))
    this.turn()
  }

  private unavailable(): Rejected | undefined {
    if (this.departing) return new Rejected('this member was removed from the cluster', { code: 'stopping' })
    if (this.phase !== 'stopping' && !this.halted) return undefined
    return new Rejected('the member is stopping', { code: 'stopping' })
  }

  hasRoom(): boolean {
    return (
      this.room.unquestioned || this.room.forWrites(this.engine.standing, this.options.self, this.ports.clock.now())
    )
  }

  private get halted(): boolean {
    return this.phase === 'halted'
  }

  get standing(): Standing {
    return this.engine.standing
  }

  get departing(): boolean {
    return this.departure.begun
  }

  transfer(to?: NodeId): boolean {
    const begun = this.phase === 'running' && this.engine.transfer(to)
    this.settled()
    return begun
  }

  greeted(hello: Hello, answer: (refusal: Refusal | undefined) => void): void {
    if (this.phase === 'opening' || this.phase === 'halted')
      answer({ code: 'busy', message: `member ${this.options.self} is not ready` })
    else this.acquaintances.greeted(hello, answer)
  }

  introduce(): Introduction | undefined {
    if (this.phase === 'opening' || this.phase === 'halted') return undefined
    const { decided, committedMembership } = this.engine.standing
    return { cluster: this.options.cluster, protocol: this.codec.protocol, decided, membership: committedMembership }
  }

  refused(by: NodeId, refusal: Refusal): void {
    if (!this.circle.trusts(by)) return
    if (refusal.code === 'removed')
      this.departure.begin(`member ${this.options.self} was removed from the cluster, says member ${by}`, 0)
    // Only who has never taken part is wrong about its cluster's engine; another one was asked by whoever was just added.
    if (refusal.code === 'engine-mismatch' && this.isNew) {
      const message = `${refusal.message}, says member ${by}: begin with an empty directory, and with its engine`
      return this.halt({ code: 'incompatible', message })
    }
    if (refusal.code !== 'lost-disk') return
    const message = `member ${this.options.self} has lost its disk (member ${by} knows it under another one): remove it and add it again`
    this.halt({ code: 'lost-disk', message })
  }

  private get isNew(): boolean {
    return this.phase === 'joining' || membersOf(this.standing.membership).length === 0
  }

  connected(to: NodeId): void {
    if (this.phase !== 'halted') this.acquaintances.welcomed(to)
  }

  arrived(from: NodeId, frame: Uint8Array): void {
    if (this.phase !== 'running' && this.phase !== 'stopping') return
    let wire: Wire<Message>
    try {
      wire = readWire(openFrame(frame, this.ports.checksum), this.codec)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      // As if it had been lost: protocols cope with that.
      this.ports.log.warn('dropped a damaged frame', { from, why: error.message })
      return
    }
    takeWire(this, from, wire)
    this.settled()
  }

  /** A message is received when what it is attached to is durable here, and when there is room for what it brings. */
  admit(from: NodeId, message: Message): void {
    if (this.codec.urgency(message) === 'bulk') {
      if (!this.room.here) {
        if (this.room.mayTell(this.ports.clock.now())) this.transmit(from, { type: 'full' })
        return
      }
      if (this.journal.waiting > this.options.waitingBytes) return
    }
    const snapshot = this.codec.attachment(message)
    if (snapshot === undefined || this.snapshots.has(snapshot) || snapshot.index <= this.applied)
      return this.engine.receive(message, from)
    this.admissions.add({ snapshot, message, from })
    this.snapshots.fetch(from, snapshot)
  }

  alarm(): void {
    if (this.phase === 'halted') return
    const now = this.ports.clock.now()
    for (let timer = this.timers.due(now); timer !== undefined; timer = this.timers.due(now)) {
      fire(this, timer, now)
      this.settle()
      if (this.halted) return
    }
    this.timers.rearm()
    this.turn()
  }

  // What goes out

  settled(): void {
    this.settle()
    this.turn()
  }

  nextSequence(): number {
    return this.sequence++
  }

  /** Asks for `flush` at the end of this turn. */
  private turn(): void {
    if (this.turnAsked) return
    this.turnAsked = true
    this.ports.endOfTurn()
  }

  flush(): void {
    this.turnAsked = false
    if (this.phase === 'halted') return
    this.refuse()
    if (this.phase === 'running' || this.phase === 'stopping') {
      this.proposals.flush()
      this.reads.flush()
      this.changes.flush()
      this.settle()
      if (!this.installation.underWay) this.upkeep.takeSnapshotIfDue()
    }
    // Whoever waits is answered in time, though this member may never take part.
    if (this.proposals.outstanding + this.reads.outstanding + this.changes.outstanding > 0)
      this.timers.ensure('repeat', this.options.retry)
    this.journal.flush()
    if (this.journal.busy || this.journal.rolling) this.syncs.underWay()
    const { stopped } = this
    if (stopped !== undefined && this.proposals.outstanding + this.reads.outstanding + this.changes.outstanding === 0)
      this.finishStopping()
  }

  private refuse(): void {
    if (this.refusals.length === 0) return
    const refusals = this.refusals
    this.refusals = []
    for (const refuse of refusals) refuse()
  }

  /** false: the links have dropped it. */
  transmit(to: NodeId, wire: Wire<Message>): boolean {
    beginFrame(this.out)
    writeWire(wire, this.codec, this.out)
    return this.ports.links.send(to, channelOf(wire, this.codec), sealFrame(this.out, this.ports.checksum))
  }

  /** After every call into the engine: what it told itself arrives, what it told the member is carried out. */
  private settle(): void {
    for (let message = this.effects.inbox.shift(); message !== undefined; message = this.effects.inbox.shift()) {
      this.engine.receive(message, this.options.self)
    }
    if (this.effects.outputs.length === 0) return
    const outputs = this.effects.outputs
    this.effects.outputs = []
    for (const output of outputs) this.carryOut(output)
    this.reads.applied()
    this.circle.look()
  }

  private carryOut(output: Output): void {
    if (this.installation.underWay) return this.installation.delay(output)
    switch (output.type) {
      case 'decided':
        return this.apply(output)
      case 'led':
        this.tally.led(this.standing)
        return this.reads.led()
      case 'readable':
        return this.reads.readable(output.id, output.index)
      case 'unreadable':
        return this.reads.unreadable(output.id)
      case 'install':
        return this.install(output.snapshot)
      case 'reconfigured':
        return
    }
  }

  private apply({ index, term, command }: Extract<Output, { type: 'decided' }>): void {
    assert(index === this.applied + 1, `decisions are applied in order: ${index} after ${this.applied}`)
    if (term > this.lastTerm) {
      this.lastTerm = term
      this.proposals.termDecided(term)
    }
    if (command !== undefined) {
      const contexts = command.origin === this.options.self ? this.proposals.decided(command) : undefined
      this.machine.apply(index, command.bytes, contexts)
    }
    this.applied = index
    this.changes.decided(index, term, command === undefined)
  }

  private durable(count: number): void {
    this.syncs.done()
    this.effects.released(count)
    const { begun } = this
    this.begun = undefined
    begun?.()
    this.settle()
    this.timers.set('mark', this.options.markAfter)
    this.turn()
  }

  // Snapshots

  /** The bytes of an offered snapshot are here: the message that offered it may be received. */
  fetched(snapshot: SnapshotId): void {
    const admission = this.admissions.take(snapshot)
    if (admission !== undefined) this.engine.receive(admission.message, admission.from)
    this.settled()
  }

  private install(snapshot: SnapshotId): void {
    this.snapshots.cancel()
    this.upkeep.relyOn(snapshot)
    this.installation.begin(snapshot)
  }

  installed(snapshot: SnapshotId, delayed: readonly Output[]): void {
    this.applied = snapshot.index
    this.lastTerm = snapshot.term
    this.upkeep.begin()
    this.proposals.skipped()
    this.changes.skipped()
    this.ports.log.info('installed a snapshot', { index: snapshot.index, term: snapshot.term })
    for (const output of delayed) this.carryOut(output)
    this.reads.applied()
    this.turn()
  }

  // Trouble

  private roomChanged(state: 'ready' | 'low', cause: DiskError | undefined): void {
    if (this.room.changed(state, cause, this.ports.log)) this.timers.set('room', 1000)
    this.turn()
  }

  diskFailed(error: DiskError): void {
    this.halt({ code: 'disk', message: error.message, cause: error })
  }

  halt(reason: Halt): void {
    if (this.phase === 'halted') return
    this.phase = 'halted'
    this.timers.clearAll()
    for (const part of [this.proposals, this.reads, this.changes]) part.stop()
    this.ports.halt(reason)
  }

  /** Takes no more, hands leadership over, answers what is under way. `done` once nothing waits; the caller bounds how long. */
  stop(done: () => void): void {
    if (this.phase === 'halted') return done()
    this.phase = this.phase === 'running' ? 'stopping' : this.phase
    this.stopped = done
    this.changes.close()
    if (this.engine.standing.leading) this.engine.transfer()
    this.settled()
  }

  private finishStopping(): void {
    const { leading, membership } = this.engine.standing
    if (leading && (membership.voters.length > 1 || isJoint(membership))) return
    const done = this.stopped
    this.stopped = undefined
    done?.()
  }
}
