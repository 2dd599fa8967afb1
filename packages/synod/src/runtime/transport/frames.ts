import { Malformed } from '../../core/index.ts'

/** No frame is longer, in either direction. */
export const frameMax: number = 16 * 1024 * 1024

/** A frame's length, before its bytes: u32, little-endian. */
export const frameHead = 4

/**
 * Cuts a stream of chunks into frames. A frame that lies in one chunk is a view into it; one that spans chunks is copied
 * once, piece by piece, into memory of its own. Neither memory is used again: whoever gets a frame may keep it. An empty
 * frame is a sign of life: it is counted and not handed out.
 */
export class FrameReader {
  private readonly head = new Uint8Array(frameHead)
  private headLength = 0
  /** The frame that spans chunks, and how much of it is there. */
  private begun: Uint8Array | undefined
  private begunLength = 0
  /** Empty frames so far. */
  probes = 0

  /** Throws `Malformed` when a frame is announced that is too long; nothing can be read after it. */
  push(chunk: Uint8Array, deliver: (frame: Uint8Array) => void): void {
    let at = this.finishBegun(chunk, deliver)
    while (at < chunk.length) {
      if (this.headLength > 0 || chunk.length - at < frameHead) {
        this.head[this.headLength++] = chunk[at++] ?? 0
        if (this.headLength < frameHead) continue
        this.headLength = 0
        at = this.body(chunk, at, lengthAt(this.head, 0), deliver)
      } else {
        at = this.body(chunk, at + frameHead, lengthAt(chunk, at), deliver)
      }
    }
  }

  private body(chunk: Uint8Array, at: number, length: number, deliver: (frame: Uint8Array) => void): number {
    if (length > frameMax) throw new Malformed(`a frame of ${length} bytes is announced, ${frameMax} are allowed`)
    if (length === 0) {
      this.probes++
      return at
    }
    if (length <= chunk.length - at) {
      // a plain array, not a Buffer: a Buffer's `slice` shares its memory where an array's copies
      deliver(new Uint8Array(chunk.buffer, chunk.byteOffset + at, length))
      return at + length
    }
    this.begun = new Uint8Array(length)
    this.begun.set(chunk.subarray(at))
    this.begunLength = chunk.length - at
    return chunk.length
  }

  private finishBegun(chunk: Uint8Array, deliver: (frame: Uint8Array) => void): number {
    const frame = this.begun
    if (frame === undefined) return 0
    const taken = Math.min(frame.length - this.begunLength, chunk.length)
    frame.set(chunk.subarray(0, taken), this.begunLength)
    this.begunLength += taken
    if (this.begunLength === frame.length) {
      this.begun = undefined
      deliver(frame)
    }
    return taken
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  )
}

/** The frames of one turn, gathered into one buffer, so that a turn costs one write. */
export class FrameBatch {
  private bytes: Uint8Array
  length = 0

  constructor(capacity: number = 16 * 1024) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Copies the parts: their owner may use them again at once, while a socket may keep what it was given for long. */
  add(parts: readonly Uint8Array[], size: number): void {
    this.reserve(frameHead + size)
    const { bytes, length: at } = this
    bytes[at] = size
    bytes[at + 1] = size >>> 8
    bytes[at + 2] = size >>> 16
    bytes[at + 3] = size >>> 24
    let end = at + frameHead
    for (const part of parts) {
      bytes.set(part, end)
      end += part.length
    }
    this.length = end
  }

  /** What was gathered. It stays untouched until `clear` or `replace`. */
  gathered(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  /** The bytes are sent: their memory is used again, unless it is so much that it should be given back. */
  clear(): void {
    this.length = 0
    if (this.bytes.length > 1024 * 1024) this.bytes = new Uint8Array(16 * 1024)
  }

  /** The bytes belong to somebody who has not finished with them. */
  replace(): void {
    this.length = 0
    this.bytes = new Uint8Array(Math.min(this.bytes.length, 256 * 1024))
  }

  private reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, needed))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }
}
