import { messagePrefixLength, Stream } from './flow.ts'
import { Code } from './status.ts'

/** A buffer that grew beyond this for one large message is not kept. */
const keptBytes = 64 * 1024

/** A message that cannot be taken. */
export interface Unacceptable {
  readonly code: number
  readonly message: string
  readonly trailers?: Readonly<Record<string, string>>
}

/** What the prefix of a message tells against it; `compressed` is its first byte. */
function faultOfPrefix(
  compressed: number | undefined,
  length: number,
  encoding: string,
  messageBytesMax: number,
): Unacceptable | undefined {
  if (compressed === 1) {
    if (encoding === 'identity')
      return { code: Code.internal, message: 'grpc: compressed flag set with identity or empty encoding' }
    const message = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`
    return { code: Code.unimplemented, message, trailers: { 'grpc-accept-encoding': 'identity' } }
  }
  if (compressed !== 0) return { code: Code.internal, message: `a message begins with 0 or 1, not ${compressed}` }
  if (length <= messageBytesMax) return undefined
  const message = `grpc: received message larger than max (${length} vs. ${messageBytesMax})`
  return { code: Code.resourceExhausted, message }
}

/** The same of a request that has one message, of which `arrived` bytes are here; both lengths include the prefix. */
export function faultOfUnary(
  { encoding }: { readonly encoding: string },
  messageBytesMax: number,
  announced: number,
  arrived: number,
  compressed: number | undefined,
): Unacceptable | undefined {
  const fault = faultOfPrefix(compressed, announced - messagePrefixLength, encoding, messageBytesMax)
  if (fault !== undefined || arrived <= announced) return fault
  return { code: Code.internal, message: 'a unary request has one message, and nothing after it' }
}

/**
 * A stream of many messages, either side: cuts what arrives into messages, and hands them over at the pace of whoever
 * takes them. What is held back stays out of the peer's window, so that the peer stops.
 */
export abstract class MessageStream extends Stream {
  override readonly isStreaming = true
  /** What has arrived and was not handed over: `pending[pendingFrom, pendingTo)`. */
  private pending: Buffer | undefined = undefined
  private pendingFrom = 0
  private pendingTo = 0
  private isPaused = false
  private isHandingOver = false
  private isEndTold = false
  private readonly messageBytesMax: number
  private readonly encoding: string

  /** `encoding` is the peer's `grpc-encoding`. */
  constructor(id: number, sendWindow: number, messageBytesMax: number, encoding: string) {
    super(id, sendWindow)
    this.encoding = encoding
    this.messageBytesMax = messageBytesMax
  }

  /** A view, valid during the call. */
  protected abstract take(message: Uint8Array): void
  /** All messages were taken, and there will be no more. */
  protected abstract takeEnd(): void
  /** The peer sent what cannot be taken. */
  protected abstract takeFault(fault: Unacceptable): void
  /** Something else was taken since the window was last raised. */
  protected abstract taken(): void

  /** Memory that what waits here takes. */
  get reservedBytes(): number {
    return this.pending?.length ?? 0
  }

  /** The content of a DATA frame; `remoteClosed` says whether it was the last one. */
  arrive(bytes: Buffer, from: number, to: number): void {
    if (this.pendingTo === this.pendingFrom && !this.isPaused && !this.isHandingOver) {
      const rest = this.handOver(bytes, from, to)
      if (rest < to && !this.isOver) this.keep(bytes, rest, to)
    } else {
      this.keep(bytes, from, to)
      this.handOverPending()
    }
    this.settle()
  }

  /** No message is handed over until `resume`; the peer is stopped by its window. */
  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    if (this.isOver || this.isHandingOver) return
    this.handOverPending()
    this.settle()
    this.taken()
  }

  private handOverPending(): void {
    const { pending } = this
    if (pending === undefined || this.isPaused || this.isHandingOver) return
    this.pendingFrom = this.handOver(pending, this.pendingFrom, this.pendingTo)
    if (this.pendingFrom < this.pendingTo) return
    this.pendingFrom = 0
    this.pendingTo = 0
    if (pending.length > keptBytes) this.pending = undefined
  }

  /** Returns where the first message begins that was not handed over. */
  private handOver(bytes: Buffer, from: number, to: number): number {
    let at = from
    this.isHandingOver = true
    try {
      while (to - at >= messagePrefixLength && !this.isPaused && !this.isOver) {
        const length = bytes.readUInt32BE(at + 1)
        const fault = faultOfPrefix(bytes[at], length, this.encoding, this.messageBytesMax)
        if (fault !== undefined) {
          this.takeFault(fault)
          return to
        }
        const end = at + messagePrefixLength + length
        if (end > to) break
        this.take(bytes.subarray(at + messagePrefixLength, end))
        at = end
      }
    } finally {
      this.isHandingOver = false
    }
    return at
  }

  /** After anything was handed over or held back. */
  private settle(): void {
    if (this.isOver) {
      this.pending = undefined
      return
    }
    const left = this.pendingTo - this.pendingFrom
    // What is part of a message that has not arrived whole must not stop the rest of it.
    this.held = this.isPaused ? left : 0
    if (!this.remoteClosed || this.isPaused || this.isEndTold) return
    this.isEndTold = true
    if (left === 0) this.takeEnd()
    else this.takeFault({ code: Code.internal, message: 'unexpected EOF: the stream ends inside a message' })
  }

  /** Room grows with what arrives, not with what was announced. */
  private keep(bytes: Buffer, from: number, to: number): void {
    const added = to - from
    const left = this.pendingTo - this.pendingFrom
    if (this.pending === undefined || left + added > this.pending.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(left + added, 2 * left))
      this.pending?.copy(larger, 0, this.pendingFrom, this.pendingTo)
      this.pending = larger
      this.pendingFrom = 0
      this.pendingTo = left
    } else if (this.pendingTo + added > this.pending.length) {
      this.pending.copyWithin(0, this.pendingFrom, this.pendingTo)
      this.pendingFrom = 0
      this.pendingTo = left
    }
    bytes.copy(this.pending, this.pendingTo, from, to)
    this.pendingTo += added
  }
}
