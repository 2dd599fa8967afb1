import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { tlsFailure, type Logger } from '../core/index.ts'
import { Connection, receiveStreamWindow, type ConnectionLimits } from './connection.ts'
import { messagePrefixLength, Stream } from './flow.ts'
import { ErrorCode, Flag, FrameType, preface, Setting } from './frames.ts'
import type { HeaderList } from './hpack.ts'
import { checkMetadata, Code, codeOfHttpStatus, decodeMessage, encodeTimeout } from './status.ts'
import { Turn } from './turn.ts'

/** A call that was not answered with a message. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError'
  readonly code: number
  /** False: no server can have acted on it, so that it may be sent again whatever it does. */
  readonly mayHaveBeenSent: boolean
  /** What the server said beside the status. */
  readonly trailers: ReadonlyMap<string, string>

  constructor(
    code: number,
    message: string,
    mayHaveBeenSent: boolean,
    trailers: ReadonlyMap<string, string> = new Map(),
  ) {
    super(message)
    this.code = code
    this.mayHaveBeenSent = mayHaveBeenSent
    this.trailers = trailers
  }
}

/** What one call asks for. */
export interface CallOptions {
  /** Milliseconds; the server is told, and the call fails with 4 when they are over. */
  readonly timeout?: number
  /** Names in lower case, printable ASCII values. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** How a server is believed, and what it is shown; PEM throughout. */
export interface ChannelTls {
  /** The authorities of the server's certificate, instead of those that Node.js knows. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** Any certificate is believed: whoever is in between reads and changes everything. */
  readonly insecureSkipVerify?: boolean
}

/** What a channel may be told. */
export interface ChannelOptions {
  /** Without it the channel speaks plaintext. */
  readonly tls?: ChannelTls | undefined
  readonly log?: Logger
  /** The largest response. */
  readonly messageBytesMax?: number
}

/** One connection to a server, shared by all calls. When it is lost it stays so: whoever wants another one connects again. */
export interface GrpcChannel {
  /** Resolves with the response; rejects with a GrpcError. The message is copied before it returns. */
  unary(path: string, message: Uint8Array, options?: CallOptions): Promise<Uint8Array>
  /** Calls in flight fail with 1. */
  close(): void
  /** No call can be made any more. */
  readonly closed: boolean
}

/** Begins to connect; calls may be made at once. */
export function connect(host: string, port: number, options: ChannelOptions = {}): GrpcChannel {
  return new ClientConnection(connectSocket(host, port, options.tls), `${host}:${port}`, options)
}

function connectSocket(host: string, port: number, tls: ChannelTls | undefined): Socket {
  if (tls === undefined) return connectPlain({ host, port, noDelay: true, keepAlive: true })
  const { insecureSkipVerify = false, ca, cert, key } = tls
  const socket = connectTls({
    host,
    port,
    // No address is named in SNI (RFC 6066 §3); the certificate is compared with it all the same.
    servername: isIP(host) === 0 ? host : '',
    rejectUnauthorized: !insecureSkipVerify,
    ALPNProtocols: ['h2'],
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  })
  socket.setNoDelay(true)
  socket.setKeepAlive(true)
  return socket
}

const limits: ConnectionLimits = {
  headerListBytesMax: 64 * 1024,
  controlFramesPerSecondMax: 100_000,
  backlogBytesMax: 1024 * 1024,
}
const closedReason = 'the connection is closed'
const defaultMessageBytesMax = 256 * 1024 * 1024
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A call of ours, from the request to the answer. */
class OutgoingCall extends Stream {
  private readonly resolve: (message: Uint8Array) => void
  private readonly reject: (error: GrpcError) => void
  private readonly pieces: Buffer[] = []
  private length = 0
  timer: NodeJS.Timeout | undefined = undefined
  /** The whole request has been written. */
  isSent = false
  httpStatus: number | undefined = undefined

