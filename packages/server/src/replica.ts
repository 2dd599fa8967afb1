import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Halt, Host, Logger, Ports, StateMachine } from 'synod'
import { defaultMemberOptions, Member } from 'synod/member'
import type { MemberOptions, Replica, Tally } from 'synod/member'
import { defaultMultiPaxosOptions, MultiPaxos, multiPaxosCodec } from 'synod/multi-paxos'
import { defaultRaftOptions, Raft, raftCodec } from 'synod/raft'
import { HaltedAtStart, nativeChecksum, startMember, StartFailed } from 'synod/runtime'
import type { DiskCounters, Identity as PeerIdentity, PeerTls, RunningMember } from 'synod/runtime'
import type { ReplicatedStore, StoreContext } from 'synod/store'
import type { ServerConfig } from './cli/config.ts'
import { CommandError, exitCodes } from './cli/exit.ts'
import { MeteredStore } from './metrics/applying.ts'
import { PeerWatch } from './peer-watch.ts'
import { takeSeat } from './seat.ts'
import type { Seat } from './seat.ts'
import { SlowLog } from './slow-log.ts'

/** The member stopped by itself, and will again: whoever started it has to do something else about it. */
export class MemberHalted extends CommandError {
  readonly code: Halt['code']
  constructor(message: string, { code }: Halt) {
    super(message, code === 'removed' ? exitCodes.ok : exitCodes.failed)
    this.code = code
  }
}

/** Where a member counts what it does. Plain numbers, for the metrics to read. */
export interface Meters {
  readonly tally: Tally
  /** Operations that wait for an answer. */
  readonly pending: () => number
  readonly store: Pick<MeteredStore, 'applying' | 'batches' | 'slow'>
  readonly disk: DiskCounters
  readonly peers: RunningMember['peers']
}

/** A member on this computer's disk and network, with its state machine. */
export interface OpenedReplica {
  readonly seat: Pick<Seat, 'cluster' | 'self'>
  readonly replica: Replica<StoreContext>
  readonly machine: ReplicatedStore
  /** The index up to which the store has applied. */
  readonly applied: () => number
  /** How unlikely the silence of its peers is. */
  readonly peers: PeerWatch
  readonly meters: Meters
  /**
   * Hands leadership over and answers what is under way, for at most so long; then gives directory and ports up.
   * `drained`: no client waits any more. From then on only an heir is looked for, and not for long: perhaps all stop.
   */
  close(graceMs: number, drained: Promise<unknown>): Promise<void>
}

/** A member, whichever its engine is: nobody outside it knows its messages. */
type StoreMember = Host &
  Replica<StoreContext> &
  Pick<Member<unknown, unknown, StoreContext>, 'open' | 'applied' | 'stop' | 'proposals' | 'reads' | 'syncs' | 'tally'>

/** Opens the data directory, or formats a new one, and takes part in the cluster. `halted`: it stopped by itself. */
export async function openReplica(
  config: ServerConfig,
  tls: PeerTls | undefined,
  log: Logger,
  halted: (reason: Halt) => void,
): Promise<OpenedReplica> {
  const machine = new MeteredStore(nativeChecksum)
  const slow = new SlowLog(machine, config, log)
  const peers = new PeerWatch(config.heartbeatInterval, () => performance.now())
  const made = Promise.withResolvers<{ readonly member: StoreMember; readonly seat: Seat }>()
  const running = await startOrExplain(config, async () =>
    startMember({
      directory: config.directory,
      listen: config.peerAddress,
      tls,
      log,
      onHalt: halted,
      onHeard: (from) => peers.heard(from),
      open: async (ports) => {
        const seat = await takeSeat(config, ports, tls, log)
        const member = createMember(config, seat, ports, slow)
        slow.watch(member)
        const identity = new Promise<PeerIdentity>((resolve) => {
          member.open((opened) => {
            // Without an identity the member has halted, and its ports say why.
            if (opened === undefined) return
            const { cluster, self: id, diskId, protocol } = opened.identity
            resolve({ cluster, id, diskId, protocol })
          })
        })
        made.resolve({ member, seat })
        return { host: member, identity }
      },
    }),
  )
  const { member, seat } = await made.promise
  return {
    seat,
    replica: member,
    machine,
    applied: () => member.applied,
    peers,
    meters: {
      tally: member.tally,
      pending: () => member.proposals.outstanding,
      store: machine,
      disk: running.disk,
      peers: running.peers,
    },
    close: async (graceMs, drained) => {
      if (graceMs > 0) await handOver(member, running, graceMs, drained, config.electionTimeout)
      await drained
      await running.close()
    },
  }
}

function createMember(
  config: ServerConfig,
  seat: Seat,
  ports: Ports,
  machine: StateMachine<StoreContext>,
): StoreMember {
  const { heartbeatInterval, electionTimeout } = config
  const around = { ports, machine, options: memberOptions(config, seat) }
  const timing = { electionTimeoutMin: electionTimeout, heartbeatInterval }
  switch (config.engine) {
    case 'raft': {
      const options = { ...defaultRaftOptions, ...timing }
      return new Member({ ...around, codec: raftCodec, engine: (env) => new Raft(env, options) })
    }
    case 'multi-paxos': {
      const options = { ...defaultMultiPaxosOptions, ...timing }
      return new Member({ ...around, codec: multiPaxosCodec, engine: (env) => new MultiPaxos(env, options) })
    }
  }
}

function memberOptions(config: ServerConfig, seat: Seat): MemberOptions {
  return {
    ...defaultMemberOptions,
    ...seat,
    diskId: randomBytes(16).toString('hex'),
    electionTimeout: config.electionTimeout,
    farewell: 2 * config.electionTimeout,
    changes: { ...defaultMemberOptions.changes, learners: config.maxLearners },
    snapshots: { ...defaultMemberOptions.snapshots, entries: config.snapshotEntries },
  }
}

async function handOver(
  member: StoreMember,
  running: RunningMember,
  graceMs: number,
  drained: Promise<unknown>,
  heirMs: number,
): Promise<void> {
  const patience = new AbortController()
  const wait = async (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal: patience.signal }).catch(() => {
      // It ended before.
    })
  const stopped = new Promise<void>((resolve) => {
    running.enter(() => member.stop(resolve))
  })
  await Promise.race([stopped, wait(graceMs), drained.then(async () => wait(heirMs))])
  patience.abort()
}

/** What the operator can do something about becomes a message that names the flag. */
async function startOrExplain(config: ServerConfig, open: () => Promise<RunningMember>): Promise<RunningMember> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof HaltedAtStart) throw new MemberHalted(`${config.directory}: ${error.message}`, error.halt)
    if (!(error instanceof StartFailed)) throw error
    const flag = error.detail.code === 'address' ? '--listen-peer-urls' : '--data-dir'
    throw new CommandError(`${flag}: ${error.message}`)
  }
}
