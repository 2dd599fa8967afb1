import type { Socket } from 'node:net'
import type { Logger } from '../core/index.ts'
import { FrameKind } from './allowance.ts'
import { addressOf } from './address.ts'
import { Answers } from './answers.ts'
import { Call, type Answering } from './call.ts'
import { Connection, receiveStreamWindow } from './connection.ts'
import { countEnd, type Counts } from './counters.ts'
import { messagePrefixLength } from './flow.ts'
import { ConnectionError, ErrorCode, maxStreamId, Setting } from './frames.ts'
import type { HeaderList } from './hpack.ts'
import type { Limits } from './limits.ts'
import { faultOfUnary, type Unacceptable } from './messages.ts'
import { Patience } from './patience.ts'
import { readHead, type Head, type RequestHead } from './request.ts'
import type { Routes } from './routes.ts'
import { Code } from './status.ts'
import { StreamCall, type StreamKeeper } from './stream-call.ts'
import type { Turn } from './turn.ts'

/** What the connections of one server share. */
export interface Shared {
  readonly routes: Routes
  readonly limits: Limits
  readonly turn: Turn
  readonly log: Logger
  readonly counts: Counts
  /** Of all connections, compared with `partialBytesInAllMax`. */
  partialBytes: number
  closed(connection: ServerConnection): void
}

type Trailers = Readonly<Record<string, string>> | undefined

const noBytes = Buffer.alloc(0)

type Draining = 'no' | 'announced' | 'final'

/** A client's connection, after its preface. */
export class ServerConnection extends Connection<Call | StreamCall, Head> implements Answering, StreamKeeper {
  readonly peer: string
  private readonly shared: Shared
  private readonly answers: Answers
  private highestStreamId = 0
  private draining: Draining = 'no'
  private readonly patience: Patience
  private partialBytes = 0
  private withDeadline = 0
  /** Requests that are not looked at until the client has read answers, the oldest first. */
  private parked: Call[] = []
  /** Streams whose handlers may go on sending. */
  private roomy: StreamCall[] = []

  constructor(socket: Socket, shared: Shared) {
    super(socket, shared.limits, shared.counts, shared.turn, shared.log)
    this.shared = shared
    this.peer = addressOf(socket)
    this.answers = new Answers(this.output, this.encoder)
    this.patience = new Patience(shared.limits, this.heardAt)
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
    const head = (list.meaning ??= readHead(list, this.shared.limits.headerListBytesMax, this.find))
    if (head.kind !== 'request') {
      this.spend(FrameKind.reset)
      return this.turnAway(streamId, ErrorCode.protocolError, endStream)
    }
    if (this.draining === 'final') return this.turnAway(streamId, ErrorCode.refusedStream, endStream)
    if (this.streams.size >= this.shared.limits.concurrentStreamsMax) {
      this.hit('streams')
      return this.turnAway(streamId, ErrorCode.refusedStream, endStream)
    }
    this.open(streamId, head, endStream)
  }

  private readonly find = (path: string): ReturnType<Routes['find']> => this.shared.routes.find(path)

  private open(streamId: number, head: RequestHead, endStream: boolean): void {
    this.counts.streamsOpened++
    this.counts.streamsOpen++
    head.counts.started++
    if (head.timeoutMs !== undefined) this.withDeadline++
    const { route, refusal } = head
    if (route?.stream !== undefined) {
      const { messageBytesMax } = this.shared.limits
      const stream = new StreamCall(
        streamId,
        this.sender.initialStreamWindow,
        messageBytesMax,
        head,
        this.heardAt,
        this,
      )
      stream.remoteClosed = endStream
      this.streams.set(streamId, stream)
      stream.open(route)
      if (endStream) stream.arrive(noBytes, 0, 0)
      return
    }
    const call = new Call(streamId, this.sender.initialStreamWindow, head, this.heardAt, this)
    call.remoteClosed = endStream
    this.streams.set(streamId, call)
    if (refusal !== undefined) {
      if (refusal.limit !== undefined) this.hit(refusal.limit)
      this.refuseWith(call, refusal.httpStatus, refusal.code, refusal.message, undefined)
    } else if (endStream) {
      this.completed(call)
    }
  }

