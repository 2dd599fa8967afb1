import type { Socket } from 'node:net'
import type { Logger } from '../core/index.ts'
import { Allowance, FrameKind, type FrameRates } from './allowance.ts'
import type { Counts, LimitName } from './counters.ts'
import { Dawdling } from './dawdling.ts'
import { Sender, type Stream } from './flow.ts'
import {
  checkDependency,
  ConnectionError,
  defaultWindow,
  ErrorCode,
  expectLength,
  Flag,
  frameHeaderLength,
  FrameType,
  maxStreamId,
  protocolError,
  readUint31,
  readUint32,
} from './frames.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import { HeaderBlock } from './header-block.ts'
import { HeaderDecoder, HeaderEncoder, type HeaderList } from './hpack.ts'
import { Lingering } from './lingering.ts'
import { Output } from './output.ts'
import { applySetting } from './settings.ts'
import type { Turn } from './turn.ts'

/** What a connection allows its peer. */
export interface ConnectionLimits extends FrameRates {
  /** Names and values of one header list, and 32 bytes a field. */
  readonly headerListBytesMax: number
  /** Bytes that the socket has not taken: beyond, it is given no more messages until it drains. */
  readonly backlogBytesMax: number
  /** The same of anything: beyond, nothing more is read from this peer until it reads. */
  readonly unsentBytesMax: number
  /** How long a peer whose socket is full may take no bytes at all. */
  readonly stallTimeoutMs: number
  /** From the first byte of a frame, or of a header block, to its last. */
  readonly headerTimeoutMs: number
}

/** What the peer may send in all before it is told to go on. Always more than what one read brings. */
const receiveWindow = 4 * 1024 * 1024
/** The same for one stream. */
export const receiveStreamWindow: number = 1024 * 1024
const smallIncrement = 1024
const goawayGraceMs = 1000

/**
 * One HTTP/2 connection, either side: frames in, flow control both ways, header blocks, the rules whose breach ends
 * it. What arrives is read in one loop, and everything that it caused leaves in one write.
 */
export abstract class Connection<S extends Stream, Meaning> implements FrameSink {
  readonly socket: Socket
  readonly output: Output
  readonly encoder: HeaderEncoder = new HeaderEncoder()
  readonly sender: Sender
  readonly log: Logger
  protected readonly streams: Map<number, S> = new Map()
  /** Nothing is read or written any more, but for what is on its way out. */
  protected ended = false
  private readonly turn: Turn
  private readonly limits: ConnectionLimits
  protected readonly counts: Counts
  private readonly decoder: HeaderDecoder<Meaning>
  private readonly lingering = new Lingering()

  private readonly reader: FrameReader
  private readonly allowance: Allowance
  private reading = false
  private waiting = false
  /** The socket takes nothing for now: it has until the stall timeout. */
  private full = false
  private paused = false
  /** Its SETTINGS have arrived. */
  protected isGreeted = false

  private readonly block: HeaderBlock
  private readonly dawdling: Dawdling

  private receiveCredit = receiveWindow
  /** When bytes last arrived. */
  heardAt: number = performance.now()

  protected constructor(socket: Socket, limits: ConnectionLimits, counts: Counts, turn: Turn, log: Logger) {
    this.socket = socket
    this.limits = limits
    this.counts = counts
    this.turn = turn
    this.log = log
    this.output = new Output(socket)
    this.sender = new Sender(this.output, limits.backlogBytesMax, counts)
    this.decoder = new HeaderDecoder(limits.headerListBytesMax)
    this.block = new HeaderBlock(2 * limits.headerListBytesMax)
    this.dawdling = new Dawdling(this.heardAt)
    this.reader = new FrameReader(this)
    this.allowance = new Allowance(limits, this.heardAt)
    socket.on('data', (chunk: Buffer) => this.receive(chunk))
    socket.on('drain', () => this.flush())
    socket.on('timeout', () => this.stalled())
    socket.on('error', (error) =>
      this.log.debug('a connection failed', { peer: socket.remoteAddress, reason: error.message }),
    )
    socket.on('close', () => {
      this.ended = true
      this.lost()
    })
  }

