import { Histogram } from '../core/index.ts'

/** Every limit that a connection or a call can meet, by the name under which it is counted. */
export const limitNames = [
  /** A connection refused because the server has as many as it takes, in all or from that address. */
  'connections',
  'connections_per_address',
  /** A call refused because its connection has as many open as were announced. */
  'streams',
  /** A call answered 8: its header list is too large. */
  'header_list',
  /** A connection ended: a header block that is too long to be decoded, or that consists of too many frames. */
  'header_block',
  /** A connection ended: a frame larger than was announced. */
  'frame_size',
  /** A call answered 8: its message is too large. */
  'message_size',
  /** A connection ended: more of these a second than any honest client sends. */
  'resets',
  'pings',
  'settings',
  'empty_frames',
  'control_frames',
  /** A call answered 8: too much has arrived in part only, or waits for its handler. */
  'partial_requests',
  /** No request was taken from a connection for a while, because its client does not read its answers. */
  'unsent_answers',
  /** A connection ended: its client left far more than that unread. */
  'unread_answers',
  /** A connection closed: it did not say in time what it speaks, or did not finish what it had begun to say. */
  'handshake_timeout',
  'header_timeout',
  /** A connection closed: nobody called anything for long, it gave no sign of life, or it took no bytes. */
  'idle_timeout',
  'keepalive_timeout',
  'stall_timeout',
] as const

export type LimitName = (typeof limitNames)[number]

/** What happened under one path. Plain numbers that only grow, to be read whenever somebody asks. */
export interface MethodCounters {
  /** `/package.Service/Method`; empty for all calls of what there is not. */
  readonly path: string
  readonly kind: 'unary' | 'stream'
  readonly started: number
  /** By gRPC's status code, 0 to 16; what the client gave up or lost counts as 1. */
  readonly handled: readonly number[]
  readonly messagesReceived: number
  readonly messagesSent: number
  /** Seconds from the beginning of a call to its end. */
  readonly handling: Histogram
}

/** Prometheus' own, which etcd's have too. */
const handlingBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What a server has done so far, as plain numbers: whoever scrapes them reads them. */
export interface ServerCounters {
  readonly limitHits: Readonly<Record<LimitName, number>>
  readonly connectionsAccepted: number
  /** Open now, those that have not said yet what they speak and those that were handed over included. */
  readonly connectionsOpen: number
  /** Of TLS, that came to nothing. */
  readonly handshakesFailed: number
  readonly streamsOpened: number
  readonly streamsOpen: number
  /** Over HTTP/2, frames and all. */
  readonly bytesReceived: number
  readonly bytesSent: number
  /** One for each route, and one for all calls of what there is not. */
  readonly methods: readonly MethodCounters[]
}

/** The numbers of one method themselves. */
export class MethodCounts implements MethodCounters {
  readonly path: string
  readonly kind: MethodCounters['kind']
  started = 0
  readonly handled: number[] = Array.from({ length: 17 }, () => 0)
  messagesReceived = 0
  messagesSent = 0
  readonly handling: Histogram = new Histogram(handlingBounds)

  constructor(path: string, kind: MethodCounters['kind']) {
    this.path = path
    this.kind = kind
  }

  /** A call has ended that took so long. */
  ended(code: number, seconds: number): void {
    this.handled[code] = (this.handled[code] ?? 0) + 1
    this.handling.record(seconds)
  }
}

/** The numbers themselves, shared by all connections of a server. */
export class Counts implements ServerCounters {
  readonly limitHits: Record<LimitName, number> = Object.fromEntries(limitNames.map((name) => [name, 0])) as Record<
    LimitName,
    number
  >
  connectionsAccepted = 0
  connectionsOpen = 0
  handshakesFailed = 0
  streamsOpened = 0
  streamsOpen = 0
  bytesReceived = 0
  bytesSent = 0
  /** Messages of all connections that wait for a window or for a socket. */
  queuedBytes = 0
  readonly methods: readonly MethodCounts[]

  constructor(methods: readonly MethodCounts[]) {
    this.methods = methods
  }
}

/** Tenths of a millisecond, in 32 bits: of a moment that each call keeps, a whole number costs no memory of its own. */
export function tenthsOf(milliseconds: number): number {
  return (milliseconds * 10) | 0
}

/** Since such a moment; right for two days. */
export function secondsSince(tenths: number): number {
  return ((tenthsOf(performance.now()) - tenths) | 0) / 10_000
}
