import type { LimitName } from './counters.ts'

/** The numbers of HTTP/2 (RFC 9113 §6 and §7), by the RFC's own names. */

export const preface: Uint8Array = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export const frameHeaderLength = 9

/** The largest frame that a peer may send before it is told otherwise; Synod never raises it. */
export const defaultMaxFrameSize = 16_384

export const defaultWindow = 65_535
export const maxWindow = 0x7fff_ffff
export const maxStreamId = 0x7fff_ffff
export const defaultHeaderTableSize = 4096

export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const

export const Flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const Setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const

export const ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const

/** The peer broke the protocol so that the connection cannot go on: it is told why by GOAWAY, and closed (RFC 9113 §5.4.1). */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: number
  /** Which limit was met, if it was one. */
  readonly limit: LimitName | undefined
  constructor(code: number, message: string, limit?: LimitName) {
    super(message)
    this.code = code
    this.limit = limit
  }
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  )
}

/** Stream ids and window increments: the highest bit is reserved, and ignored. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & 0x7fff_ffff
}

export function expectLength(what: string, from: number, to: number, length: number): void {
  if (to - from !== length)
    throw new ConnectionError(ErrorCode.frameSizeError, `${what} of ${to - from} bytes, not ${length}`)
}

export function protocolError(message: string): ConnectionError {
  return new ConnectionError(ErrorCode.protocolError, message)
}

/** Of the five bytes of a priority, which nobody heeds any more. */
export function checkDependency(bytes: Uint8Array, at: number, streamId: number): void {
  if (readUint31(bytes, at) === streamId) throw protocolError(`stream ${streamId} depends on itself`)
}