  /** A header list that opens a stream, or a stream's trailers. */
  protected abstract headers(streamId: number, list: HeaderList<Meaning>, endStream: boolean): void
  /** `bytes[from, to)` is the content of a DATA frame of an open stream. The bytes are reused when it has returned. */
  protected abstract data(stream: S, bytes: Buffer, from: number, to: number, endStream: boolean): void
  /** The peer has given the stream up, or broke a rule about it: it is to be removed. */
  protected abstract reset(stream: S, code: number): void
  protected abstract goingAway(lastStreamId: number, code: number, reason: string): void
  /** No stream of this id was opened yet. */
  protected abstract isIdle(streamId: number): boolean
  protected abstract setting(id: number, value: number): void
  /** All of one SETTINGS frame holds from now on. */
  protected abstract settled(): void
  protected abstract pong(): void
  /** Part of what waited has been written, perhaps. */
  protected abstract moved(): void
  /** The connection answers nothing and nobody any more; called at least once. */
  protected abstract lost(): void
  /** The highest id of a stream that the peer opened and we worked on. */
  protected abstract get lastStreamId(): number

  /** Our SETTINGS, and a larger window for the connection, which no setting can give. */
  protected greet(settings: readonly (readonly [id: number, value: number])[]): void {
    this.output.frame(FrameType.settings, 0, 0, settings.length * 6)
    for (const [id, value] of settings) {
      this.output.uint16(id)
      this.output.uint32(value)
    }
    this.windowUpdate(0, receiveWindow - defaultWindow)
  }

  get isDone(): boolean {
    return this.ended
  }

  /** What was written outside of `receive` leaves at the end of this turn. */
  wake(): void {
    if (this.reading || this.waiting) return
    this.waiting = true
    this.turn.add(this)
  }

  /** Called once a turn by whoever keeps the turn. */
  endOfTurn(): void {
    this.waiting = false
    this.flush()
  }

  protected flush(): void {
    do {
      this.sender.pump()
      this.moved()
      this.counts.bytesSent += this.output.length
      this.output.flush()
    } while (this.sender.pending)
    const { backlog } = this.output
    const full = backlog >= this.limits.backlogBytesMax
    if (full !== this.full) {
      this.full = full
      this.socket.setTimeout(full ? this.limits.stallTimeoutMs : 0)
    }
    const congested = backlog >= this.limits.unsentBytesMax
    if (congested === this.paused) return
    this.paused = congested
    if (congested) {
      this.hit('unsent_answers')
      this.socket.pause()
    } else {
      this.socket.resume()
    }
  }

  /** Neither did a byte leave nor arrive for a while, and many wait. */
  private stalled(): void {
    this.hit('stall_timeout')
    this.log.warn('a connection is closed: its peer takes no bytes', {
      peer: this.socket.remoteAddress,
      waiting: this.output.backlog,
    })
    this.socket.destroy()
  }

  /** Another piece of the peer's bytes, cut anywhere. */
  receive(chunk: Buffer): void {
    // After our GOAWAY the rest is read and dropped: closing at once could take the GOAWAY away from the peer.
    if (this.ended) return
    this.reading = true
    this.heardAt = performance.now()
    this.counts.bytesReceived += chunk.length
    try {
      this.reader.read(chunk)
    } catch (error) {
      this.broken(error)
    }
    this.reading = false
    this.flush()
  }