  /** A stream that never becomes a call. */
  private turnAway(streamId: number, code: number, endStream: boolean): void {
    this.spend(FrameKind.control)
    this.rstStream(streamId, code)
    if (!endStream) this.linger(streamId)
  }

  private trailers(call: Call | StreamCall, list: HeaderList<Head>, endStream: boolean): void {
    if (call.remoteClosed) return this.refuse(call, ErrorCode.streamClosed)
    const head = (list.meaning ??= readHead(list, this.shared.limits.headerListBytesMax, this.find))
    if (!endStream || head.kind !== 'trailers') return this.refuse(call, ErrorCode.protocolError)
    call.remoteClosed = true
    if (call.isStreaming) this.streamData(call, noBytes, 0, 0)
    else if (!call.isAnswered) this.completed(call)
  }

  protected override data(call: Call | StreamCall, bytes: Buffer, from: number, to: number, endStream: boolean): void {
    if (call.isAnswered) return
    if (call.isStreaming) return this.streamData(call, bytes, from, to)
    call.dataLength += to - from
    if (endStream && call.body === undefined && to - from >= messagePrefixLength) {
      this.accept(call, bytes, from, to)
      return
    }
    if (to > from) {
      this.reserve(call.collect(bytes, from, to))
      if (this.holdsTooMuch(call)) return
      const announced = call.announcedLength
      if (announced !== undefined && !this.checkPrefix(call, announced, call.bodyLength)) return
    }
    if (endStream) this.completed(call)
  }

  private streamData(call: StreamCall, bytes: Buffer, from: number, to: number): void {
    const before = call.reservedBytes
    call.arrive(bytes, from, to)
    if (call.isOver) return
    this.reserve(call.reservedBytes - before)
    this.holdsTooMuch(call)
  }

  private reserve(bytes: number): void {
    this.partialBytes += bytes
    this.shared.partialBytes += bytes
  }

  private holdsTooMuch(call: Call | StreamCall): boolean {
    const { partialBytesMax, partialBytesInAllMax } = this.shared.limits
    if (this.partialBytes <= partialBytesMax && this.shared.partialBytes <= partialBytesInAllMax) return false
    this.hit('partial_requests')
    const whose = this.partialBytes > partialBytesMax ? 'this connection' : 'all clients'
    const message = `too many requests of ${whose} have arrived in part only`
    if (call.isStreaming) this.abort(call, Code.resourceExhausted, message)
    else call.fail(Code.resourceExhausted, message)
    return true
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
    const { contentLength } = call.head
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
    if (this.output.length + this.sender.answerBytes >= this.shared.limits.unsentBytesMax) {
      this.park(call, bytes, from, to)
    } else {
      this.run(call, bytes.subarray(start, to))
    }
  }

  private run(call: Call, message: Uint8Array): void {
    const { route, counts } = call.head
    if (route?.unary === undefined) throw new Error(`a unary call of ${call.path}, which is not there`)
    counts.messagesReceived++
    try {
      route.unary(call, message)
    } catch (error) {
      this.failed(call, error)
    }
  }

  failed(call: Call | StreamCall, error: unknown): void {
    this.log.error('a handler failed', { path: call.path, peer: this.peer, error })
    if (call.isStreaming) this.abort(call, Code.internal, 'internal error')
    else call.fail(Code.internal, 'internal error')
  }

  /** The client reads its answers first. */
  private park(call: Call, bytes: Buffer, from: number, to: number): void {
    if (this.parked.length === 0) this.hit('unsent_answers')
    this.parked.push(call)
    call.isParked = true
    if (call.body !== undefined) return
    this.reserve(call.collect(bytes, from, to))
    this.holdsTooMuch(call)
  }

