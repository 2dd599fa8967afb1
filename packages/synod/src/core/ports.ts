import type { Index, Membership, Milliseconds, NodeId } from './contract.ts'
import type { Failure } from './errors.ts'

/**
 * The world as a member sees it: Node's in production, a virtual one in the simulator. Completions arrive as calls,
 * each in a turn of its own, never inside the call that asked for it.
 */
export interface Ports {
  readonly clock: Clock
  readonly disk: Disk
  readonly links: Links
  /** Ask for `member.flush()` once, at the end of this turn. */
  endOfTurn(): void
  /** In [0, 1). */
  random(): number
  checksum: Checksum
  readonly log: Logger
  /** The member cannot go on (a failed write or sync, a broken invariant): nothing is sent or acknowledged after this call. */
  halt(reason: Halt): void
}

/** CRC-32 (IEEE) of bytes, all or those in [from, to), continued from `seed`; the same function in every home. */
export type Checksum = (bytes: Uint8Array, seed?: number, from?: number, to?: number) => number

export interface Clock {
  /** Monotonic. */
  now(): Milliseconds
  /** One alarm for the member; a later call replaces it. `undefined` disarms. Calls `member.alarm()`. */
  alarm(at: Milliseconds | undefined): void
}

export interface Logger {
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

/** Why a member stopped by itself; the process reports it and exits with an error, or, when it was removed, without. */
export interface Halt {
  readonly code: 'disk' | 'corrupt' | 'lost-disk' | 'removed' | 'incompatible' | 'assertion'
  readonly message: string
  readonly cause?: unknown
}

/**
 * What a disk operation failed with. `unreadable`: a read alone, of sectors that the disk cannot give back; others of the
 * same file may be sound, and a write over all of them makes them readable again.
 */
export type DiskErrorCode = 'no-space' | 'not-found' | 'unreadable' | 'io'

export class DiskError extends Error {
  override readonly name = 'DiskError'
  readonly code: DiskErrorCode
  constructor(code: DiskErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/**
 * The files of one member's directory, by plain names. What was written survives the process; only what was synced
 * survives a loss of power; a name (created, renamed, removed) survives it once the directory was synced.
 */
export interface Disk {
  list(done: (outcome: readonly string[] | DiskError) => void): void
  size(name: string, done: (outcome: number | DiskError) => void): void
  /** As many bytes as are there, up to `length`. */
  read(name: string, offset: number, length: number, done: (outcome: Uint8Array | DiskError) => void): void
  /** A file of that many zeros, of which each byte has its place on the disk: later writes cannot meet a full one. Replaces a file of that name. */
  allocate(name: string, size: number, done: (error: DiskError | undefined) => void): void
  /** At once, into the page cache. Creates the file when it is not there. The bytes may be reused when it has returned. */
  write(name: string, offset: number, bytes: Uint8Array): DiskError | undefined
  /** Contents and length of the file are durable. */
  sync(name: string, done: (error: DiskError | undefined) => void): void
  rename(from: string, to: string, done: (error: DiskError | undefined) => void): void
  remove(name: string, done: (error: DiskError | undefined) => void): void
  /** Names are durable. */
  syncDirectory(done: (error: DiskError | undefined) => void): void
}

/** Queues of their own: what is urgent never waits behind entries, nor entries behind a snapshot. */
export type Channel = 'urgent' | 'bulk' | 'snapshot'

/**
 * Links to the other members. A frame arrives whole or not at all; no order is promised, and none between channels.
 * What arrives calls `member.arrived(from, frame)`, of peers only that `member.greeted` welcomed.
 */
export interface Links {
  /** false: there is no connection, or its queue is full, and the frame is dropped. The parts may be reused at once when it has returned. */
  send(to: NodeId, channel: Channel, parts: readonly Uint8Array[]): boolean
  /**
   * With whom there are links from now on, and what is known of how to reach them; oneself is among them, for what one
   * says of oneself. All others are closed.
   */
  reconfigure(contacts: Readonly<Record<NodeId, string>>): void
  /** What this peer still says on the connections that it has made is not heard: it has to greet again. */
  estrange(peer: NodeId): void
}

/** How a client's operation is known to the member that took it; answered once. */
export interface StateMachine<Context> {
  /**
   * `contexts[i]` belongs to operation i of the command; undefined if this process did not take it. Never throws for
   * what a client may send: it was checked before it was proposed. Bytes that it keeps it copies.
   */
  apply(index: Index, operations: Uint8Array, contexts: readonly Context[] | undefined): void
  /** Everything up to a read's index is applied. */
  read(context: Context): void
  fail(context: Context, error: Failure): void
  /** A consistent view of now; later applies do not change what it yields. */
  snapshot(): SnapshotSource
  /** Replaces everything by what a source yielded. */
  install(): SnapshotSink
}

export interface SnapshotSource {
  /** The next piece, at most about 256 KiB; undefined at the end. */
  next(): Uint8Array | undefined
  /** No more pieces are wanted; what was kept for them is freed. Called in any case, once. */
  close(): void
}

export interface SnapshotSink {
  /** Pieces as they were yielded, in order, though cut elsewhere. */
  write(bytes: Uint8Array): void
  /** The state is replaced now, not before. Throws `Malformed` when the bytes are not a whole state; nothing has changed then. */
  finish(): void
}

/** How a peer introduces itself on every new connection. */
export interface Hello {
  /** Cluster id, as 16 hexadecimal digits. */
  readonly cluster: string
  readonly from: NodeId
  readonly to: NodeId
  /** Random, made when the sender's directory was formatted: a wiped or exchanged disk has another one. */
  readonly diskId: string
  /** The engine that the sender runs: of another one nothing is understood. */
  readonly protocol: string
  /** What its membership says of the sender: for a receiver whose own does not know it yet, and must answer it. */
  readonly contact: string
}

/**
 * Why a peer is not listened to. Both sides log it; `lost-disk` and `removed` end the process of the one refused, and
 * `engine-mismatch` does if it has never taken part.
 */
export interface Refusal {
  readonly code:
    | 'cluster-mismatch'
    | 'engine-mismatch'
    | 'unknown-member'
    | 'wrong-address'
    | 'wrong-certificate'
    | 'lost-disk'
    | 'removed'
    | 'version'
    | 'busy'
  readonly message: string
}

/** What a member says to somebody who wants to join its cluster, and does not know its own id yet. */
export interface Introduction {
  /** Cluster id, as 16 hexadecimal digits. */
  readonly cluster: string
  /** The engine that the cluster runs. */
  readonly protocol: string
  /** How much of the log is in `membership`: of several answers the highest is the newest. */
  readonly decided: Index
  readonly membership: Membership
}

/** What a member offers to its ports. No call may come inside another one, nor inside a call of a port. */
export interface Host {
  alarm(): void
  flush(): void
  /** A whole frame of a peer that was welcomed. Frames are kept by reference: their bytes belong to the member from now on. */
  arrived(from: NodeId, frame: Uint8Array): void
  /** A peer asks to be heard; answered later, once what must be remembered of it is durable. */
  greeted(hello: Hello, answer: (refusal: Refusal | undefined) => void): void
  /** A peer refused us. */
  refused(by: NodeId, refusal: Refusal): void
  /** The link towards this peer works (again): what was dropped meanwhile may be sent anew. */
  connected(to: NodeId): void
  /** Somebody asks who takes part here; undefined: that is not known yet. */
  introduce(): Introduction | undefined
}
