import { ConnectionError, defaultMaxFrameSize, ErrorCode, frameHeaderLength } from './frames.ts'

/** Takes whole frames. */
export interface FrameSink {
  /** The frame's header is at `at`, its payload ends before `to`. The bytes are reused when it has returned. */
  frame(bytes: Buffer, at: number, to: number): void
  /** No frame is wanted any more. */
  readonly isDone: boolean
}

/** Finds the frames in a stream of bytes that may be cut anywhere. Only a frame that was cut is copied. */
export class FrameReader {
  private readonly sink: FrameSink
  /** A frame that has arrived in part; at most one. */
  private partial: Buffer = Buffer.alloc(0)
  private partialLength = 0

  constructor(sink: FrameSink) {
    this.sink = sink
  }

  /** A frame has begun and not ended. */
  get isPartial(): boolean {
    return this.partialLength > 0
  }

  /** Throws what the sink throws, and ConnectionError for a frame that is too large. */
  read(chunk: Buffer): void {
    const end = chunk.length
    let at = this.partialLength > 0 ? this.complete(chunk) : 0
    while (at + frameHeaderLength <= end && !this.sink.isDone) {
      const to = at + frameHeaderLength + payloadLength(chunk, at)
      if (to > end) break
      this.sink.frame(chunk, at, to)
      at = to
    }
    if (at >= end || this.sink.isDone) return
    if (this.partial.length === 0) this.partial = Buffer.allocUnsafeSlow(frameHeaderLength + defaultMaxFrameSize)
    chunk.copy(this.partial, 0, at, end)
    this.partialLength = end - at
  }

  /** Fills up the frame that had arrived in part; returns where the next one begins. */
  private complete(chunk: Buffer): number {
    let at = 0
    if (this.partialLength < frameHeaderLength) {
      at = this.fill(chunk, at, frameHeaderLength)
      if (this.partialLength < frameHeaderLength) return at
    }
    const whole = frameHeaderLength + payloadLength(this.partial, 0)
    at = this.fill(chunk, at, whole)
    if (this.partialLength < whole) return at
    this.partialLength = 0
    this.sink.frame(this.partial, 0, whole)
    return at
  }

  private fill(chunk: Buffer, at: number, length: number): number {
    const copied = Math.min(length - this.partialLength, chunk.length - at)
    chunk.copy(this.partial, this.partialLength, at, at + copied)
    this.partialLength += copied
    return at + copied
  }
}

function payloadLength(bytes: Buffer, at: number): number {
  const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
  if (length > defaultMaxFrameSize) {
    const message = `a frame of ${length} bytes, at most ${defaultMaxFrameSize} are allowed`
    throw new ConnectionError(ErrorCode.frameSizeError, message, 'frame_size')
  }
  return length
}
