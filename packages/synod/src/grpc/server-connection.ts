import type { Socket } from 'node:net'
import { FrameKind } from './allowance.ts'
import { AnsweringConnection, type Shared } from './answering.ts'
import { Call } from './call.ts'
import { receiveStreamWindow } from './connection.ts'
import { messagePrefixLength } from './flow.ts'
import { ConnectionError, ErrorCode, maxStreamId, Setting } from './frames.ts'
import type { HeaderList } from './hpack.ts'
import { faultOfUnary } from './messages.ts'
import { HeadReader, type Head, type RequestHead } from './request.ts'
import { Code } from './status.ts'
import { StreamCall } from './stream-call.ts'

const noBytes = Buffer.alloc(0)

/** A client's connection, after its preface. */
export class ServerConnection extends AnsweringConnection {
  private highestStreamId = 0
  private readonly heads: HeadReader

  constructor(socket: Socket, shared: Shared) {
    super(socket, shared)
    this.heads = new HeadReader(shared.limits.headerListBytesMax, (path) => shared.routes.find(path))
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
    const head = (list.meaning ??= this.heads.read(list))
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
      if (refusal.httpStatus === 200) call.fail(refusal.code, refusal.message)
    }
    if (endStream && !call.isAnswered) this.completed(call)
  }

  /** A stream that never becomes a call. */
  private turnAway(streamId: number, code: number, endStream: boolean): void {
    this.spend(FrameKind.control)
    this.rstStream(streamId, code)
    if (!endStream) this.linger(streamId)
  }

  private trailers(call: Call | StreamCall, list: HeaderList<Head>, endStream: boolean): void {
    if (call.remoteClosed) return this.refuse(call, ErrorCode.streamClosed)
    const head = (list.meaning ??= this.heads.read(list))
    if (!endStream || head.kind !== 'trailers') return this.refuse(call, ErrorCode.protocolError)
    call.remoteClosed = true
    if (call.isStreaming) this.streamData(call, noBytes, 0, 0)
    else if (!call.isAnswered) this.completed(call)
  }

  protected override data(call: Call | StreamCall, bytes: Buffer, from: number, to: number, endStream: boolean): void {
    if (call.isAnswered) return
    if (call.isStreaming) return this.streamData(call, bytes, from, to)
    call.dataLength += to - from
    if (call.head.refusal !== undefined) {
      if (endStream) this.completed(call)
      return
    }
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
    call.arrive(bytes, from, to)
    this.recount(call)
    if (!call.isOver) this.holdsTooMuch(call)
  }

  /** The client has said all. */
  private completed(call: Call): void {
    const { body } = call
    const { contentLength, refusal } = call.head
    if (contentLength !== undefined && contentLength !== call.dataLength) {
      this.refuse(call, ErrorCode.protocolError)
    } else if (refusal !== undefined) {
      this.refusePlainly(call, refusal)
    } else if (body === undefined) {
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
    this.take(call, bytes, from, to)
  }

  /** False, and the call is answered, if its message cannot be taken. */
  private checkPrefix(call: Call, announced: number, arrived: number, compressed = call.body?.[0]): boolean {
    const fault = faultOfUnary(call.head, this.shared.limits.messageBytesMax, announced, arrived, compressed)
    if (fault === undefined) return true
    if (fault.code === Code.resourceExhausted) this.hit('message_size')
    call.fail(fault.code, fault.message, fault.trailers)
    return false
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

  protected override settled(): void {
    // Nothing waits for it.
  }

  protected override get lastStreamId(): number {
    return this.highestStreamId
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
}
