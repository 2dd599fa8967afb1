import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { tlsFailure, type Logger } from '../core/index.ts'
import { Counts } from './counters.ts'
import { Connection, receiveStreamWindow, type ConnectionLimits } from './connection.ts'
import { ErrorCode, preface, Setting } from './frames.ts'
import type { HeaderList } from './hpack.ts'
import { otherLanguage } from './other-language.ts'
import { GrpcError, OutgoingCall, type CallOptions } from './outgoing.ts'
import { OutgoingStream, type ClientStream, type ClientStreamHandler, type OutgoingKeeper } from './outgoing-stream.ts'
import { checkMetadata, Code, codeOfHttpStatus, decodeMessage, encodeTimeout } from './status.ts'
import { Turn } from './turn.ts'

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
  /** A call of many messages in either direction. The handler is never called before this has returned. */
  stream(path: string, handler: ClientStreamHandler, options?: CallOptions): ClientStream
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

/** A server is trusted more than a client is, but not with all memory. */
const limits: ConnectionLimits = {
  headerListBytesMax: 64 * 1024,
  resetsPerSecondMax: 100_000,
  pingsPerSecondMax: 100_000,
  settingsPerSecondMax: 10_000,
  emptyFramesPerSecondMax: 100_000,
  controlFramesPerSecondMax: 100_000,
  backlogBytesMax: 1024 * 1024,
  unsentBytesMax: 4 * 1024 * 1024,
  stallTimeoutMs: 60_000,
  headerTimeoutMs: 10_000,
}
const closedReason = 'the connection is closed'
const defaultMessageBytesMax = 256 * 1024 * 1024
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A call that the server has no room for yet, or that waits for the server to say that it is one. */
interface Waiting {
  readonly call: OutgoingCall | OutgoingStream
  readonly options: CallOptions
  readonly since: number
  /** With what is left of its time. */
  open(options: CallOptions): void
}

/** The frame that opens a call of one path without metadata, and the state of the dynamic table that it holds for. */
interface Opening {
  readonly block: readonly number[]
  readonly generation: number
}

