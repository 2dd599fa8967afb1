import { tenthsOf } from './counters.ts'
import { messagePrefixLength, Stream } from './flow.ts'
import type { RequestHead } from './request.ts'

/**
 * One call that awaits its answer. Whoever takes it answers it once, by `respond` or `fail`, in the same turn or any
 * later one; an answer that comes after the call was cancelled, and any second one, is ignored.
 */
export interface Unary {
  /** `/package.Service/Method`. */
  readonly path: string
  /** Address and port of the client. */
  readonly peer: string
  /** The first value under a name in lower case. */
  metadata(name: string): string | undefined
  /** From `grpc-timeout`: milliseconds from the call's arrival. */
  readonly deadline: number | undefined
  /** The client has given up, is gone, or its deadline has passed. */
  readonly cancelled: boolean
  /** The message is copied before this returns. */
  respond(message: Uint8Array): void
  /** A status other than OK. Trailers have names in lower case and printable ASCII values; `-bin` ones are base64 already. */
  fail(code: number, message: string, trailers?: Readonly<Record<string, string>>): void
}

/** What a call asks of its connection. */
export interface Answering {
  readonly peer: string
  answer(call: Call, message: Uint8Array): void
  refuseCall(call: Call, code: number, message: string, trailers: Readonly<Record<string, string>> | undefined): void
  answered(call: Call): void
}

/** A call on the server: the stream, the request as far as it has arrived, and the state of its answer. */
export class Call extends Stream implements Unary {
  readonly head: RequestHead
  /** On the clock of `performance.now()`. */
  readonly expiresAt: number | undefined
  override readonly isStreaming = false
  private readonly connection: Answering
  readonly began: number
  /** An answer was given; it may still be on its way. */
  isAnswered = false
  /** The whole request is here, but its client must read answers before it is looked at. */
  isParked = false
  /** It was answered in HTTP's terms, which are counted as this code of gRPC. */
  plainCode: number | undefined = undefined

  /** The request's body, prefix included, where it did not arrive in one frame. */
  body: Buffer | undefined = undefined
  bodyLength = 0
  /** Of all DATA so far, to be compared with `content-length`. */
  dataLength = 0

  constructor(id: number, sendWindow: number, head: RequestHead, arrivedAt: number, connection: Answering) {
    super(id, sendWindow)
    this.head = head
    this.began = tenthsOf(arrivedAt)
    this.expiresAt = head.timeoutMs === undefined ? undefined : arrivedAt + head.timeoutMs
    this.connection = connection
  }

  get path(): string {
    return this.head.path
  }

  get peer(): string {
    return this.connection.peer
  }

  metadata(name: string): string | undefined {
    return this.head.fields.find((field) => field.name === name)?.value
  }

  get deadline(): number | undefined {
    return this.head.timeoutMs
  }

  get cancelled(): boolean {
    return (this.isOver && !this.isAnswered) || this.isExpired
  }

  private get isExpired(): boolean {
    return this.expiresAt !== undefined && performance.now() >= this.expiresAt
  }

  respond(message: Uint8Array): void {
    if (this.isAnswered || this.isOver || this.isExpired) return
    this.isAnswered = true
    this.connection.answer(this, message)
  }

  fail(code: number, message: string, trailers?: Readonly<Record<string, string>>): void {
    if (this.isAnswered || this.isOver || this.isExpired) return
    this.connection.refuseCall(this, code, message, trailers)
  }

  override sent(): void {
    this.connection.answered(this)
  }

  /**
   * Keeps a piece of the body that is not whole yet. Room grows with what arrives, not with what was announced: a
   * client cannot make us allocate more than about twice what it sends. Returns by how much it grew.
   */
  collect(bytes: Buffer, from: number, to: number): number {
    const length = this.bodyLength + to - from
    const capacity = this.body?.length ?? 0
    if (length > capacity) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(capacity * 2, this.announcedLength ?? length)))
      this.body?.copy(larger, 0, 0, this.bodyLength)
      this.body = larger
    }
    if (this.body !== undefined) bytes.copy(this.body, this.bodyLength, from, to)
    this.bodyLength = length
    return (this.body?.length ?? 0) - capacity
  }

  /** Prefix and message, once the prefix is there. */
  get announcedLength(): number | undefined {
    if (this.body === undefined || this.bodyLength < messagePrefixLength) return undefined
    return messagePrefixLength + this.body.readUInt32BE(1)
  }
}
