import type { Socket } from 'node:net'
import type { Logger } from '../core/index.ts'
import { Call, type Answering, type Unary } from './call.ts'
import { Connection, receiveStreamWindow, type ConnectionLimits } from './connection.ts'
import { messagePrefixLength } from './flow.ts'
import { ConnectionError, ErrorCode, Flag, FrameType, frameHeaderLength, maxStreamId, Setting } from './frames.ts'
import type { HeaderList } from './hpack.ts'
import { readHead, type Head } from './request.ts'
import { checkMetadata, Code, encodeMessage } from './status.ts'
import type { Turn } from './turn.ts'

/** What is called under a path. */
export interface Route {
  /** The request is a view of the bytes that arrived, valid only during the call. What this throws is answered by 13. */
  unary(call: Unary, request: Uint8Array): void
}

/** What the server allows. Every limit is there because a client, hostile or broken, would otherwise exhaust something. */
export interface Limits extends ConnectionLimits {
  /** The largest request. */
  readonly messageBytesMax: number
  /** Calls open at once on one connection; more are refused and may be tried again. */
  readonly concurrentStreamsMax: number
  /** Requests that have arrived in part, per connection: beyond, the one that grows is answered 8. */
  readonly partialBytesMax: number
  /** Responses that wait for the client to read, per connection: beyond, new calls are answered 8. */
  readonly unreadBytesMax: number
  /** From the connection to its first SETTINGS. */
  readonly handshakeTimeoutMs: number
  /** Silence after which the client is asked for a sign of life. */
  readonly keepaliveIntervalMs: number
  /** How long it may take to give one. */
  readonly keepaliveTimeoutMs: number
}

/** What the connections of one server share. */
export interface Shared {
  readonly routes: ReadonlyMap<string, Route>
  readonly limits: Limits
  readonly turn: Turn
  readonly log: Logger
  /** Why a path cannot be called, if it cannot. */
  unknownPath(path: string): string | undefined
  closed(connection: ServerConnection): void
}

type Draining = 'no' | 'announced' | 'final'

/** A client's connection, after its preface. */
export class ServerConnection extends Connection<Call, Head> implements Answering {
  readonly peer: string
  private readonly shared: Shared
  private highestStreamId = 0
  private draining: Draining = 'no'
  private pingSentAt: number | undefined = undefined
  private partialBytes = 0
  private withDeadline = 0

  /** The frames around a message, and the state of the dynamic table that they hold for. */
  private okHeaders: Uint8Array = new Uint8Array(0)
  private okTrailers: Uint8Array = new Uint8Array(0)
  private okHeadersGeneration = -1
  private okTrailersGeneration = -1

  constructor(socket: Socket, shared: Shared) {
    super(socket, false, shared.limits, shared.turn, shared.log)
    this.shared = shared
    this.peer = addressOf(socket)
    this.greet([
      [Setting.maxConcurrentStreams, shared.limits.concurrentStreamsMax],
      [Setting.initialWindowSize, receiveStreamWindow],
      [Setting.maxHeaderListSize, shared.limits.headerListBytesMax],
    ])
  }

  protected override headers(streamId: number, list: HeaderList<Head>, endStream: boolean): void {
    const open = this.streams.get(streamId)
    if (open !== undefined) return this.trailers(open, list, endStream)
    if ((streamId & 1) === 0)
      throw new ConnectionError(ErrorCode.protocolError, `a client cannot open stream ${streamId}`)
    if (streamId <= this.highestStreamId) {
      throw new ConnectionError(ErrorCode.streamClosed, `HEADERS on stream ${streamId}, which is closed`)
    }
    this.highestStreamId = streamId
    const head = (list.meaning ??= this.read(list))
    if (head.kind !== 'request') return this.turnAway(streamId, ErrorCode.protocolError, endStream)
    if (this.draining === 'final' || this.streams.size >= this.shared.limits.concurrentStreamsMax) {
      return this.turnAway(streamId, ErrorCode.refusedStream, endStream)
    }
    const call = new Call(streamId, this.sender.initialStreamWindow, head, this.heardAt, this)
    call.remoteClosed = endStream
    this.streams.set(streamId, call)
    if (head.timeoutMs !== undefined) this.withDeadline++
    if (head.refusal !== undefined) {
      this.refuseWith(call, head.refusal.httpStatus, head.refusal.code, head.refusal.message, undefined)
    } else if (this.sender.queuedBytes > this.shared.limits.unreadBytesMax) {
      call.fail(Code.resourceExhausted, 'too many responses wait for this client to read them')
    } else if (endStream) {
      this.completed(call)
    }
  }