  /** One whole frame: its header at `at`, its payload up to `to`. */
  frame(bytes: Buffer, at: number, to: number): void {
    const type = bytes[at + 3] ?? 0
    const flags = bytes[at + 4] ?? 0
    const streamId = readUint31(bytes, at + 5)
    const from = at + frameHeaderLength
    const open = this.block.streamId
    if (open === 0) this.dawdling.begun++
    else if (type !== FrameType.continuation || streamId !== open) {
      throw protocolError(`a header block of stream ${open} is interrupted by a frame of type ${type}`)
    }
    if (!this.isGreeted) {
      if (type !== FrameType.settings || (flags & Flag.ack) !== 0)
        throw protocolError('the first frame is not SETTINGS')
      this.isGreeted = true
    }
    switch (type) {
      case FrameType.data:
        return this.dataFrame(bytes, from, to, flags, streamId)
      case FrameType.headers:
        return this.headersFrame(bytes, from, to, flags, streamId)
      case FrameType.continuation:
        return this.continuationFrame(bytes, from, to, flags, streamId)
      case FrameType.windowUpdate:
        return this.windowUpdateFrame(bytes, from, to, streamId)
      case FrameType.rstStream:
        return this.rstStreamFrame(bytes, from, to, streamId)
      case FrameType.ping:
        return this.pingFrame(bytes, from, to, flags, streamId)
      case FrameType.settings:
        return this.settingsFrame(bytes, from, to, flags, streamId)
      case FrameType.goaway:
        return this.goawayFrame(bytes, from, to, streamId)
      case FrameType.priority:
        return this.priorityFrame(bytes, from, to, streamId)
      case FrameType.pushPromise:
        throw protocolError('PUSH_PROMISE was never allowed')
      default:
        return this.spend(FrameKind.control)
    }
  }

  private dataFrame(bytes: Buffer, from: number, to: number, flags: number, streamId: number): void {
    if (streamId === 0) throw protocolError('DATA on stream 0')
    const length = to - from
    this.receiveCredit -= length
    if (this.receiveCredit < 0)
      throw new ConnectionError(ErrorCode.flowControlError, 'more DATA than the connection allows')
    let start = from
    let end = to
    if ((flags & Flag.padded) !== 0) {
      start = from + 1
      end = to - (bytes[from] ?? 0)
      if (length === 0 || end < start) throw protocolError('a DATA frame consists of more padding than it has bytes')
    }
    // Given back at once: what this connection may hold is bounded per request, so that no request starves another one.
    if (this.receiveCredit < receiveWindow / 2) {
      this.windowUpdate(0, receiveWindow - this.receiveCredit)
      this.receiveCredit = receiveWindow
    }
    const endStream = (flags & Flag.endStream) !== 0
    if (end === start && !endStream) this.spend(FrameKind.empty)
    const stream = this.streams.get(streamId)
    if (stream === undefined) return this.lateData(streamId, endStream)
    if (stream.remoteClosed) return this.refuse(stream, ErrorCode.streamClosed)
    stream.arrived += length
    if (stream.arrived > receiveStreamWindow) return this.refuse(stream, ErrorCode.flowControlError)
    if (endStream) stream.remoteClosed = true
    this.data(stream, bytes, start, end, endStream)
    if (stream.arrived >= receiveStreamWindow / 2) this.renew(stream)
  }

  /** Lets the peer send as much as was taken of what it sent, in large pieces. */
  protected renew(stream: S): void {
    const taken = stream.arrived - stream.held
    if (taken < receiveStreamWindow / 2 || stream.remoteClosed || stream.isOver) return
    this.windowUpdate(stream.id, taken)
    stream.arrived -= taken
  }

  private lateData(streamId: number, endStream: boolean): void {
    if (this.isIdle(streamId)) throw protocolError(`DATA on stream ${streamId}, which was not opened`)
    this.spend(FrameKind.control)
    if (!this.lingering.has(streamId)) this.rstStream(streamId, ErrorCode.streamClosed)
    else if (endStream) this.lingering.delete(streamId)
  }

  private headersFrame(bytes: Buffer, from: number, to: number, flags: number, streamId: number): void {
    if (streamId === 0) throw protocolError('HEADERS on stream 0')
    let start = from
    let end = to
    if ((flags & Flag.padded) !== 0) {
      if (to === from) throw new ConnectionError(ErrorCode.frameSizeError, 'a HEADERS frame is too short')
      end -= bytes[start++] ?? 0
    }
    const priority = (flags & Flag.priority) !== 0 ? start : undefined
    if (priority !== undefined) start += 5
    if (end < start) throw protocolError('a HEADERS frame consists of more padding and priority than it has bytes')
    if (priority !== undefined) checkDependency(bytes, priority, streamId)
    const endStream = (flags & Flag.endStream) !== 0
    if ((flags & Flag.endHeaders) !== 0) {
      this.headerBlock(streamId, bytes, start, end, endStream)
      return
    }
    if (end === start) this.spend(FrameKind.empty)
    this.block.begin(streamId, endStream, bytes, start, end)
  }