  private unpark(): void {
    while (this.parked.length > 0) {
      if (this.output.length + this.sender.answerBytes >= this.shared.limits.unsentBytesMax) return
      const call = this.parked.shift()
      if (call?.body === undefined || call.isOver || call.isAnswered) continue
      call.isParked = false
      this.run(call, call.body.subarray(messagePrefixLength, call.bodyLength))
    }
  }

  protected override moved(): void {
    for (let call = this.roomy.pop(); call !== undefined; call = this.roomy.pop()) call.tellWritable()
    if (this.parked.length > 0) this.unpark()
  }

  /** False, and the call is answered, if its message cannot be taken. */
  private checkPrefix(call: Call, announced: number, arrived: number, compressed = call.body?.[0]): boolean {
    const fault = faultOfUnary(call.head, this.shared.limits.messageBytesMax, announced, arrived, compressed)
    if (fault === undefined) return true
    if (fault.code === Code.resourceExhausted) this.hit('message_size')
    call.fail(fault.code, fault.message, fault.trailers)
    return false
  }

  answer(call: Call, message: Uint8Array): void {
    call.head.counts.messagesSent++
    this.answers.headers(call.id)
    this.sender.message(call, message)
    if (this.sender.answerBytes > this.shared.limits.unreadBytesMax) {
      this.hit('unread_answers')
      this.end(ErrorCode.enhanceYourCalm, 'too many responses wait for this client to read them')
      return
    }
    this.wake()
  }

  /** The message of an answer is written. */
  answered(call: Call): void {
    this.answers.okay(call.id)
    this.earn()
    this.close(call, Code.ok)
  }

  refuseCall(call: Call, code: number, message: string, trailers: Trailers): void {
    this.refuseWith(call, 200, code, message, trailers)
  }

  /** A header list that ends the stream, and no message. */
  private refuseWith(call: Call, httpStatus: number, code: number, message: string, trailers: Trailers): void {
    this.answers.status(call.id, this.sender.maxFrameSize, httpStatus, code, message, trailers)
    call.isAnswered = true
    this.earn()
    this.close(call, code)
    this.wake()
  }

  get streamUnsentBytesMax(): number {
    return this.shared.limits.streamUnsentBytesMax
  }

  sendOn(call: StreamCall, message: Uint8Array): void {
    call.head.counts.messagesSent++
    this.earn()
    if (!call.headersSent) this.answers.headers(call.id)
    call.headersSent = true
    this.sender.message(call, message)
    if (this.sender.queuedBytes > this.shared.limits.unreadBytesMax) {
      this.hit('unread_answers')
      this.abort(call, Code.resourceExhausted, 'too many messages wait for this client to read them')
    }
    this.wake()
  }

  finish(call: StreamCall): void {
    const { headersSent, code, trailers } = call
    if (headersSent && code === Code.ok && trailers === undefined) this.answers.okay(call.id)
    else {
      const httpStatus = headersSent ? undefined : 200
      this.answers.status(call.id, this.sender.maxFrameSize, httpStatus, code, call.statusMessage, trailers)
    }
    this.earn()
    this.close(call, code)
    this.wake()
  }

  roomFor(call: StreamCall): void {
    this.roomy.push(call)
    this.wake()
  }

  takenBy(call: StreamCall): void {
    this.renew(call)
    this.wake()
  }

  limitMet(call: StreamCall, { code, message }: Unacceptable): void {
    if (code === Code.resourceExhausted) this.hit('message_size')
    this.abort(call, code, message)
  }

  /** The connection ends a stream: what waits goes no more, and no status can stand behind half of a message. */
  private abort(call: StreamCall, code: number, message: string): void {
    if (call.isOver) return
    if (call.queuedAt === 0) {
      this.sender.abandon(call)
      call.isAnswered = true
      call.code = code
      call.statusMessage = message
      call.trailers = undefined
      this.finish(call)
    } else {
      this.rstStream(call.id, ErrorCode.cancel)
      if (!call.remoteClosed) this.linger(call.id)
      call.remoteClosed = true
      this.close(call, code)
      this.wake()
    }
    call.tellCancelled()
  }

