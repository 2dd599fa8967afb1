import type { Sender } from './flow.ts'
import { Flag, frameHeaderLength, FrameType } from './frames.ts'
import type { HeaderEncoder } from './hpack.ts'
import { checkMetadata, encodeMessage } from './status.ts'

type Trailers = Readonly<Record<string, string>> | undefined

/** The header lists of a server. Those around an answer are two constants. */
export class Answers {
  private readonly sender: Sender
  private readonly encoder: HeaderEncoder
  private readonly okHeaders = new Constant(Flag.endHeaders, [
    [':status', '200'],
    ['content-type', 'application/grpc'],
  ])
  private readonly okTrailers = new Constant(Flag.endHeaders | Flag.endStream, [['grpc-status', '0']])

  constructor(sender: Sender, encoder: HeaderEncoder) {
    this.sender = sender
    this.encoder = encoder
  }

  /** Before the first message. */
  headers(streamId: number): void {
    this.sender.output.template(this.okHeaders.frame(this.encoder), streamId)
  }

  /** Status OK behind the last message. */
  okay(streamId: number): void {
    this.sender.output.template(this.okTrailers.frame(this.encoder), streamId)
  }

  /** What precedes a line of text, for whoever does not speak gRPC. */
  plain(streamId: number, httpStatus: number, code: number, message: string): void {
    const block: number[] = []
    this.encoder.begin(block)
    this.encoder.indexed(block, ':status', String(httpStatus))
    this.encoder.literal(block, 'content-type', 'text/plain; charset=utf-8')
    this.encoder.literal(block, 'grpc-status', String(code))
    this.encoder.literal(block, 'grpc-message', encodeMessage(message))
    this.sender.headers(streamId, 0, block)
  }

  /** A header list that ends the stream. `httpStatus` if it is the first one too: no message was sent. */
  status(streamId: number, httpStatus: number | undefined, code: number, message: string, trailers: Trailers): void {
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
    this.sender.headers(streamId, Flag.endStream, block)
  }
}

/** A HEADERS frame that is the same each time, as long as the dynamic table stays as it is. */
class Constant {
  private readonly flags: number
  private readonly fields: readonly (readonly [name: string, value: string])[]
  private made: Uint8Array = new Uint8Array(0)
  private generation = -1

  constructor(flags: number, fields: readonly (readonly [name: string, value: string])[]) {
    this.flags = flags
    this.fields = fields
  }

  frame(encoder: HeaderEncoder): Uint8Array {
    const { generation } = encoder
    if (this.generation === generation) return this.made
    const block: number[] = []
    encoder.begin(block)
    for (const [name, value] of this.fields) encoder.indexed(block, name, value)
    this.made = frameOf(this.flags, block)
    // A block that changed the table means something else the next time.
    this.generation = encoder.generation === generation ? generation : -1
    return this.made
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