  private read(list: HeaderList<Head>): Head {
    return readHead(list, this.shared.limits.headerListBytesMax, (path) => this.shared.unknownPath(path))
  }

  /** A stream that never becomes a call. */
  private turnAway(streamId: number, code: number, endStream: boolean): void {
    this.spend(1)
    this.rstStream(streamId, code)
    if (!endStream) this.linger(streamId)
  }

  private trailers(call: Call, list: HeaderList<Head>, endStream: boolean): void {
    if (call.remoteClosed) return this.refuse(call, ErrorCode.streamClosed)
    const head = (list.meaning ??= this.read(list))
    if (!endStream || head.kind !== 'trailers') return this.refuse(call, ErrorCode.protocolError)
    call.remoteClosed = true
    if (!call.isAnswered) this.completed(call)
  }

  protected override data(call: Call, bytes: Buffer, from: number, to: number, endStream: boolean): void {
    if (call.isAnswered) return
    call.dataLength += to - from
    if (endStream && call.body === undefined && to - from >= messagePrefixLength) {
      this.accept(call, bytes, from, to)
      return
    }
    if (to > from) {
      this.partialBytes += call.collect(bytes, from, to)
      if (this.partialBytes > this.shared.limits.partialBytesMax) {
        call.fail(Code.resourceExhausted, 'too many requests of this connection have arrived in part only')
        return
      }
      const announced = call.announcedLength
      if (announced !== undefined && !this.checkPrefix(call, announced, call.bodyLength)) return
    }
    if (endStream) this.completed(call)
  }

  /** The client has said all. */
  private completed(call: Call): void {
    const body = call.body
    if (body === undefined) {
      call.fail(Code.internal, 'the request has no message')
    } else if (call.bodyLength < messagePrefixLength) {
      call.fail(Code.internal, 'unexpected EOF: the request ends inside the prefix of its message')
    } else {
      this.accept(call, body, 0, call.bodyLength)
    }
  }

  /** A body that is at least as long as a message's prefix. */
  private accept(call: Call, bytes: Buffer, from: number, to: number): void {
    const { contentLength, path } = call.head
    if (contentLength !== undefined && contentLength !== call.dataLength)
      return this.refuse(call, ErrorCode.protocolError)
    const start = from + messagePrefixLength
    const announced = messagePrefixLength + bytes.readUInt32BE(from + 1)
    if (!this.checkPrefix(call, announced, to - from, bytes[from])) return
    if (from + announced > to) {
      call.fail(
        Code.internal,
        `unexpected EOF: the request ends after ${to - start} of ${announced - messagePrefixLength} bytes`,
      )
      return
    }
    const route = this.shared.routes.get(path)
    if (route === undefined) throw new Error(`a call of ${path}, which was known when it was opened`)
    try {
      route.unary(call, bytes.subarray(start, to))
    } catch (error) {
      this.log.error('a handler failed', { path, peer: this.peer, error })
      call.fail(Code.internal, 'internal error')
    }
  }

