import type { DiskError, Index, LogEngine, NodeId, Ports, SnapshotId, StateMachine } from '../core/index.ts'
import type { Journal } from '../journal/index.ts'
import type { Effects } from './effects.ts'
import type { MemberOptions } from './options.ts'
import type { ProposalsHolder } from './proposals.ts'
import type { ReadsHolder } from './reads.ts'
import type { Snapshots, SnapshotsHolder } from './snapshots.ts'
import type { Timers } from './timers.ts'
import type { Upkeep, UpkeepHolder } from './upkeep.ts'
import type { Wire } from './wire.ts'

/** What the parts of a member ask of each other goes through here: each sees only what its holder shows it. */
export interface Inside<Message, Durable, Context> {
  readonly ports: Ports
  readonly options: MemberOptions
  readonly engine: LogEngine<unknown, Message, Durable>
  readonly machine: StateMachine<Context>
  readonly journal: Journal<Durable>
  readonly snapshots: Snapshots
  readonly effects: Effects<Message, Durable>
  readonly timers: Timers
  readonly upkeep: Upkeep<Message, Durable>
  readonly applied: Index
  nextSequence(): number
  transmit(to: NodeId, wire: Wire<Message>): void
  /** After a call into the engine from outside a turn's own flow. */
  settled(): void
  fetched(snapshot: SnapshotId): void
  diskFailed(error: DiskError): void
}

export function upkeepHolder<Message, Durable, Context>(
  member: Inside<Message, Durable, Context>,
): UpkeepHolder<Message, Durable> {
  return {
    options: member.options,
    engine: member.engine,
    journal: member.journal,
    snapshots: member.snapshots,
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
    fail: (context, error) => member.machine.fail(context, error),
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
    fail: (context, error) => member.machine.fail(context, error),
    later: () => member.timers.ensure('repeat', member.options.retry),
  }
}
