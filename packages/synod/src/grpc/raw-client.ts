/** A client of the tests that can say anything, and the frames it says. */
import net from 'node:net'
import { Flag, FrameType, preface, readUint31 } from './frames.ts'
import { HeaderEncoder } from './hpack.ts'

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(9 + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(streamId, 5)
  bytes.set(payload, 9)
  return bytes
}

/** An empty one. */
export const settings: Buffer = frame(FrameType.settings, 0, 0)
/** What a client says first. */
export const hello: Buffer = Buffer.concat([preface, settings])

export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt16BE(id)
  bytes.writeUInt32BE(value, 2)
  return bytes
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Plain literals: each block means the same anywhere. */
export function block(path: string, more: readonly (readonly [string, string])[] = []): Buffer {
  const out: number[] = []
  const encoder = new HeaderEncoder()
  const fields = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    ['content-type', 'application/grpc'],
    ...more,
  ] as const
  for (const [name, value] of fields) encoder.literal(out, name, value)
  return Buffer.from(out)
}

export function open(streamId: number, path = '/t.T/Echo', flags = 0): Buffer {
  return frame(FrameType.headers, Flag.endHeaders | flags, streamId, block(path))
}

/** With its prefix. */
export const message: Buffer = Buffer.from([0, 0, 0, 0, 2, 104, 105])

export function request(streamId: number, path = '/t.T/Echo'): Buffer {
  return Buffer.concat([open(streamId, path), frame(FrameType.data, Flag.endStream, streamId, message)])
}

/** A frame as it arrived. */
export interface Seen {
  type: number
  flags: number
  streamId: number
  payload: Buffer
}

export function split(bytes: Buffer): Seen[] {
  const frames: Seen[] = []
  for (let at = 0; at + 9 <= bytes.length;) {
    const to = at + 9 + bytes.readUIntBE(at, 3)
    if (to > bytes.length) break
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      streamId: readUint31(bytes, at + 5),
      payload: bytes.subarray(at + 9, to),
    })
    at = to
  }
  return frames
}

/** A client that can say anything. */
export class RawClient {
  readonly socket: net.Socket
  bytes: Buffer = Buffer.alloc(0)
  closed = false
  private readonly waiting: (() => void)[] = []

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    const wake = (): void => {
      for (const run of this.waiting.splice(0)) run()
    }
    this.socket.on('error', () => {})
    this.socket.on('data', (piece: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, piece])
      wake()
    })
    this.socket.on('close', () => {
      this.closed = true
      wake()
    })
  }

  async until(condition: (frames: Seen[]) => boolean): Promise<Seen[]> {
    for (;;) {
      const frames = split(this.bytes)
      if (condition(frames)) return frames
      if (this.closed) throw new Error(`closed after ${frames.length} frames`)
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  async untilClosed(): Promise<Seen[]> {
    while (!this.closed) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return split(this.bytes)
  }
}

/** The stream has ended by HEADERS. */
export function isAnswer(streamId: number): (frames: Seen[]) => boolean {
  return (frames) =>
    frames.some(
      (seen) => seen.streamId === streamId && seen.type === FrameType.headers && (seen.flags & Flag.endStream) !== 0,
    )
}