  /** False, and the call is answered, if the message cannot be taken: all that its first five bytes and the body's length tell. */
  private checkPrefix(
    call: Call,
    announced: number,
    arrived: number,
    compressed: number | undefined = call.body?.[0],
  ): boolean {
    const length = announced - messagePrefixLength
    const { messageBytesMax } = this.shared.limits
    if (compressed !== 0) {
      if (compressed !== 1) call.fail(Code.internal, `a message begins with 0 or 1, not ${compressed}`)
      else if (call.head.encoding === 'identity')
        call.fail(Code.internal, 'grpc: compressed flag set with identity or empty encoding')
      else
        call.fail(
          Code.unimplemented,
          `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(call.head.encoding)}`,
          { 'grpc-accept-encoding': 'identity' },
        )
      return false
    }
    if (length > messageBytesMax) {
      call.fail(Code.resourceExhausted, `grpc: received message larger than max (${length} vs. ${messageBytesMax})`)
      return false
    }
    if (arrived > announced) {
      call.fail(Code.internal, 'a unary request has one message, and nothing after it')
      return false
    }
    return true
  }

  answer(call: Call, message: Uint8Array): void {
    this.output.template(this.headersFrameOfOk(), call.id)
    this.sender.message(call, message)
    this.wake()
  }

  /** The message of an answer is written. */
  answered(call: Call): void {
    this.output.template(this.trailersFrameOfOk(), call.id)
    this.earn()
    this.close(call)
  }

  refuseCall(call: Call, code: number, message: string, trailers: Readonly<Record<string, string>> | undefined): void {
    this.refuseWith(call, 200, code, message, trailers)
  }

  /** A header list that ends the stream, and no message. */
  private refuseWith(
    call: Call,
    httpStatus: number,
    code: number,
    message: string,
    trailers: Readonly<Record<string, string>> | undefined,
  ): void {
    checkMetadata(trailers)
    call.isAnswered = true
    const block: number[] = []
    this.encoder.begin(block)
    this.encoder.indexed(block, ':status', String(httpStatus))
    this.encoder.indexed(block, 'content-type', 'application/grpc')
    this.encoder.literal(block, 'grpc-status', String(code))
    this.encoder.literal(block, 'grpc-message', encodeMessage(message))
    for (const [name, value] of Object.entries(trailers ?? {})) this.encoder.literal(block, name, value)
    this.writeHeaders(call.id, block)
    this.earn()
    this.close(call)
    this.wake()
  }

  /** As HEADERS, and CONTINUATION where one frame cannot hold it. */
  private writeHeaders(streamId: number, block: readonly number[]): void {
    const bytes = Uint8Array.from(block)
    const size = this.sender.maxFrameSize
    let type: number = FrameType.headers
    let flags: number = Flag.endStream
    for (let at = 0; at < bytes.length; at += size) {
      const to = Math.min(at + size, bytes.length)
      if (to === bytes.length) flags |= Flag.endHeaders
      this.output.frame(type, flags, streamId, to - at)
      this.output.bytes(bytes, at, to)
      type = FrameType.continuation
      flags = 0
    }
  }

  private headersFrameOfOk(): Uint8Array {
    const before = this.encoder.generation
    if (this.okHeadersGeneration === before) return this.okHeaders
    const block: number[] = []
    this.encoder.begin(block)
    this.encoder.indexed(block, ':status', '200')
    this.encoder.indexed(block, 'content-type', 'application/grpc')
    this.okHeaders = frameOf(Flag.endHeaders, block)
    this.okHeadersGeneration = this.encoder.generation === before ? before : -1
    return this.okHeaders
  }

  private trailersFrameOfOk(): Uint8Array {
    const before = this.encoder.generation
    if (this.okTrailersGeneration === before) return this.okTrailers
    const block: number[] = []
    this.encoder.begin(block)
    this.encoder.indexed(block, 'grpc-status', '0')
    this.okTrailers = frameOf(Flag.endHeaders | Flag.endStream, block)
    this.okTrailersGeneration = this.encoder.generation === before ? before : -1
    return this.okTrailers
  }

