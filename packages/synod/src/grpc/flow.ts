import { ConnectionError, defaultMaxFrameSize, defaultWindow, ErrorCode, Flag, FrameType, maxWindow } from './frames.ts'
import type { Output } from './output.ts'

/** A message is preceded by one byte, whether it is compressed, and four of length. */
export const messagePrefixLength = 5

/** One stream of a connection, as far as the two directions of flow control see it. */
export abstract class Stream {
  readonly id: number
  /** Bytes of DATA that the peer still lets us send; below zero after it has shrunk its window (RFC 9113 §6.9.2). */
  sendWindow: number
  /** Bytes of DATA that arrived since we last raised the peer's window. */
  arrived = 0
  /** END_STREAM has arrived. */
  remoteClosed = false
  /** What could not leave at once, from `queuedAt` on. */
  queued: Uint8Array | undefined = undefined
  queuedAt = 0

  constructor(id: number, sendWindow: number) {
    this.id = id
    this.sendWindow = sendWindow
  }

  /** The whole message is written: trailers may follow. */
  abstract sent(): void
}

/** The sending half of flow control: no DATA leaves that the peer did not ask for, and none that the socket would only pile up. */
export class Sender {
  readonly output: Output
  /** Beyond this the socket is given no more DATA until it has drained. */
  readonly backlogBytesMax: number
  window: number = defaultWindow
  initialStreamWindow: number = defaultWindow
  maxFrameSize: number = defaultMaxFrameSize
  /** Messages that wait for a window or for the socket. */
  queuedBytes = 0
  private readonly lastFlags: number
  /** Streams whose own window lets them send, in the order of their turns: one frame each. */
  private readonly ready = new Set<Stream>()

  /** `endsWithMessage`: a client's message is the end of its stream; a server's is followed by trailers. */
  constructor(output: Output, backlogBytesMax: number, endsWithMessage: boolean) {
    this.output = output
    this.backlogBytesMax = backlogBytesMax
    this.lastFlags = endsWithMessage ? Flag.endStream : 0
  }

  /** Writes or copies the message before it returns; `stream.sent()` follows, now or later. */
  message(stream: Stream, message: Uint8Array): void {
    const total = messagePrefixLength + message.length
    if (total <= this.maxFrameSize && total <= stream.sendWindow && total <= this.window && !this.congested) {
      const output = this.output
      output.frame(FrameType.data, this.lastFlags, stream.id, total)
      output.uint8(0)
      output.uint32(message.length)
      output.bytes(message, 0, message.length)
      stream.sendWindow -= total
      this.window -= total
      stream.sent()
      return
    }
    const queued = Buffer.allocUnsafeSlow(total)
    queued[0] = 0
    queued.writeUInt32BE(message.length, 1)
    queued.set(message, messagePrefixLength)
    stream.queued = queued
    stream.queuedAt = 0
    this.queuedBytes += total
    if (stream.sendWindow > 0) this.ready.add(stream)
    this.pump()
  }

  /** The stream ends before its message has left. */
  abandon(stream: Stream): void {
    if (stream.queued === undefined) return
    this.queuedBytes -= stream.queued.length - stream.queuedAt
    stream.queued = undefined
    this.ready.delete(stream)
  }

  /** A frame from each stream in turn, as long as windows and socket allow. Each turn sends something: no list is walked in vain. */
  pump(): void {
    for (const stream of this.ready) {
      const queued = stream.queued
      if (queued === undefined) throw new Error('a stream that is ready to send has something to send')
      const length = Math.min(queued.length - stream.queuedAt, stream.sendWindow, this.window, this.maxFrameSize)
      if (length <= 0 || this.congested) return
      const to = stream.queuedAt + length
      const last = to === queued.length
      this.output.frame(FrameType.data, last ? this.lastFlags : 0, stream.id, length)
      this.output.bytes(queued, stream.queuedAt, to)
      stream.queuedAt = to
      stream.sendWindow -= length
      this.window -= length
      this.queuedBytes -= length
      this.ready.delete(stream)
      if (last) {
        stream.queued = undefined
        stream.sent()
      } else if (stream.sendWindow > 0) {
        this.ready.add(stream)
      }
    }
  }

  /** Something waits that could leave now. */
  get pending(): boolean {
    return this.ready.size > 0 && this.window > 0 && !this.congested
  }

  private get congested(): boolean {
    return this.output.backlog >= this.backlogBytesMax
  }

  widen(increment: number): void {
    this.window += increment
    if (this.window > maxWindow) {
      throw new ConnectionError(ErrorCode.flowControlError, `the connection's window grows beyond ${maxWindow} bytes`)
    }
  }

  /** False if the window becomes larger than the protocol allows: a stream error. */
  widenStream(stream: Stream, increment: number): boolean {
    stream.sendWindow += increment
    if (stream.sendWindow > maxWindow) return false
    if (stream.queued !== undefined && stream.sendWindow > 0) this.ready.add(stream)
    return true
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE changes the streams that are open too, perhaps to below zero (RFC 9113 §6.9.2). */
  setInitialStreamWindow(size: number, streams: Iterable<Stream>): void {
    const difference = size - this.initialStreamWindow
    this.initialStreamWindow = size
    for (const stream of streams) {
      if (!this.widenStream(stream, difference)) {
        throw new ConnectionError(
          ErrorCode.flowControlError,
          `the window of stream ${stream.id} grows beyond ${maxWindow} bytes`,
        )
      }
      if (stream.sendWindow <= 0) this.ready.delete(stream)
    }
  }
}