  private continuationFrame(bytes: Buffer, from: number, to: number, flags: number, streamId: number): void {
    if (this.block.streamId === 0) throw protocolError('CONTINUATION without a header block to continue')
    this.spend(to === from ? FrameKind.empty : FrameKind.control)
    this.block.append(bytes, from, to)
    if ((flags & Flag.endHeaders) === 0) return
    const block = this.block.take()
    this.headerBlock(streamId, block, 0, block.length, this.block.endsStream)
  }

  private headerBlock(streamId: number, bytes: Buffer, from: number, to: number, endStream: boolean): void {
    const list = this.decoder.decode(bytes, from, to)
    if (this.lingering.has(streamId)) {
      if (endStream) this.lingering.delete(streamId)
      this.spend(FrameKind.control)
      return
    }
    this.headers(streamId, list, endStream)
  }

  private windowUpdateFrame(bytes: Buffer, from: number, to: number, streamId: number): void {
    expectLength('WINDOW_UPDATE', from, to, 4)
    const increment = readUint31(bytes, from)
    if (increment < smallIncrement || this.sender.queuedBytes === 0) this.spend(FrameKind.control)
    if (streamId === 0) {
      if (increment === 0) throw protocolError('WINDOW_UPDATE by nothing')
      this.sender.widen(increment)
      return
    }
    const stream = this.streams.get(streamId)
    if (stream === undefined) {
      if (this.isIdle(streamId)) throw protocolError(`WINDOW_UPDATE of stream ${streamId}, which was not opened`)
      return
    }
    if (increment === 0) this.refuse(stream, ErrorCode.protocolError)
    else if (!this.sender.widenStream(stream, increment)) this.refuse(stream, ErrorCode.flowControlError)
  }

  private rstStreamFrame(bytes: Buffer, from: number, to: number, streamId: number): void {
    expectLength('RST_STREAM', from, to, 4)
    if (streamId === 0) throw protocolError('RST_STREAM of stream 0')
    this.spend(FrameKind.reset)
    this.lingering.delete(streamId)
    const stream = this.streams.get(streamId)
    if (stream !== undefined) this.reset(stream, readUint32(bytes, from))
    else if (this.isIdle(streamId)) throw protocolError(`RST_STREAM of stream ${streamId}, which was not opened`)
  }

  private pingFrame(bytes: Buffer, from: number, to: number, flags: number, streamId: number): void {
    expectLength('PING', from, to, 8)
    if (streamId !== 0) throw protocolError('PING on a stream')
    this.spend(FrameKind.ping)
    if ((flags & Flag.ack) !== 0) return this.pong()
    this.output.frame(FrameType.ping, Flag.ack, 0, 8)
    this.output.bytes(bytes, from, to)
  }

  private settingsFrame(bytes: Buffer, from: number, to: number, flags: number, streamId: number): void {
    if (streamId !== 0) throw protocolError('SETTINGS on a stream')
    if ((flags & Flag.ack) !== 0) {
      expectLength('an acknowledgement of SETTINGS', from, to, 0)
      this.spend(FrameKind.setting)
      return
    }
    if ((to - from) % 6 !== 0) throw new ConnectionError(ErrorCode.frameSizeError, `SETTINGS of ${to - from} bytes`)
    for (let at = from; at < to; at += 6) {
      this.spend(FrameKind.setting)
      const id = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
      const value = readUint32(bytes, at + 2)
      if (!applySetting(id, value, this.encoder, this.sender, this.streams)) this.setting(id, value)
    }
    this.spend(FrameKind.setting)
    this.output.frame(FrameType.settings, Flag.ack, 0, 0)
    this.settled()
  }