  constructor(
    id: number,
    sendWindow: number,
    resolve: (message: Uint8Array) => void,
    reject: (error: GrpcError) => void,
  ) {
    super(id, sendWindow)
    this.resolve = resolve
    this.reject = reject
  }

  override sent(): void {
    this.isSent = true
  }

  /** False if the response is larger than allowed. */
  collect(bytes: Buffer, from: number, to: number, lengthMax: number): boolean {
    this.length += to - from
    if (this.length > messagePrefixLength + lengthMax) return false
    if (to > from) this.pieces.push(Buffer.from(bytes.subarray(from, to)))
    return true
  }

  succeed(): void {
    clearTimeout(this.timer)
    const body = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces)
    if (body === undefined || body.length < messagePrefixLength)
      return this.fail(Code.internal, 'the response has no message', true)
    if (body[0] !== 0) return this.fail(Code.internal, 'the response is compressed, which was not offered', true)
    if (body.readUInt32BE(1) !== body.length - messagePrefixLength) {
      return this.fail(Code.internal, `the response is ${body.length} bytes long, its message is not`, true)
    }
    this.resolve(body.subarray(messagePrefixLength))
  }

  fail(code: number, message: string, mayHaveBeenSent: boolean, trailers?: ReadonlyMap<string, string>): void {
    clearTimeout(this.timer)
    this.reject(new GrpcError(code, message, mayHaveBeenSent, trailers))
  }
}

/** A call that the server has no room for yet. */
interface Waiting {
  readonly path: string
  readonly message: Uint8Array
  readonly options: CallOptions
  readonly resolve: (message: Uint8Array) => void
  readonly reject: (error: GrpcError) => void
  readonly since: number
}

/** The frame that opens a call of one path without metadata, and the state of the dynamic table that it holds for. */
interface Opening {
  readonly block: readonly number[]
  readonly generation: number
}

class ClientConnection extends Connection<OutgoingCall, undefined> implements GrpcChannel {
  private readonly authority: string
  private readonly scheme: 'http' | 'https'
  private readonly messageBytesMax: number
  private readonly openings = new Map<string, Opening>()
  private readonly queue: Waiting[] = []
  private nextStreamId = 1
  /** Until the server has spoken there is no limit (RFC 9113 §5.1.2). */
  private concurrentStreamsMax = Number.POSITIVE_INFINITY
  private isConnected = false
  private isGoingAway = false
  private reason = closedReason