  private close(call: Call | StreamCall, code: number): void {
    this.sender.abandon(call)
    if (call.isOver) return
    this.forget(call, code)
    this.streams.delete(call.id)
    if (this.streams.size === 0) this.patience.idleSince = this.heardAt
    // Answered before it has said all: the rest is not wanted, and that is no error (RFC 9113 §8.1).
    if (!call.remoteClosed) {
      this.rstStream(call.id, ErrorCode.noError)
      this.linger(call.id)
    }
    if (this.draining === 'final' && this.streams.size === 0) this.hangUp()
  }

  private forget(call: Call | StreamCall, code: number): void {
    call.isOver = true
    this.counts.streamsOpen--
    const { counts, timeoutMs } = call.head
    countEnd(counts, code, call.began)
    if (timeoutMs !== undefined) this.withDeadline--
    if (call.isStreaming) {
      this.reserve(-call.reservedBytes)
    } else {
      this.reserve(-(call.body?.length ?? 0))
      call.body = undefined
    }
  }

  protected override reset(call: Call | StreamCall): void {
    call.remoteClosed = true
    this.close(call, Code.cancelled)
    if (call.isStreaming) call.tellCancelled()
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
      this.streams.delete(call.id)
      this.sender.abandon(call)
      this.forget(call, Code.cancelled)
      if (call.isStreaming) call.tellCancelled()
    }
    this.parked = []
    this.shared.closed(this)
  }

  /**
   * Goes away without losing a request: the announcement names no stream, so that what is on its way is still taken; when
   * the client has certainly seen it, by its answer to a PING, the last stream is named (RFC 9113 §6.8).
   */
  drain(why = 'the server is stopping'): void {
    if (this.ended || this.draining !== 'no') return
    this.draining = 'announced'
    this.patience.drainingSince = performance.now()
    this.goaway(maxStreamId, ErrorCode.noError, why)
    this.ping()
    this.wake()
  }

  protected override pong(): void {
    this.patience.answered()
    if (this.draining !== 'announced') return
    this.draining = 'final'
    this.patience.drainingSince = undefined
    this.goaway(this.highestStreamId, ErrorCode.noError, 'no stream beyond this one was looked at')
    if (this.streams.size === 0) this.hangUp()
  }

  /** The time to drain is over: streams that would go on for ever are ended, and everything else is cut off. */
  dismiss(): void {
    if (this.ended) return
    for (const call of this.streams.values())
      if (call.isStreaming) this.abort(call, Code.unavailable, 'the server is stopping')
    if (this.output.length > 0) {
      this.hangUp()
      this.lost()
    } else {
      this.destroy()
    }
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
    this.checkProgress(now)
    const overdue = this.patience.overdue(now, this.heardAt, this.isGreeted, this.streams.size)
    if (overdue === undefined) return
    if (overdue === 'ask') {
      this.ping()
      this.wake()
      return
    }
    if (overdue !== 'drain') this.hit(overdue)
    if (overdue === 'handshake_timeout') this.end(ErrorCode.settingsTimeout, 'no SETTINGS arrived')
    else if (overdue === 'idle_timeout') this.drain('nobody called anything for long')
    else this.destroy()
  }

  private expire(call: Call | StreamCall): void {
    if (call.isStreaming) {
      this.abort(call, Code.deadlineExceeded, 'context deadline exceeded')
      return
    }
    if (!call.isAnswered) {
      this.refuseWith(call, 200, Code.deadlineExceeded, 'context deadline exceeded', undefined)
      return
    }
    this.rstStream(call.id, ErrorCode.cancel)
    if (!call.remoteClosed) this.linger(call.id)
    call.remoteClosed = true
    this.close(call, Code.deadlineExceeded)
    this.wake()
  }
}
