import { messagePrefixLength, Stream } from './flow.ts'
import { Flag } from './frames.ts'
import { Code } from './status.ts'

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

/** A call of ours with one message each way, from the request to the answer. */
export class OutgoingCall extends Stream {
  override readonly isStreaming = false
  private readonly resolve: (message: Uint8Array) => void
  private readonly reject: (error: GrpcError) => void
  private readonly pieces: Buffer[] = []
  private length = 0
  timer: NodeJS.Timeout | undefined = undefined
  /** The whole request has been written. */
  isSent = false
  /** The request has one message, and ends with it. */
  override lastFlags: number = Flag.endStream
  httpStatus: number | undefined = undefined

  constructor(resolve: (message: Uint8Array) => void, reject: (error: GrpcError) => void) {
    super(0, 0)
    this.resolve = resolve
    this.reject = reject
  }

  override sent(): void {
    this.isSent = true
  }

  /** A server acts on whole messages only. */
  get hasLeft(): boolean {
    return this.isSent
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
