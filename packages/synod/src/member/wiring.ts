import type {
  Codec,
  DiskError,
  Halt,
  Index,
  LogEngine,
  MembershipChange,
  NodeId,
  Ports,
  SnapshotId,
  StateMachine,
  Standing,
} from '../core/index.ts'
import type { Journal } from '../journal/index.ts'
import type { Acquaintances, AcquaintancesHolder } from './acquaintances.ts'
import type { ChangeAnswer, ChangesHolder } from './changes.ts'
import type { Circle, CircleHolder } from './circle.ts'
import type { Departure, DepartureHolder } from './departure.ts'
import type { Effects, EffectsHolder, Output } from './effects.ts'
import type { InstallationHolder } from './installation.ts'
import type { MemberOptions } from './options.ts'
import type { News, NewsHolder } from './news.ts'
import type { ProposalsHolder } from './proposals.ts'
import type { Publication, PublicationHolder } from './publication.ts'
import type { ReadsHolder } from './reads.ts'
import type { Snapshots, SnapshotsHolder } from './snapshots.ts'
import type { Tally } from './tally.ts'
import type { Timers } from './timers.ts'
import type { Upkeep, UpkeepHolder } from './upkeep.ts'
import type { Wire } from './wire.ts'

/** What the parts of a member ask of each other goes through here: each sees only what its holder shows it. */
export interface Inside<Message, Durable, Context> {
  readonly ports: Ports
  readonly options: MemberOptions
  readonly codec: Codec<Message, Durable>
  readonly engine: LogEngine<unknown, Message, Durable>
  readonly machine: StateMachine<Context>
  readonly journal: Journal<Durable>
  readonly snapshots: Snapshots
  readonly effects: Effects<Message, Durable>
  readonly news: News<Message>
  readonly timers: Timers
  readonly tally: Tally
  readonly upkeep: Upkeep<Message, Durable>
  readonly acquaintances: Acquaintances
  readonly circle: Circle
  readonly departure: Departure
  readonly publication: Publication
  readonly applied: Index
  readonly standing: Standing
  readonly diskId: string | undefined
  change(changes: readonly MembershipChange[], answer: ChangeAnswer): void
  nextSequence(): number
  transmit(to: NodeId, wire: Wire<Message>): boolean
  /** After a call into the engine from outside a turn's own flow. */
  settled(): void
  fetched(snapshot: SnapshotId): void
  installed(snapshot: SnapshotId, delayed: readonly Output[]): void
  /** Every other first member has welcomed this one. */
  join(): void
  diskFailed(error: DiskError): void
  halt(reason: Halt): void
}

export function effectsHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): EffectsHolder<Message, Durable> {
  return {
    self: member.options.self,
    append: (record) => {
      member.journal.append(record)
      return member.journal.appended
    },
    transmit: (to, message, isNews) => member.news.send(to, message, isNews),
    setTimer: (timer, delay) => member.timers.set(member.timers.engine.name(timer), delay),
    clearTimer: (timer) => member.timers.clear(member.timers.engine.name(timer)),
    random: () => member.ports.random(),
  }
}

export function newsHolder<Message, Durable, Context>(member: Inside<Message, Durable, Context>): NewsHolder<Message> {
  return {
    delay: member.options.newsDelay,
    now: () => member.ports.clock.now(),
    later: (delay) => member.timers.ensure('news', delay),
    saysAsMuch: (message) => member.codec.urgency(message) === 'bulk',
    transmit: (to, message) => member.transmit(to, { type: 'protocol', message }),
  }
}

export function acquaintancesHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): AcquaintancesHolder {
  return {
    self: member.options.self,
    cluster: member.options.cluster,
    protocol: member.codec.protocol,
    log: member.ports.log,
    get membership() {
      return member.standing.membership
    },
    isMember: (id) => member.circle.isMember(id),
    confirmed: () => member.join(),
    met: (hello) => member.circle.met(hello),
    failed: (error) => member.diskFailed(error),
  }
}

