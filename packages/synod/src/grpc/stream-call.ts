import { tenthsOf } from './counters.ts'
import { MessageStream, type Unacceptable } from './messages.ts'
import type { RequestHead } from './request.ts'
import { Code } from './status.ts'

/** A call of many messages: client streaming, server streaming, or both at once. */
export interface Streaming {
  /** `/package.Service/Method`. */
  readonly path: string
  /** Address and port of the client. */
  readonly peer: string
  /** The first value under a name in lower case. */
  metadata(name: string): string | undefined
  /** From `grpc-timeout`: milliseconds from the call's arrival. */
  readonly deadline: number | undefined
  /** The call is over: whatever is still said goes nowhere. */
  readonly isOver: boolean
  /** Messages of this call that the client's windows or its socket do not let out yet. */
  readonly unsentBytes: number
  /**
   * The message is copied before this returns, and always leaves before what is sent later. False if the handler should
   * wait for `writable`: more than `streamUnsentBytesMax` waits to leave.
   */
  send(message: Uint8Array): boolean
  /** No message is handed over until `resume`: the client is stopped by its window, at most a window later. */
  pause(): void
  resume(): void
  /** Status OK, behind all that was sent. */
  end(trailers?: Readonly<Record<string, string>>): void
  /** Another status, behind all that was sent. */
  fail(code: number, message: string, trailers?: Readonly<Record<string, string>>): void
}

/** What the handler of a stream is told. What it throws is logged and answered by 13. */
export interface StreamHandler {
  /** A view of the bytes that arrived, valid only during the call. */
  message(message: Uint8Array): void
  /** The client has said all; it still listens. */
  halfClosed?(): void
  /** Enough has left after `send` answered false. */
  writable?(): void
  /**
   * The call is over, and not by the handler's `end` or `fail`: the client gave it up or is gone, its deadline passed, a
   * limit was met, or the server stops. Told once.
   */
  cancelled?(): void
}

/** What a stream asks of its connection. */
export interface StreamKeeper {
  readonly peer: string
  readonly streamUnsentBytesMax: number
  sendOn(call: StreamCall, message: Uint8Array): void
  /** All that was sent has left, and so may the status. */
  finish(call: StreamCall): void
  /** The handler took what it had held back. */
  takenBy(call: StreamCall): void
  failed(call: StreamCall, error: unknown): void
  /** There is room again, and the handler waits for it: it is told outside of what goes on now. */
  roomFor(call: StreamCall): void
  limitMet(call: StreamCall, fault: Unacceptable): void
}

const absent: StreamHandler = { message: () => {} }

/** A stream on the server. */
export class StreamCall extends MessageStream implements Streaming {
  readonly head: RequestHead
  /** On the clock of `performance.now()`. */
  readonly expiresAt: number | undefined
  private readonly keeper: StreamKeeper
  private handler: StreamHandler = absent
  private waitsForRoom = false
  headersSent = false
  /** What its connection has counted of `reservedBytes`. */
  countedBytes = 0
  readonly began: number
  /** A status was given; it may still wait behind messages. */
  isAnswered = false
  code: number = Code.ok
  statusMessage = ''
  trailers: Readonly<Record<string, string>> | undefined = undefined

  constructor(
    id: number,
    sendWindow: number,
    messageBytesMax: number,
    head: RequestHead,
    arrivedAt: number,
    keeper: StreamKeeper,
  ) {
    super(id, sendWindow, messageBytesMax, head.encoding)
    this.head = head
    this.began = tenthsOf(arrivedAt)
    this.expiresAt = head.timeoutMs === undefined ? undefined : arrivedAt + head.timeoutMs
    this.keeper = keeper
  }

  /** Calls the route's handler. Messages follow. */
  open(route: { stream(call: Streaming): StreamHandler }): void {
    this.guard(() => {
      this.handler = route.stream(this)
    })
  }

  get path(): string {
    return this.head.path
  }

  get peer(): string {
    return this.keeper.peer
  }

  get deadline(): number | undefined {
    return this.head.timeoutMs
  }

  metadata(name: string): string | undefined {
    return this.head.fields.find((field) => field.name === name)?.value
  }

  send(message: Uint8Array): boolean {
    if (this.isOver || this.isAnswered) return false
    this.keeper.sendOn(this, message)
    this.waitsForRoom = this.unsentBytes > this.keeper.streamUnsentBytesMax
    return !this.waitsForRoom
  }

  end(trailers?: Readonly<Record<string, string>>): void {
    this.answer(Code.ok, '', trailers)
  }

  fail(code: number, message: string, trailers?: Readonly<Record<string, string>>): void {
    this.answer(code, message, trailers)
  }

  private answer(code: number, message: string, trailers: Readonly<Record<string, string>> | undefined): void {
    if (this.isOver || this.isAnswered) return
    this.isAnswered = true
    this.handler = absent
    this.code = code
    this.statusMessage = message
    this.trailers = trailers
    if (this.queued === undefined) this.keeper.finish(this)
  }

  override sent(): void {
    if (this.isAnswered) {
      if (this.queued === undefined) this.keeper.finish(this)
    } else if (this.waitsForRoom && this.unsentBytes * 2 <= this.keeper.streamUnsentBytesMax) {
      this.waitsForRoom = false
      this.keeper.roomFor(this)
    }
  }

  /** The keeper found a moment for it. */
  tellWritable(): void {
    if (!this.isOver && !this.isAnswered) this.guard(() => this.handler.writable?.())
  }

  /** The connection has ended the call, not the handler. */
  tellCancelled(): void {
    const { handler } = this
    this.handler = absent
    this.guard(() => handler.cancelled?.())
  }

  protected override take(message: Uint8Array): void {
    if (this.isAnswered) return
    this.head.counts.messagesReceived++
    this.guard(() => this.handler.message(message))
  }

  protected override takeEnd(): void {
    if (!this.isAnswered) this.guard(() => this.handler.halfClosed?.())
  }

  protected override takeFault(fault: Unacceptable): void {
    if (!this.isAnswered) this.keeper.limitMet(this, fault)
  }

  protected override taken(): void {
    this.keeper.takenBy(this)
  }

  private guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.keeper.failed(this, error)
    }
  }
}
