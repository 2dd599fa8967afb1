import type { Halt, Host, Logger, NodeId, Ports } from '../core/index.ts'
import { type DirectoryLock, lockDirectory } from './directory-lock.ts'
import { GuardedHost } from './guarded-host.ts'
import { NodeClock } from './node-clock.ts'
import { type DiskCounters, MeteredDisk } from './metered-disk.ts'
import { createDirectory, NodeDisk } from './node-disk.ts'
import { NodePorts } from './node-ports.ts'
import type { Identity, TransportLimits } from './transport/peer.ts'
import type { PeerTls } from './transport/authentication.ts'
import type { PeerTraffic } from './transport/traffic.ts'
import { Transport } from './transport/transport.ts'

/** A member that begins to recover. */
export interface OpeningMember {
  readonly host: Host
  readonly identity: Promise<Identity>
}

/** What a member needs of its process. */
export interface StartMemberOptions {
  /** Its own; created if it is not there. */
  readonly directory: string
  /** Where its peers reach it. Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number; readonly secure?: boolean }
  /** Needed where it listens, or a peer is reached, by TLS. */
  readonly tls?: PeerTls | undefined
  readonly log: Logger
  /**
   * Makes the member over its ports and begins to recover it. Peers are listened to and dialed once `identity` is known,
   * which is when the disk has been read: an answer given earlier could contradict what is written there. Whom to dial
   * the member says itself, by its links.
   */
  open(ports: Ports): OpeningMember | Promise<OpeningMember>
  /** At most once, after the start: the member has stopped by itself, and nothing more is sent. `close` has still to be called. */
  onHalt(reason: Halt): void
  /** Told of everything that a peer says. */
  onHeard?(from: NodeId): void
  readonly limits?: Partial<TransportLimits>
}

/** A member that runs. */
export interface RunningMember {
  /** Where its peers reach it. */
  readonly port: number
  readonly disk: DiskCounters
  /** Of all peers that there have been since the start. */
  readonly peers: ReadonlyMap<NodeId, PeerTraffic>
  /** Calls the member from outside its ports, such as with a client's request; what it throws halts the member. */
  enter(call: () => void): void
  /** Stops all calls into the member, lets what it has sent go out, waits for its disk and gives its directory up. */
  close(): Promise<void>
}

/** The member halted while it was being started. */
export class HaltedAtStart extends Error {
  override readonly name = 'HaltedAtStart'
  readonly halt: Halt

  constructor(halt: Halt) {
    super(halt.message, { cause: halt.cause })
    this.halt = halt
  }
}

/** Takes the directory, opens the member and connects it to its peers. Throws `StartFailed` or `HaltedAtStart`. */
export async function startMember(options: StartMemberOptions): Promise<RunningMember> {
  createDirectory(options.directory)
  const lock = await lockDirectory(options.directory)
  try {
    return await startLocked(options, lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

async function startLocked(options: StartMemberOptions, lock: DirectoryLock): Promise<RunningMember> {
  const { log } = options
  let started = false
  let haltedBefore: Halt | undefined
  let interrupt: ((error: HaltedAtStart) => void) | undefined
  const guard = new GuardedHost((reason) => {
    transport.destroy()
    clock.close()
    // Who was removed has nothing more to do, and nothing is wrong.
    if (reason.code === 'removed') log.info(`halted: ${reason.message}`)
    else log.error(`halted (${reason.code}): ${reason.message}`, { cause: reason.cause })
    if (started) options.onHalt(reason)
    else {
      haltedBefore = reason
      interrupt?.(new HaltedAtStart(reason))
    }
  }, options.onHeard?.bind(options))
  const enter = (call: () => void): void => guard.enter(call)
  const clock = new NodeClock(() => guard.alarm())
  const disk = new NodeDisk(options.directory, enter)
  // What is on its way to peers leaves before the own journal is written to, so that theirs are at the same time.
  const metered = new MeteredDisk(disk, () => transport.flush())
  const ports: NodePorts = new NodePorts({
    host: guard,
    clock,
    disk: metered,
    log,
    links: {
      send: (to, channel, parts) => transport.send(to, channel, parts),
      reconfigure: (contacts) => transport.reconfigure(contacts),
      estrange: (peer) => transport.estrange(peer),
    },
  })
  const transport = new Transport({ ...options, host: guard, random: () => ports.random() })
  const close = async (): Promise<void> => {
    guard.close()
    clock.close()
    await transport.close()
    await disk.close()
    lock.release()
  }
  try {
    const { host, identity } = await options.open(ports)
    guard.bind(host)
    const port = await new Promise<number>((resolve, reject) => {
      interrupt = reject
      if (haltedBefore === undefined) identity.then(async (self) => transport.start(self)).then(resolve, reject)
      else reject(new HaltedAtStart(haltedBefore))
    })
    started = true
    return { port, disk: metered, peers: transport.traffic.peers, enter, close }
  } catch (error) {
    await close()
    throw error
  }
}
