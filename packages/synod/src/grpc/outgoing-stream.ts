import { framed, type Sender } from './flow.ts'
import { Flag, FrameType } from './frames.ts'
import { MessageStream, type Unacceptable } from './messages.ts'
import { GrpcError } from './outgoing.ts'
import { Code } from './status.ts'

/** Messages of one stream that wait to leave: beyond, its user is asked to wait. */
const unsentBytesMax = 256 * 1024

/** A call of many messages, as its user sees it. What is said after the end goes nowhere. */
export interface ClientStream {
  /** The message is copied before this returns. False if the user should wait for `writable`. */
  send(message: Uint8Array): boolean
  /** All is said; the server's messages still arrive. */
  end(): void
  /** Nothing more is wanted; `ended` follows at once, with code 1. */
  cancel(): void
  /** No message is handed over until `resume`: the server is stopped by its window. */
  pause(): void
  resume(): void
  /** Messages that the server's windows or the socket do not let out yet. */
  readonly unsentBytes: number
}

/** What the user of a stream is told. */
export interface ClientStreamHandler {
  /** A view of the bytes that arrived, valid only during the call. */
  message(message: Uint8Array): void
  /** Enough has left after `send` answered false. */
  writable?(): void
  /** Once, at the end: without an error if the server's status is OK. */
  ended(error: GrpcError | undefined, trailers: ReadonlyMap<string, string>): void
}

/** What a stream asks of its connection. */
export interface OutgoingKeeper {
  readonly sender: Sender
  /** Something was written. */
  wake(): void
  /** Its user or its server broke it off. */
  giveUp(stream: OutgoingStream, code: number, message: string): void
  takenBy(stream: OutgoingStream): void
  roomFor(stream: OutgoingStream): void
  defect(error: unknown): void
}

const nothing: ReadonlyMap<string, string> = new Map()

/** A stream of ours. It has no id until the server has room for it; what is sent before waits. */
export class OutgoingStream extends MessageStream implements ClientStream {
  private readonly keeper: OutgoingKeeper
  private readonly handler: ClientStreamHandler
  private waitsForRoom = false
  private isEnding = false
  private isEnded = false
  /** What `ended` will be told, when all messages before it were taken. */
  private outcome: GrpcError | undefined = undefined
  private trailers: ReadonlyMap<string, string> = nothing
  timer: NodeJS.Timeout | undefined = undefined
  /** END_STREAM has been written. */
  isSent = false
  httpStatus: number | undefined = undefined

  constructor(keeper: OutgoingKeeper, handler: ClientStreamHandler, messageBytesMax: number) {
    super(0, 0, messageBytesMax, 'identity')
    this.keeper = keeper
    this.handler = handler
  }

  get hasLeft(): boolean {
    return this.id !== 0
  }

  /** The connection has written HEADERS. */
  begin(id: number, sendWindow: number): void {
    this.id = id
    this.sendWindow = sendWindow
    if (this.queued !== undefined) this.keeper.sender.begin(this)
    else if (this.isEnding) this.writeEnd()
  }

  send(message: Uint8Array): boolean {
    if (this.isEnded || this.isEnding) return false
    if (this.id === 0) this.enqueue(framed(message))
    else this.keeper.sender.message(this, message)
    this.keeper.wake()
    this.waitsForRoom = this.unsentBytes > unsentBytesMax
    return !this.waitsForRoom
  }

  end(): void {
    if (this.isEnded || this.isEnding) return
    this.isEnding = true
    this.lastFlags = Flag.endStream
    if (this.id !== 0 && this.queued === undefined) this.writeEnd()
  }

  private writeEnd(): void {
    this.isSent = true
    this.keeper.sender.output.frame(FrameType.data, Flag.endStream, this.id, 0)
    this.keeper.wake()
  }

  cancel(): void {
    if (!this.isEnded) this.keeper.giveUp(this, Code.cancelled, 'the call was cancelled')
  }

  override sent(): void {
    if (this.isEnding) {
      if (this.queued === undefined) this.isSent = true
    } else if (this.waitsForRoom && this.unsentBytes * 2 <= unsentBytesMax) {
      this.waitsForRoom = false
      this.keeper.roomFor(this)
    }
  }

  tellWritable(): void {
    if (!this.isEnded) this.guard(() => this.handler.writable?.())
  }

  /** The server has said its status; it is told behind the messages that wait. */
  conclude(outcome: GrpcError | undefined, trailers: ReadonlyMap<string, string>): void {
    this.outcome = outcome
    this.trailers = trailers
    this.remoteClosed = true
    this.arrive(Buffer.alloc(0), 0, 0)
  }

  fail(code: number, message: string, mayHaveBeenSent: boolean): void {
    this.outcome = new GrpcError(code, message, mayHaveBeenSent)
    this.tellEnded()
  }

  private tellEnded(): void {
    if (this.isEnded) return
    this.isEnded = true
    this.isOver = true
    clearTimeout(this.timer)
    try {
      this.handler.ended(this.outcome, this.trailers)
    } catch (error) {
      this.keeper.defect(error)
    }
  }

  protected override take(message: Uint8Array): void {
    this.guard(() => this.handler.message(message))
  }

  protected override takeEnd(): void {
    this.tellEnded()
  }

  protected override takeFault({ code, message }: Unacceptable): void {
    this.keeper.giveUp(this, code, message)
  }

  protected override taken(): void {
    if (!this.isOver) this.keeper.takenBy(this)
  }

  private guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.keeper.defect(error)
      this.keeper.giveUp(this, Code.internal, 'the handler of a stream failed')
    }
  }
}