  constructor(socket: Socket, authority: string, options: ChannelOptions) {
    super(socket, true, limits, new Turn(), options.log ?? silent)
    this.authority = authority
    this.messageBytesMax = options.messageBytesMax ?? defaultMessageBytesMax
    this.scheme = options.tls === undefined ? 'http' : 'https'
    socket.on(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      this.isConnected = true
    })
    socket.on('error', (error) => {
      const refusal = tlsFailure(error)
      this.reason = refusal ?? error.message
      // With TLS 1.3 this side is through the handshake before the server has seen its certificate: nothing was read.
      if (refusal !== undefined && !this.isGreeted) this.isConnected = false
    })
    socket.write(preface)
    this.greet([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, receiveStreamWindow],
    ])
    this.wake()
  }

  get closed(): boolean {
    return this.ended || this.isGoingAway
  }

  unary(path: string, message: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      checkMetadata(options.metadata)
      if (this.closed || this.nextStreamId > 0x7fff_fff0) {
        reject(new GrpcError(Code.unavailable, this.reason, false))
      } else if (this.streams.size < this.concurrentStreamsMax) {
        this.open(path, message, options, resolve, reject)
      } else {
        this.queue.push({ path, message: message.slice(), options, resolve, reject, since: performance.now() })
      }
    })
  }

  private open(
    path: string,
    message: Uint8Array,
    options: CallOptions,
    resolve: (message: Uint8Array) => void,
    reject: (error: GrpcError) => void,
  ): void {
    const call = new OutgoingCall(this.nextStreamId, this.sender.initialStreamWindow, resolve, reject)
    this.nextStreamId += 2
    this.streams.set(call.id, call)
    const { timeout } = options
    if (timeout !== undefined) call.timer = setTimeout(() => this.expire(call), timeout)
    this.writeBlock(call.id, this.openingOf(path, options))
    this.sender.message(call, message)
    this.wake()
  }

  private openingOf(path: string, { timeout, metadata }: CallOptions): readonly number[] {
    const opening = this.openings.get(path)
    const block = opening?.generation === this.encoder.generation ? opening.block : this.encodeOpening(path)
    if (timeout === undefined && metadata === undefined) return block
    const out = [...block]
    if (timeout !== undefined) this.encoder.literal(out, 'grpc-timeout', encodeTimeout(timeout))
    for (const [name, value] of Object.entries(metadata ?? {})) this.encoder.indexed(out, name, value)
    return out
  }

  private encodeOpening(path: string): readonly number[] {
    const block: number[] = []
    const { generation } = this.encoder
    this.encoder.begin(block)
    this.encoder.indexed(block, ':method', 'POST')
    this.encoder.indexed(block, ':scheme', this.scheme)
    this.encoder.indexed(block, ':path', path)
    this.encoder.indexed(block, ':authority', this.authority)
    this.encoder.indexed(block, 'te', 'trailers')
    this.encoder.indexed(block, 'content-type', 'application/grpc')
    // A block that changed the table means something else the next time.
    if (this.encoder.generation === generation) this.openings.set(path, { block, generation })
    return block
  }

  private writeBlock(streamId: number, block: readonly number[]): void {
    const size = this.sender.maxFrameSize
    for (let at = 0; at < block.length; at += size) {
      const part = Uint8Array.from(at === 0 && block.length <= size ? block : block.slice(at, at + size))
      const flags = at + size >= block.length ? Flag.endHeaders : 0
      this.output.frame(at === 0 ? FrameType.headers : FrameType.continuation, flags, streamId, part.length)
      this.output.bytes(part, 0, part.length)
    }
  }

  private expire(call: OutgoingCall): void {
    this.rstStream(call.id, ErrorCode.cancel)
    this.linger(call.id)
    this.remove(call)
    // Also while connecting: what was written waits in the socket, and leaves if it does connect.
    call.fail(Code.deadlineExceeded, 'context deadline exceeded', call.isSent)
    this.wake()
  }

  private mayHaveArrived(call: OutgoingCall): boolean {
    return call.isSent && this.isConnected
  }

  private remove(call: OutgoingCall): void {
    this.streams.delete(call.id)
    this.sender.abandon(call)
    this.openWaiting()
  }

  /** Room for calls that wait. One whose time is over by now fails at once. */
  private openWaiting(): void {
    while (this.queue.length > 0 && !this.closed && this.streams.size < this.concurrentStreamsMax) {
      const waiting = this.queue.shift()
      if (waiting === undefined) return
      const { path, message, options, resolve, reject, since } = waiting
      if (options.timeout === undefined) {
        this.open(path, message, options, resolve, reject)
        continue
      }
      const timeout = options.timeout - (performance.now() - since)
      if (timeout > 0) this.open(path, message, { ...options, timeout }, resolve, reject)
      else reject(new GrpcError(Code.deadlineExceeded, 'context deadline exceeded', false))
    }
  }

  protected override headers(streamId: number, list: HeaderList<undefined>, endStream: boolean): void {
    const call = this.streams.get(streamId)
    // An answer to a call that was given up here.
    if (call === undefined) return
    const fields = new Map(list.fields.map(({ name, value }) => [name, value]))
    const status = fields.get(':status')
    if (status !== undefined) call.httpStatus = Number(status)
    if (!endStream) return
    call.remoteClosed = true
    this.finish(call, fields)
  }

  private finish(call: OutgoingCall, fields: ReadonlyMap<string, string>): void {
    // The server may answer before it has heard everything; it says by RST_STREAM that it does not want the rest.
    if (!call.isSent) this.rstStream(call.id, ErrorCode.cancel)
    this.remove(call)
    const status = fields.get('grpc-status')
    if (status === '0') {
      call.succeed()
    } else if (status !== undefined && /^\d+$/.test(status)) {
      call.fail(Number(status), decodeMessage(fields.get('grpc-message') ?? ''), true, fields)
    } else {
      const httpStatus = call.httpStatus ?? 0
      call.fail(
        codeOfHttpStatus(httpStatus),
        `the server answered HTTP status ${httpStatus} without a gRPC status`,
        true,
        fields,
      )
    }
  }

  protected override data(call: OutgoingCall, bytes: Buffer, from: number, to: number, endStream: boolean): void {
    if (!call.collect(bytes, from, to, this.messageBytesMax)) {
      this.rstStream(call.id, ErrorCode.cancel)
      if (!endStream) this.linger(call.id)
      this.remove(call)
      call.fail(Code.resourceExhausted, `grpc: received message larger than max (${this.messageBytesMax})`, true)
    } else if (endStream) {
      this.finish(call, new Map())
    }
  }

  protected override reset(call: OutgoingCall, code: number): void {
    this.remove(call)
    if (code === ErrorCode.refusedStream)
      call.fail(Code.unavailable, 'the server refused the call before it looked at it', false)
    else if (code === ErrorCode.cancel) call.fail(Code.cancelled, 'the server cancelled the call', true)
    else if (code === ErrorCode.enhanceYourCalm)
      call.fail(Code.resourceExhausted, 'the server is overloaded by this client', true)
    else call.fail(Code.internal, `the server reset the call: HTTP/2 error ${code}`, true)
  }

  /** Calls beyond the last stream were not looked at; the others will be answered. */
  protected override goingAway(lastStreamId: number, code: number, reason: string): void {
    this.isGoingAway = true
    this.reason = `the server is going away: ${reason === '' ? `HTTP/2 error ${code}` : reason}`
    for (const call of this.streams.values()) {
      if (call.id <= lastStreamId) continue
      this.remove(call)
      call.fail(Code.unavailable, this.reason, false)
    }
    this.failWaiting(Code.unavailable)
    if (this.streams.size === 0 && code === ErrorCode.noError) this.hangUpSoon()
  }

  private hangUpSoon(): void {
    if (!this.ended) this.hangUp()
  }

  protected override isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId >= this.nextStreamId
  }

  protected override setting(id: number, value: number): void {
    if (id !== Setting.maxConcurrentStreams) return
    this.concurrentStreamsMax = value
    this.openWaiting()
  }

  protected override pong(): void {
    // Nothing waits for one.
  }

  protected override get lastStreamId(): number {
    return 0
  }

  protected override lost(): void {
    if (this.isConnected && !this.isGreeted && this.reason === closedReason) {
      const why = this.scheme === 'http' ? 'perhaps it speaks TLS (https://)' : 'perhaps it wants another certificate'
      this.reason = `the server closed the connection before it said anything: ${why}`
    }
    for (const call of this.streams.values()) {
      this.streams.delete(call.id)
      this.sender.abandon(call)
      call.fail(Code.unavailable, this.reason, this.mayHaveArrived(call))
    }
    this.failWaiting(Code.unavailable)
  }

  private failWaiting(code: number): void {
    for (const { reject } of this.queue.splice(0)) reject(new GrpcError(code, this.reason, false))
  }

  close(): void {
    if (this.ended) return
    this.reason = 'the channel was closed'
    for (const call of this.streams.values()) {
      this.streams.delete(call.id)
      this.sender.abandon(call)
      call.fail(Code.cancelled, this.reason, this.mayHaveArrived(call))
    }
    this.failWaiting(Code.cancelled)
    this.end(ErrorCode.noError, this.reason)
  }
}
