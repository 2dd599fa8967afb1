import type { Socket } from 'node:net'
import type { Logger } from '../core/index.ts'
import { addressOf } from './address.ts'
import { Answers } from './answers.ts'
import type { Answering, Call } from './call.ts'
import { Connection } from './connection.ts'
import { secondsSince, type Counts } from './counters.ts'
import { messagePrefixLength } from './flow.ts'
import { ErrorCode, Flag } from './frames.ts'
import type { Limits } from './limits.ts'
import type { Unacceptable } from './messages.ts'
import { Patience } from './patience.ts'
import type { Head, Refusal } from './request.ts'
import type { Routes } from './routes.ts'
import { Code } from './status.ts'
import type { StreamCall, StreamKeeper } from './stream-call.ts'
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
  closed(socket: Socket): void
  /** All clients together read too little: whoever leaves most unread is cut off. */
  relieve(): void
}

type Trailers = Readonly<Record<string, string>> | undefined

type Draining = 'no' | 'announced' | 'final'

/** The answering half of a server's connection: calls are run, answered, ended, and counted. */
export abstract class AnsweringConnection
  extends Connection<Call | StreamCall, Head>
  implements Answering, StreamKeeper
{
  readonly peer: string
  protected readonly shared: Shared
  protected draining: Draining = 'no'
  protected readonly patience: Patience
  protected withDeadline = 0
  private readonly answers: Answers
  private partialBytes = 0
  /** Requests that are not looked at until the client has read answers, the oldest first. */
  private parked: Call[] = []
  /** Streams whose handlers may go on sending. */
  private roomy: StreamCall[] = []

  protected constructor(socket: Socket, shared: Shared) {
    super(socket, shared.limits, shared.counts, shared.turn, shared.log)
    this.shared = shared
    this.peer = addressOf(socket)
    this.answers = new Answers(this.sender, this.encoder)
    this.patience = new Patience(shared.limits, this.heardAt)
  }

  protected reserve(bytes: number): void {
    this.partialBytes += bytes
    this.shared.partialBytes += bytes
  }

  /** After anything arrived on a stream or was taken from it. */
  protected recount(call: StreamCall): void {
    if (call.isOver) return
    this.reserve(call.reservedBytes - call.countedBytes)
    call.countedBytes = call.reservedBytes
  }

  protected holdsTooMuch(call: Call | StreamCall): boolean {
    const { partialBytesMax, partialBytesInAllMax } = this.shared.limits
    if (this.partialBytes <= partialBytesMax && this.shared.partialBytes <= partialBytesInAllMax) return false
    this.hit('partial_requests')
    const whose = this.partialBytes > partialBytesMax ? 'this connection' : 'all clients'
    const message = `too many requests of ${whose} have arrived in part only`
    if (call.isStreaming) this.abort(call, Code.resourceExhausted, message)
    else call.fail(Code.resourceExhausted, message)
    return true
  }

  /** A whole request, its message at `bytes[from + 5, to)`. */
  protected take(call: Call, bytes: Buffer, from: number, to: number): void {
    if (this.output.length + this.sender.answerBytes >= this.shared.limits.unsentBytesMax) {
      this.park(call, bytes, from, to)
    } else {
      this.run(call, bytes.subarray(from + messagePrefixLength, to))
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

  answer(call: Call, message: Uint8Array): void {
    call.head.counts.messagesSent++
    this.answers.headers(call.id)
    this.sender.message(call, message)
    if (this.sender.answerBytes > this.shared.limits.unreadBytesMax) {
      this.cutOff()
      return
    }
    this.relieve()
    this.wake()
  }

  private relieve(): void {
    if (this.counts.queuedBytes > this.shared.limits.unreadBytesInAllMax) this.shared.relieve()
  }

  /** What waits for this client to read it takes more than its part of memory. */
  cutOff(): void {
    this.hit('unread_answers')
    this.end(ErrorCode.enhanceYourCalm, 'too many responses wait for this client to read them')
  }

  /** The message of an answer is written. */
  answered(call: Call): void {
    if (call.plainCode === undefined) this.answers.okay(call.id)
    this.earn()
    this.close(call, call.plainCode ?? Code.ok)
  }

  /** Not a gRPC request at all, so that whoever sent it may read HTTP: a status, and a line of text. */
  protected refusePlainly(call: Call, { httpStatus, code, message }: Refusal): void {
    this.answers.plain(call.id, httpStatus, code, message)
    call.isAnswered = true
    call.plainCode = code
    call.lastFlags = Flag.endStream
    this.sender.bytes(call, Buffer.from(`${message}\n`))
    this.wake()
  }

  /** A header list that ends the stream, and no message. */
  refuseCall(call: Call, code: number, message: string, trailers: Trailers): void {
    this.answers.status(call.id, 200, code, message, trailers)
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
    this.relieve()
    this.wake()
  }

  finish(call: StreamCall): void {
    const { headersSent, code, trailers } = call
    if (headersSent && code === Code.ok && trailers === undefined) this.answers.okay(call.id)
    else {
      const httpStatus = headersSent ? undefined : 200
      this.answers.status(call.id, httpStatus, code, call.statusMessage, trailers)
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
    this.recount(call)
    this.renew(call)
    this.wake()
  }

  limitMet(call: StreamCall, { code, message }: Unacceptable): void {
    if (code === Code.resourceExhausted) this.hit('message_size')
    this.abort(call, code, message)
  }

  /** The connection ends a stream: what waits goes no more, and no status can stand behind half of a message. */
  protected abort(call: StreamCall, code: number, message: string): void {
    if (call.isOver) return
    if (call.queuedAt === 0) {
      this.sender.abandon(call)
      call.isAnswered = true
      call.code = code
      call.statusMessage = message
      call.trailers = undefined
      this.finish(call)
    } else {
      this.breakOff(call, code)
    }
    call.tellCancelled()
  }

  /** Part of its answer may have left: what is missing is told by RST_STREAM alone. */
  private breakOff(call: Call | StreamCall, code: number): void {
    this.rstStream(call.id, ErrorCode.cancel)
    if (!call.remoteClosed) this.linger(call.id)
    call.remoteClosed = true
    this.close(call, code)
    this.wake()
  }

  protected close(call: Call | StreamCall, code: number): void {
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
    counts.ended(code, secondsSince(call.began))
    if (timeoutMs !== undefined) this.withDeadline--
    if (call.isStreaming) {
      this.reserve(-call.countedBytes)
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

  protected override lost(): void {
    for (const call of this.streams.values()) {
      this.streams.delete(call.id)
      this.sender.abandon(call)
      this.forget(call, Code.cancelled)
      if (call.isStreaming) call.tellCancelled()
    }
    this.parked = []
    this.shared.closed(this.socket)
  }

  protected expire(call: Call | StreamCall): void {
    const message = 'context deadline exceeded'
    if (call.isStreaming) this.abort(call, Code.deadlineExceeded, message)
    else if (call.isAnswered) this.breakOff(call, Code.deadlineExceeded)
    else this.refuseCall(call, Code.deadlineExceeded, message, undefined)
  }
}