class ClientConnection
  extends Connection<OutgoingCall | OutgoingStream, undefined>
  implements GrpcChannel, OutgoingKeeper
{
  private readonly authority: string
  private readonly scheme: 'http' | 'https'
  private readonly messageBytesMax: number
  private readonly openings = new Map<string, Opening>()
  private queue: Waiting[] = []
  private roomy: OutgoingStream[] = []
  private nextStreamId = 1
  private concurrentStreamsMax = Number.POSITIVE_INFINITY
  /** There is somebody at the address; and, by TLS, it is whom its certificate names. */
  private isReached = false
  private isSecured = false
  private isGoingAway = false
  private reason = closedReason

  constructor(socket: Socket, authority: string, options: ChannelOptions) {
    super(socket, limits, new Counts([]), new Turn(), options.log ?? silent)
    this.authority = authority
    this.messageBytesMax = options.messageBytesMax ?? defaultMessageBytesMax
    this.scheme = options.tls === undefined ? 'http' : 'https'
    socket.on('connect', () => {
      this.isReached = true
    })
    socket.on('secureConnect', () => {
      this.isSecured = true
    })
    socket.on('error', (error) => {
      const isCut = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      this.reason = tlsFailure(error) ?? (isCut && !this.isGreeted ? closedReason : error.message)
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
      const call = new OutgoingCall(resolve, reject)
      if (this.cannotOpen) return call.fail(Code.unavailable, this.reason, false)
      const { timeout } = options
      if (timeout !== undefined) call.timer = setTimeout(() => this.expire(call), timeout)
      if (this.hasRoom) return this.open(call, path, message, options)
      const copy = message.slice()
      const open = (left: CallOptions): void => this.open(call, path, copy, left)
      this.queue.push({ call, options, since: performance.now(), open })
    })
  }

  stream(path: string, handler: ClientStreamHandler, options: CallOptions = {}): ClientStream {
    checkMetadata(options.metadata)
    const stream = new OutgoingStream(this, handler, this.messageBytesMax)
    if (this.cannotOpen) {
      const { reason } = this
      setImmediate(() => stream.fail(Code.unavailable, reason, false))
      return stream
    }
    const { timeout } = options
    if (timeout !== undefined) stream.timer = setTimeout(() => this.expire(stream), timeout)
    if (this.hasRoom) {
      this.openStream(stream, path, options)
    } else {
      const open = (left: CallOptions): void => this.openStream(stream, path, left)
      this.queue.push({ call: stream, options, since: performance.now(), open })
    }
    return stream
  }

  private get cannotOpen(): boolean {
    return this.closed || this.nextStreamId > 0x7fff_fff0
  }

  /**
   * Nothing is asked before the server has spoken, though it might be (RFC 9113 §3.4): whoever hangs up before that, or does
   * not speak HTTP/2 at all, has certainly not acted on anything. It costs a new connection one round trip.
   */
  private get hasRoom(): boolean {
    return this.isGreeted && this.streams.size < this.concurrentStreamsMax
  }

  private open(call: OutgoingCall, path: string, message: Uint8Array, options: CallOptions): void {
    call.id = this.nextStreamId
    call.sendWindow = this.sender.initialStreamWindow
    this.nextStreamId += 2
    this.streams.set(call.id, call)
    this.sender.headers(call.id, 0, this.openingOf(path, options))
    this.sender.message(call, message)
    this.wake()
  }

  private openStream(stream: OutgoingStream, path: string, options: CallOptions): void {
    const id = this.nextStreamId
    this.nextStreamId += 2
    this.streams.set(id, stream)
    this.sender.headers(id, 0, this.openingOf(path, options))
    stream.begin(id, this.sender.initialStreamWindow)
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

  private expire(call: OutgoingCall | OutgoingStream): void {
    const mayHaveBeenSent = call.hasLeft
    this.breakOff(call)
    call.fail(Code.deadlineExceeded, 'context deadline exceeded', mayHaveBeenSent)
  }

  giveUp(stream: OutgoingStream, code: number, message: string): void {
    const mayHaveBeenSent = stream.hasLeft
    this.breakOff(stream)
    stream.fail(code, message, mayHaveBeenSent)
  }

  /** Whatever state it is in, the server hears no more of it, and of the server nothing more is heard. */
  private breakOff(call: OutgoingCall | OutgoingStream): void {
    if (call.id === 0) {
      this.queue = this.queue.filter((waiting) => waiting.call !== call)
      return
    }
    if (this.streams.get(call.id) === call) {
      this.rstStream(call.id, ErrorCode.cancel)
      if (!call.remoteClosed) this.linger(call.id)
    }
    this.remove(call)
    call.isOver = true
    this.wake()
  }

  private remove(call: OutgoingCall | OutgoingStream): void {
    this.streams.delete(call.id)
    this.sender.abandon(call)
    this.openWaiting()
    if (this.isGoingAway && this.streams.size === 0) this.hangUpSoon()
  }

  takenBy(stream: OutgoingStream): void {
    this.renew(stream)
    this.wake()
  }

  roomFor(stream: OutgoingStream): void {
    this.roomy.push(stream)
    this.wake()
  }

  defect(error: unknown): void {
    this.log.error('the handler of a stream failed', { peer: this.authority, error })
  }

  /** Room for calls that wait. One whose time is over by now fails at once. */
  private openWaiting(): void {
    while (this.queue.length > 0 && !this.closed && this.hasRoom) {
      const waiting = this.queue.shift()
      if (waiting === undefined) return
      const { options, since } = waiting
      if (options.timeout === undefined) {
        waiting.open(options)
        continue
      }
      const timeout = options.timeout - (performance.now() - since)
      if (timeout > 0) waiting.open({ ...options, timeout })
      else waiting.call.fail(Code.deadlineExceeded, 'context deadline exceeded', false)
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

  private finish(call: OutgoingCall | OutgoingStream, fields: ReadonlyMap<string, string>): void {
    // The server may answer before it has heard everything; it says by RST_STREAM that it does not want the rest.
    if (!call.isSent) this.rstStream(call.id, ErrorCode.cancel)
    this.remove(call)
    const status = fields.get('grpc-status')
    if (status === '0') {
      if (call.isStreaming) call.conclude(undefined, fields)
      else call.succeed()
      return
    }
    const httpStatus = call.httpStatus ?? 0
    const error =
      status !== undefined && /^\d+$/.test(status)
        ? new GrpcError(Number(status), decodeMessage(fields.get('grpc-message') ?? ''), true, fields)
        : new GrpcError(
            codeOfHttpStatus(httpStatus),
            `the server answered HTTP status ${httpStatus} without a gRPC status`,
            true,
            fields,
          )
    if (call.isStreaming) call.conclude(error, fields)
    else call.fail(error.code, error.message, true, fields)
  }

  protected override data(
    call: OutgoingCall | OutgoingStream,
    bytes: Buffer,
    from: number,
    to: number,
    endStream: boolean,
  ): void {
    if (call.isStreaming) {
      if (endStream) this.finish(call, new Map())
      // What an HTTP error says is no message.
      else if (call.httpStatus === 200) call.arrive(bytes, from, to)
    } else if (!call.collect(bytes, from, to, this.messageBytesMax)) {
      this.breakOff(call)
      call.fail(Code.resourceExhausted, `grpc: received message larger than max (${this.messageBytesMax})`, true)
    } else if (endStream) {
      this.finish(call, new Map())
    }
  }

  protected override reset(call: OutgoingCall | OutgoingStream, code: number): void {
    this.remove(call)
    call.isOver = true
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
    if (id === Setting.maxConcurrentStreams) this.concurrentStreamsMax = value
  }

  protected override settled(): void {
    this.openWaiting()
  }

  /** What a server begins with that has not understood us is no frame, and tells what it speaks instead. */
  override receive(chunk: Buffer): void {
    const strange = this.isGreeted || this.ended ? undefined : otherLanguage(chunk)
    if (strange === undefined) return super.receive(chunk)
    this.reason = strange
    this.socket.destroy()
  }

  protected override pong(): void {
    // Nothing waits for one.
  }

  protected override moved(): void {
    for (let stream = this.roomy.pop(); stream !== undefined; stream = this.roomy.pop()) stream.tellWritable()
  }

  protected override get lastStreamId(): number {
    return 0
  }

  protected override lost(): void {
    if (this.isReached && !this.isGreeted && this.reason === closedReason) {
      let why = 'perhaps it speaks TLS (https://, and --cacert with its authority)'
      if (this.scheme === 'https')
        why = this.isSecured ? 'perhaps it wants another certificate' : 'perhaps it speaks plaintext (http://)'
      this.reason = `the server closed the connection before it said anything: ${why}`
    }
    for (const call of this.streams.values()) {
      this.streams.delete(call.id)
      this.sender.abandon(call)
      call.fail(Code.unavailable, this.reason, call.hasLeft)
    }
    this.failWaiting(Code.unavailable)
  }

  private failWaiting(code: number): void {
    for (const { call } of this.queue.splice(0)) call.fail(code, this.reason, false)
  }

  close(): void {
    if (this.ended) return
    this.reason = 'the channel was closed'
    for (const call of this.streams.values()) {
      this.streams.delete(call.id)
      this.sender.abandon(call)
      call.fail(Code.cancelled, this.reason, call.hasLeft)
    }
    this.failWaiting(Code.cancelled)
    this.end(ErrorCode.noError, this.reason)
  }
}
