import { ConnectionError, ErrorCode } from './frames.ts'

/** A header block that arrives in several frames, with nothing between them (RFC 9113 §6.10). */
export class HeaderBlock {
  /** Of which stream; 0 while no block is open. */
  streamId = 0
  endsStream = false
  private readonly bytesMax: number
  private pieces: Buffer[] = []
  private length = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  begin(streamId: number, endsStream: boolean, bytes: Buffer, from: number, to: number): void {
    this.streamId = streamId
    this.endsStream = endsStream
    this.append(bytes, from, to)
  }

  /** The block must be decoded even if the list is refused, or the tables part: what is worth decoding has a limit too. */
  append(bytes: Buffer, from: number, to: number): void {
    this.length += to - from
    if (this.length > this.bytesMax) {
      const message = `a header block of more than ${this.bytesMax} bytes`
      throw new ConnectionError(ErrorCode.enhanceYourCalm, message, 'header_block')
    }
    if (to > from) this.pieces.push(Buffer.from(bytes.subarray(from, to)))
  }

  /** The whole block; the next one may begin. */
  take(): Buffer {
    const block = Buffer.concat(this.pieces)
    this.pieces = []
    this.length = 0
    this.streamId = 0
    return block
  }
}
