import { Flag, frameHeaderLength, FrameType } from './frames.ts'
import type { HeaderEncoder } from './hpack.ts'
import type { Output } from './output.ts'
import { checkMetadata, encodeMessage } from './status.ts'

type Trailers = Readonly<Record<string, string>> | undefined

/** The header lists of a server. Those around an answer are two constants, as long as the dynamic table stays as it is. */
export class Answers {
  private readonly output: Output
  private readonly encoder: HeaderEncoder
  private okHeaders: Uint8Array = new Uint8Array(0)
  private okTrailers: Uint8Array = new Uint8Array(0)
  private okHeadersGeneration = -1
  private okTrailersGeneration = -1

  constructor(output: Output, encoder: HeaderEncoder) {
    this.output = output
    this.encoder = encoder
  }

  /** Before the first message. */
  headers(streamId: number): void {
    this.output.template(this.headersFrameOfOk(), streamId)
  }

  /** Status OK behind the last message. */
  okay(streamId: number): void {
    this.output.template(this.trailersFrameOfOk(), streamId)
  }

  /** What precedes a line of text, for whoever does not speak gRPC. */
  plain(streamId: number, httpStatus: number, code: number, message: string): void {
    const block: number[] = []
    this.encoder.begin(block)
    this.encoder.indexed(block, ':status', String(httpStatus))
    this.encoder.literal(block, 'content-type', 'text/plain; charset=utf-8')
    this.encoder.literal(block, 'grpc-status', String(code))
    this.encoder.literal(block, 'grpc-message', encodeMessage(message))
    this.output.frame(FrameType.headers, Flag.endHeaders, streamId, block.length)
    this.output.bytes(Uint8Array.from(block), 0, block.length)
  }

  /** A header list that ends the stream. `httpStatus` if it is the first one too: no message was sent. */
  status(
    streamId: number,
    maxFrameSize: number,
    httpStatus: number | undefined,
    code: number,
    message: string,
    trailers: Trailers,
  ): void {
    checkMetadata(trailers)
    const block: number[] = []
    this.encoder.begin(block)
    if (httpStatus !== undefined) {
      this.encoder.indexed(block, ':status', String(httpStatus))
      this.encoder.indexed(block, 'content-type', 'application/grpc')
    }
    this.encoder.literal(block, 'grpc-status', String(code))
    this.encoder.literal(block, 'grpc-message', encodeMessage(message))
    for (const [name, value] of Object.entries(trailers ?? {})) this.encoder.literal(block, name, value)
    this.write(streamId, maxFrameSize, block)
  }

  /** As HEADERS, and CONTINUATION where one frame cannot hold it. */
  private write(streamId: number, maxFrameSize: number, block: readonly number[]): void {
    const bytes = Uint8Array.from(block)
    let type: number = FrameType.headers
    let flags: number = Flag.endStream
    for (let at = 0; at < bytes.length; at += maxFrameSize) {
      const to = Math.min(at + maxFrameSize, bytes.length)
      if (to === bytes.length) flags |= Flag.endHeaders
      this.output.frame(type, flags, streamId, to - at)
      this.output.bytes(bytes, at, to)
      type = FrameType.continuation
      flags = 0
    }
  }

  private headersFrameOfOk(): Uint8Array {
    const before = this.encoder.generation
    if (this.okHeadersGeneration === before) return this.okHeaders
    const block: number[] = []
    this.encoder.begin(block)
    this.encoder.indexed(block, ':status', '200')
    this.encoder.indexed(block, 'content-type', 'application/grpc')
    this.okHeaders = frameOf(Flag.endHeaders, block)
    this.okHeadersGeneration = this.encoder.generation === before ? before : -1
    return this.okHeaders
  }

  private trailersFrameOfOk(): Uint8Array {
    const before = this.encoder.generation
    if (this.okTrailersGeneration === before) return this.okTrailers
    const block: number[] = []
    this.encoder.begin(block)
    this.encoder.indexed(block, 'grpc-status', '0')
    this.okTrailers = frameOf(Flag.endHeaders | Flag.endStream, block)
    this.okTrailersGeneration = this.encoder.generation === before ? before : -1
    return this.okTrailers
  }
}

function frameOf(flags: number, block: readonly number[]): Uint8Array {
  const frame = Buffer.alloc(frameHeaderLength + block.length)
  frame.writeUIntBE(block.length, 0, 3)
  frame[3] = FrameType.headers
  frame[4] = flags
  frame.set(block, frameHeaderLength)
  return frame
}
