import { ConnectionError, defaultMaxFrameSize, defaultWindow, ErrorCode, Flag, FrameType, maxWindow } from './frames.ts'
import type { Output } from './output.ts'

/** A message is preceded by one byte, whether it is compressed, and four of length. */
export const messagePrefixLength = 5

/** One stream of a connection, as far as the two directions of flow control see it. */
export abstract class Stream {
  /** 0 while a client has not opened it yet. */
  id: number
  /** Many messages may go either way, at the pace of whoever takes them. */
  abstract readonly isStreaming: boolean
  /** Bytes of DATA that the peer still lets us send; below zero after it has shrunk its window (RFC 9113 §6.9.2). */
  sendWindow: number
  /** Bytes of DATA that arrived since we last raised the peer's window. */
  arrived = 0
  /** How many of them nobody has taken yet: the window is not raised by these. */
  held = 0
  /** END_STREAM has arrived. */
  remoteClosed = false
  /** The stream is closed. */
  isOver = false
  /** What could not leave at once, from `queuedAt` on, and whole messages behind it. */
  queued: Uint8Array | undefined = undefined
  queuedAt = 0
  private further: Uint8Array[] | undefined = undefined
  private furtherAt = 0
  /** Bytes of these. */
  unsentBytes = 0
  /** Of the last frame of what is queued: END_STREAM where nothing follows. */
  lastFlags = 0

  constructor(id: number, sendWindow: number) {
    this.id = id
    this.sendWindow = sendWindow
  }

  /** All that was to be sent is written, and trailers may follow; a streaming one hears of each part of what was queued. */
  abstract sent(): void

  enqueue(message: Uint8Array): void {
    this.unsentBytes += message.length
    if (this.queued === undefined) {
      this.queued = message
      this.queuedAt = 0
    } else {
      this.further ??= []
      this.further.push(message)
    }
  }

  /** `queued` is written: the message behind it comes next. */
  dequeue(): void {
    this.queuedAt = 0
    this.queued = this.further?.[this.furtherAt]
    if (this.queued === undefined || this.further === undefined) return
    this.furtherAt++
    // Those that have left are let go in one stroke, when they are the greater part.
    if (this.furtherAt * 2 <= this.further.length) return
    this.further.splice(0, this.furtherAt)
    this.furtherAt = 0
  }

  dropQueue(): void {
    this.queued = undefined
    this.further = undefined
    this.furtherAt = 0
    this.unsentBytes = 0
  }

  get isLastQueued(): boolean {
    return this.further === undefined || this.furtherAt === this.further.length
  }
}

/** A message and its prefix. */
export function framed(message: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(messagePrefixLength + message.length)
  bytes[0] = 0
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, messagePrefixLength)
  return bytes
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
  /** Those of them that are the answers of unary calls: their number is not bounded by any handler's patience. */
  answerBytes = 0
  /** Streams whose own window lets them send, in the order of their turns: one frame each. */
  private readonly ready = new Set<Stream>()
  /** `queuedBytes` of everybody, together. */
  private readonly all: { queuedBytes: number }

  constructor(output: Output, backlogBytesMax: number, all: { queuedBytes: number }) {
    this.output = output
    this.backlogBytesMax = backlogBytesMax
    this.all = all
  }

  /** HEADERS, and CONTINUATION where one frame cannot hold the block. No window holds them back. */
  headers(streamId: number, flags: number, block: readonly number[]): void {
    const bytes = Uint8Array.from(block)
    for (let from = 0; from < bytes.length; from += this.maxFrameSize) {
      const to = Math.min(from + this.maxFrameSize, bytes.length)
      const end = to === bytes.length ? Flag.endHeaders : 0
      if (from === 0) this.output.frame(FrameType.headers, flags | end, streamId, to)
      else this.output.frame(FrameType.continuation, end, streamId, to - from)
      this.output.bytes(bytes, from, to)
    }
  }

  /** Writes or copies the message before it returns; `stream.sent()` follows, now or later. */
  message(stream: Stream, message: Uint8Array): void {
    const total = messagePrefixLength + message.length
    if (
      stream.queued === undefined &&
      total <= this.maxFrameSize &&
      total <= stream.sendWindow &&
      total <= this.window &&
      !this.congested
    ) {
      const output = this.output
      output.frame(FrameType.data, stream.lastFlags, stream.id, total)
      output.uint8(0)
      output.uint32(message.length)
      output.bytes(message, 0, message.length)
      stream.sendWindow -= total
      this.window -= total
      stream.sent()
      return
    }
    this.bytes(stream, framed(message))
  }

  /** The stream was opened, and something was queued before that. */
  begin(stream: Stream): void {
    this.count(stream, stream.unsentBytes)
    if (stream.sendWindow > 0) this.ready.add(stream)
    this.pump()
  }

  /** The same of bytes that are no message, or have their prefix already; they are not copied. */
  bytes(stream: Stream, bytes: Uint8Array): void {
    stream.enqueue(bytes)
    this.count(stream, bytes.length)
    if (stream.sendWindow > 0) this.ready.add(stream)
    this.pump()
  }

  private count(stream: Stream, bytes: number): void {
    this.queuedBytes += bytes
    this.all.queuedBytes += bytes
    if (!stream.isStreaming) this.answerBytes += bytes
  }

  /** The stream ends before its messages have left. */
  abandon(stream: Stream): void {
    if (stream.queued === undefined) return
    this.count(stream, -stream.unsentBytes)
    stream.dropQueue()
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
      const whole = to === queued.length
      const last = whole && stream.isLastQueued
      this.output.frame(FrameType.data, last ? stream.lastFlags : 0, stream.id, length)
      this.output.bytes(queued, stream.queuedAt, to)
      stream.queuedAt = to
      stream.sendWindow -= length
      stream.unsentBytes -= length
      this.window -= length
      this.count(stream, -length)
      this.ready.delete(stream)
      if (whole) stream.dequeue()
      if (!last && stream.sendWindow > 0) this.ready.add(stream)
      if (last || stream.isStreaming) stream.sent()
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