  private close(call: Call): void {
    this.sender.abandon(call)
    if (call.isOver) return
    call.isOver = true
    this.streams.delete(call.id)
    if (call.head.timeoutMs !== undefined) this.withDeadline--
    this.partialBytes -= call.body?.length ?? 0
    call.body = undefined
    // Answered before it has said all: the rest is not wanted, and that is no error (RFC 9113 §8.1).
    if (!call.remoteClosed) {
      this.rstStream(call.id, ErrorCode.noError)
      this.linger(call.id)
    }
    if (this.draining === 'final' && this.streams.size === 0) this.hangUp()
  }

  protected override reset(call: Call): void {
    call.remoteClosed = true
    this.close(call)
  }

  protected override goingAway(): void {
    // The client opens no more streams; those that are open are answered, and it closes.
  }

  protected override isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId > this.highestStreamId
  }

  protected override setting(): void {
    // MAX_CONCURRENT_STREAMS concerns pushes, which there are none of; MAX_HEADER_LIST_SIZE is advice, and answers are short.
  }

  protected override get lastStreamId(): number {
    return this.highestStreamId
  }

  protected override lost(): void {
    for (const call of this.streams.values()) {
      call.isOver = true
      this.sender.abandon(call)
    }
    this.streams.clear()
    this.withDeadline = 0
    this.shared.closed(this)
  }

  /**
   * Goes away without losing a request: the announcement names no stream, so that what is on its way is still taken; when
   * the client has certainly seen it, by its answer to a PING, the last stream is named (RFC 9113 §6.8).
   */
  drain(): void {
    if (this.ended || this.draining !== 'no') return
    this.draining = 'announced'
    this.goaway(maxStreamId, ErrorCode.noError, 'the server is stopping')
    this.ping()
    this.wake()
  }

  protected override pong(): void {
    this.pingSentAt = undefined
    if (this.draining !== 'announced') return
    this.draining = 'final'
    this.goaway(this.highestStreamId, ErrorCode.noError, 'the server is stopping')
    if (this.streams.size === 0) this.hangUp()
  }

  destroy(): void {
    this.ended = true
    this.socket.destroy()
    this.lost()
  }

  /** Several times a second: deadlines that have passed, clients that have fallen silent. */
  tick(now: number): void {
    if (this.ended) return
    if (this.withDeadline > 0) {
      for (const call of this.streams.values())
        if (call.expiresAt !== undefined && call.expiresAt <= now) this.expire(call)
    }
    const { handshakeTimeoutMs, keepaliveIntervalMs, keepaliveTimeoutMs } = this.shared.limits
    const silence = now - this.heardAt
    if (!this.isGreeted) {
      if (silence >= handshakeTimeoutMs) this.end(ErrorCode.settingsTimeout, 'no SETTINGS arrived')
    } else if (this.pingSentAt !== undefined) {
      if (silence < keepaliveIntervalMs) this.pingSentAt = undefined
      else if (now - this.pingSentAt >= keepaliveTimeoutMs) this.destroy()
    } else if (silence >= keepaliveIntervalMs) {
      this.pingSentAt = now
      this.ping()
      this.wake()
    }
  }

  private expire(call: Call): void {
    if (!call.isAnswered) {
      this.refuseWith(call, 200, Code.deadlineExceeded, 'context deadline exceeded', undefined)
      return
    }
    this.rstStream(call.id, ErrorCode.cancel)
    if (!call.remoteClosed) this.linger(call.id)
    this.reset(call)
    this.wake()
  }
}

function frameOf(flags: number, block: readonly number[]): Uint8Array {
  const frame = Buffer.alloc(frameHeaderLength + block.length)
  frame.writeUIntBE(block.length, 0, 3)
  frame[3] = FrameType.headers
  frame[4] = flags
  frame.set(block, frameHeaderLength)
  return frame
}

function addressOf(socket: Socket): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}