  private goawayFrame(bytes: Buffer, from: number, to: number, streamId: number): void {
    if (streamId !== 0) throw protocolError('GOAWAY on a stream')
    if (to - from < 8) throw new ConnectionError(ErrorCode.frameSizeError, `GOAWAY of ${to - from} bytes`)
    const reason = bytes.toString('latin1', from + 8, Math.min(to, from + 8 + 200))
    this.goingAway(readUint31(bytes, from), readUint32(bytes, from + 4), reason)
  }

  /** Obsolete (RFC 9113 §5.3.2): only its form is checked. */
  private priorityFrame(bytes: Buffer, from: number, to: number, streamId: number): void {
    if (streamId === 0) throw protocolError('PRIORITY of stream 0')
    this.spend(FrameKind.control)
    if (to - from === 5) return checkDependency(bytes, from, streamId)
    const stream = this.streams.get(streamId)
    if (stream === undefined) this.rstStream(streamId, ErrorCode.frameSizeError)
    else this.refuse(stream, ErrorCode.frameSizeError)
  }

  /** A stream error: the stream is given up, the connection goes on. To break a rule is one more way to reset a stream. */
  protected refuse(stream: S, code: number): void {
    this.spend(FrameKind.reset)
    this.rstStream(stream.id, code)
    if (!stream.remoteClosed) this.linger(stream.id)
    this.reset(stream, code)
  }

  protected linger(streamId: number): void {
    this.lingering.add(streamId)
  }

  protected rstStream(streamId: number, code: number): void {
    this.output.frame(FrameType.rstStream, 0, streamId, 4)
    this.output.uint32(code)
  }

  protected ping(): void {
    this.output.frame(FrameType.ping, 0, 0, 8)
    this.output.uint32(0)
    this.output.uint32(0)
  }

  private windowUpdate(streamId: number, increment: number): void {
    this.output.frame(FrameType.windowUpdate, 0, streamId, 4)
    this.output.uint32(increment)
  }

  protected goaway(lastStreamId: number, code: number, reason: string): void {
    const debug = Buffer.from(reason, 'latin1')
    this.output.frame(FrameType.goaway, 0, 0, 8 + debug.length)
    this.output.uint32(lastStreamId & maxStreamId)
    this.output.uint32(code)
    this.output.bytes(debug, 0, debug.length)
  }

  protected spend(kind: Parameters<Allowance['spend']>[0]): void {
    this.allowance.spend(kind, this.heardAt)
  }

  protected hit(limit: LimitName): void {
    this.counts.limitHits[limit]++
  }

  /** Several times a second: ends the connection of a peer that began a frame or a header block, and does not finish it. */
  protected checkProgress(now: number): void {
    const unfinished = (this.reader.isPartial || this.block.streamId !== 0) && !this.paused
    if (this.dawdling.since(now, unfinished) < this.limits.headerTimeoutMs) return
    this.hit('header_timeout')
    this.end(ErrorCode.enhanceYourCalm, 'a frame or a header block that was begun does not end')
  }

  protected earn(): void {
    this.allowance.earn()
  }

  private broken(error: unknown): void {
    if (error instanceof ConnectionError) {
      this.log.warn('a connection is closed: its peer breaks the protocol', {
        peer: this.socket.remoteAddress,
        reason: error.message,
      })
      if (error.limit !== undefined) this.hit(error.limit)
      this.end(error.code, error.message)
      return
    }
    this.log.error('a connection is closed: a defect here', { peer: this.socket.remoteAddress, error })
    this.end(ErrorCode.internalError, 'internal error')
  }

  /** GOAWAY is the last word. The peer gets a moment to read it and to close; then the socket is gone either way. */
  protected end(code: number, reason: string): void {
    if (this.ended) return
    this.goaway(this.lastStreamId, code, reason)
    this.hangUp()
    this.lost()
  }

  /** Nothing follows what was written. */
  protected hangUp(): void {
    this.counts.bytesSent += this.output.length
    this.output.flush()
    this.ended = true
    this.socket.resume()
    this.socket.end()
    const { socket } = this
    const timer = setTimeout(() => socket.destroy(), goawayGraceMs)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
  }
}
