import type { ConnectionLimits } from './connection.ts'

/** What the server allows. Every limit is there because a client, hostile or broken, would otherwise exhaust something. */
export interface Limits extends ConnectionLimits {
  /** Connections at once, in all and from one address: more are closed as soon as they are made. */
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** The largest message of a client. */
  readonly messageBytesMax: number
  /** Calls open at once on one connection; more are refused and may be tried again. */
  readonly concurrentStreamsMax: number
  /** What has arrived in part, or waits for its handler, on one connection and on all: beyond, the call that grows is answered 8. */
  readonly partialBytesMax: number
  readonly partialBytesInAllMax: number
  /**
   * Responses that wait for the client to read, per connection. Beyond `unsentBytesMax` no further request is looked at;
   * those that were answered already may add up to this, and beyond, the connection is closed. Of all connections
   * together, beyond the second number the one with most is.
   */
  readonly unreadBytesMax: number
  readonly unreadBytesInAllMax: number
  /** Messages of one stream that wait to leave: beyond, its handler is asked to wait. */
  readonly streamUnsentBytesMax: number
  /** From the connection to its first SETTINGS. */
  readonly handshakeTimeoutMs: number
  /** Silence after which the client is asked for a sign of life. */
  readonly keepaliveIntervalMs: number
  /** How long it may take to give one. */
  readonly keepaliveTimeoutMs: number
  /** Without a call for so long, the connection is closed; gRPC's clients make another one when they need it. */
  readonly idleTimeoutMs: number
}

/** etcd's, where it has one: 1.5 MiB and 512 KiB a request, two hours of silence. */
export const defaultLimits: Limits = {
  connectionsMax: 16_384,
  connectionsPerAddressMax: 4096,
  messageBytesMax: 2 * 1024 * 1024,
  headerListBytesMax: 16 * 1024,
  concurrentStreamsMax: 250,
  partialBytesMax: 64 * 1024 * 1024,
  partialBytesInAllMax: 512 * 1024 * 1024,
  backlogBytesMax: 1024 * 1024,
  unsentBytesMax: 4 * 1024 * 1024,
  unreadBytesMax: 256 * 1024 * 1024,
  unreadBytesInAllMax: 1024 * 1024 * 1024,
  streamUnsentBytesMax: 256 * 1024,
  resetsPerSecondMax: 1000,
  pingsPerSecondMax: 10_000,
  settingsPerSecondMax: 500,
  emptyFramesPerSecondMax: 1000,
  controlFramesPerSecondMax: 10_000,
  handshakeTimeoutMs: 10_000,
  headerTimeoutMs: 10_000,
  stallTimeoutMs: 60_000,
  keepaliveIntervalMs: 2 * 3_600_000,
  keepaliveTimeoutMs: 20_000,
  idleTimeoutMs: 2 * 3_600_000,
}
