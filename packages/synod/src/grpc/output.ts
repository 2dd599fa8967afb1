import type { Socket } from 'node:net'
import { frameHeaderLength } from './frames.ts'

const initialCapacity = 4096
/** A buffer that grew beyond this for one burst is not kept. */
const keptCapacity = 256 * 1024

/** What a connection says in this turn: frames are written here one after the other, and leave in one write. */
export class Output {
  private buffer: Buffer = Buffer.allocUnsafeSlow(initialCapacity)
  length = 0
  private readonly socket: Socket
  /** It did not finish with what it was given last. */
  private socketKeeps = false

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Bytes that the socket has not taken yet, these and earlier ones. */
  get backlog(): number {
    return this.length + this.socket.writableLength
  }

  /** The head of a frame whose `length` bytes of payload the next calls write. */
  frame(type: number, flags: number, streamId: number, length: number): void {
    const at = this.room(frameHeaderLength + length)
    const buffer = this.buffer
    buffer[at] = length >>> 16
    buffer[at + 1] = length >>> 8
    buffer[at + 2] = length
    buffer[at + 3] = type
    buffer[at + 4] = flags
    putUint32(buffer, at + 5, streamId)
    this.length = at + frameHeaderLength
  }

  /** Within the room that `frame` made, like all that follow. */
  uint8(value: number): void {
    this.buffer[this.length++] = value
  }

  uint16(value: number): void {
    this.buffer[this.length++] = value >>> 8
    this.buffer[this.length++] = value
  }

  uint32(value: number): void {
    putUint32(this.buffer, this.length, value)
    this.length += 4
  }

  bytes(bytes: Uint8Array, from: number, to: number): void {
    const at = this.length
    // A call into the platform costs more than a short loop.
    if (to - from <= 48) {
      for (let i = from; i < to; i++) this.buffer[at + i - from] = bytes[i] ?? 0
    } else {
      this.buffer.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), at)
    }
    this.length = at + to - from
  }

  /** A frame made earlier, but for its stream. */
  template(frame: Uint8Array, streamId: number): void {
    const at = this.room(frame.length)
    this.bytes(frame, 0, frame.length)
    putUint32(this.buffer, at + 5, streamId)
  }

  /**
   * Hands everything to the socket. The buffer is used again if the socket took all of it at once; one that keeps what it
   * is given, as a secure one does with everything, gets copies: memory for what there is, and not for what there was room for.
   */
  flush(): void {
    const length = this.length
    if (length === 0) return
    this.length = 0
    if (this.socket.destroyed || this.socket.writableEnded) return
    const buffer = this.buffer
    const bytes = length === buffer.length ? buffer : buffer.subarray(0, length)
    const keptBefore = this.socketKeeps
    this.socket.write(keptBefore ? Buffer.from(bytes) : bytes)
    this.socketKeeps = this.socket.writableLength > 0
    if ((this.socketKeeps && !keptBefore) || buffer.length > keptCapacity)
      this.buffer = Buffer.allocUnsafeSlow(initialCapacity)
  }

  private room(bytes: number): number {
    const at = this.length
    if (at + bytes > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, at + bytes))
      this.buffer.copy(larger, 0, 0, at)
      this.buffer = larger
    }
    return at
  }
}

function putUint32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 24
  buffer[at + 1] = value >>> 16
  buffer[at + 2] = value >>> 8
  buffer[at + 3] = value
}