export function circleHolder<Message, Durable, Context>(member: Inside<Message, Durable, Context>): CircleHolder {
  const { self } = member.options
  return {
    self,
    links: member.ports.links,
    get diskId() {
      return member.diskId
    },
    get standing() {
      return member.standing
    },
    now: () => member.ports.clock.now(),
    later: () => member.timers.ensure('farewell', member.options.farewell),
    known: (id, disk) => member.acquaintances.known(id, disk),
    removed: (ids) => member.acquaintances.removed(ids),
    contradicted: () => member.acquaintances.contradicted(),
    changed: () => member.publication.consider(),
    expelled: () => {
      const { decided } = member.standing
      member.departure.begin(
        `member ${self} was removed from the cluster by a change of the membership that is decided at index ${decided}`,
        member.options.farewell,
      )
    },
    lostDisk: () =>
      member.halt({
        code: 'lost-disk',
        message: `member ${self} takes part under another disk than this one: remove it and add it again`,
      }),
  }
}

export function departureHolder<Message, Durable, Context>(member: Inside<Message, Durable, Context>): DepartureHolder {
  return {
    log: member.ports.log,
    later: (delay) => member.timers.set('leave', delay),
    halt: (reason) => member.halt(reason),
    failed: (error) => member.diskFailed(error),
  }
}

export function changesHolder<Message, Durable, Context>(member: Inside<Message, Durable, Context>): ChangesHolder {
  const { self } = member.options
  return {
    self,
    get standing() {
      return member.standing
    },
    now: () => member.ports.clock.now(),
    diskOf: (id) => (id === self ? member.diskId : member.acquaintances.diskOf(id)),
    change: (changes) => member.engine.change(changes),
    nextSequence: () => member.nextSequence(),
    tell: (to, wire) => member.transmit(to, wire),
    later: () => member.timers.ensure('repeat', member.options.changes.pause),
  }
}

export function publicationHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): PublicationHolder {
  return {
    self: member.options.self,
    get diskId() {
      return member.diskId
    },
    get standing() {
      return member.standing
    },
    log: member.ports.log,
    change: (changes, answer) => member.change(changes, answer),
    later: () => member.timers.ensure('publish', member.options.retry),
  }
}

export function installationHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): InstallationHolder {
  return {
    load: (snapshot, done) => member.snapshots.load(snapshot, done),
    installed: (snapshot, delayed) => member.installed(snapshot, delayed),
    halt: (reason) => member.halt(reason),
  }
}

export function upkeepHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): UpkeepHolder<Message, Durable> {
  return {
    options: member.options,
    engine: member.engine,
    journal: member.journal,
    snapshots: member.snapshots,
    checksum: member.ports.checksum,
    get applied() {
      return member.applied
    },
    onceDurable: (action) => member.effects.onceDurable(action),
  }
}

export function snapshotsHolder<Message, Durable, Context>(member: Inside<Message, Durable, Context>): SnapshotsHolder {
  return {
    log: member.ports.log,
    now: () => member.ports.clock.now(),
    source: () => member.machine.snapshot(),
    sink: () => member.machine.install(),
    tell: (to, wire) => member.transmit(to, wire),
    soon: () => member.timers.set('snapshot', 1),
    later: () => member.timers.ensure('fetch', member.options.snapshots.retry),
    taken: (snapshot) => {
      member.upkeep.taken(snapshot)
      member.settled()
    },
    fetched: (snapshot) => member.fetched(snapshot),
    failed: (error) => member.diskFailed(error),
  }
}

export function proposalsHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): ProposalsHolder<Context> {
  return {
    self: member.options.self,
    get standing() {
      return member.engine.standing
    },
    now: () => member.ports.clock.now(),
    checksum: (bytes) => member.ports.checksum(bytes),
    nextSequence: () => member.nextSequence(),
    propose: (command) => member.engine.propose(command),
    tell: (to, wire) => member.transmit(to, wire),
    fail: (context, error) => {
      member.tally.proposalsFailed++
      member.machine.fail(context, error)
    },
    later: () => member.timers.ensure('repeat', member.options.proposals.pause),
  }
}

export function readsHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): ReadsHolder<Context> {
  return {
    self: member.options.self,
    get standing() {
      return member.engine.standing
    },
    get applied() {
      return member.applied
    },
    now: () => member.ports.clock.now(),
    ask: (id) => member.engine.read(id),
    tell: (to, wire) => member.transmit(to, wire),
    readable: (context) => member.machine.read(context),
    fail: (context, error) => {
      member.tally.readsFailed++
      member.machine.fail(context, error)
    },
    later: () => member.timers.ensure('repeat', member.options.retry),
  }
}
