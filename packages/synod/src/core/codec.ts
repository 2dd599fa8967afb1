import { assert } from './assert.ts'
import type { Command, NodeId, SnapshotId } from './contract.ts'
import type { Checksum } from './ports.ts'

/** How urgently a message leaves: votes and heartbeats never wait behind entries. */
export type Urgency = 'urgent' | 'bulk'

/** The bytes of a protocol's messages and records: written by hand for log engines. */
export interface Codec<Message, Durable> {
  /** Whose they are: a directory that was written by one protocol is not read by another. At most 64 bytes. */
  readonly protocol: string
  message(message: Message, out: Writer): void
  /** Throws `Malformed` for bytes that are no message; never reads outside them. */
  readMessage(input: Reader): Message
  record(record: Durable, out: Writer): void
  readRecord(input: Reader): Durable
  urgency(message: Message): Urgency
  /** The snapshot that must be durable here before the message may be received. */
  attachment(message: Message): SnapshotId | undefined
}

/** Bytes from outside that break the format; the sender, not this process, is at fault. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/**
 * A growing buffer with two tracks: `control`, which the frame's own checksum guards, and `payload`, the bytes of
 * commands, each guarded by the checksum that its origin made. Journal and wire share this format.
 */
export class Writer {
  control: Uint8Array
  length = 0
  readonly payload: Uint8Array[] = []
  payloadLength = 0
  view: DataView

  constructor(capacity = 1024) {
    this.control = new Uint8Array(capacity)
    this.view = new DataView(this.control.buffer)
  }

  /** Empty, but for so many bytes at the beginning that somebody else fills. */
  reset(reserved = 0): void {
    this.length = reserved
    this.payload.length = 0
    this.payloadLength = 0
  }

  private room(bytes: number): number {
    const at = this.length
    if (at + bytes > this.control.length) {
      const larger = new Uint8Array(Math.max(this.control.length * 2, at + bytes))
      larger.set(this.control.subarray(0, at))
      this.control = larger
      this.view = new DataView(larger.buffer)
    }
    this.length = at + bytes
    return at
  }

  u8(value: number): void {
    const at = this.room(1)
    this.control[at] = value
  }

  u32(value: number): void {
    const at = this.room(4)
    this.view.setUint32(at, value, true)
  }

  /** A whole number up to 2^53 − 1 in eight bytes, little-endian. */
  u53(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'u53: a whole number below 2^53')
    const at = this.room(8)
    const high = value < 0x1_0000_0000 ? 0 : Math.floor(value / 0x1_0000_0000)
    this.view.setUint32(at, high === 0 ? value : value % 0x1_0000_0000, true)
    this.view.setUint32(at + 4, high, true)
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length)
    this.raw(value)
  }

  /** Without their length: whoever reads them knows where they end. */
  raw(value: Uint8Array): void {
    const at = this.room(value.length)
    this.control.set(value, at)
  }

  /** UTF-8, with its length in bytes before it. */
  text(value: string): void {
    const at = this.room(4 + value.length)
    // Ids are short and ASCII almost always: no bytes of their own for them.
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (i === shortText || code >= 0x80) {
        this.length = at
        return this.bytes(encoder.encode(value))
      }
      this.control[at + 4 + i] = code
    }
    this.view.setUint32(at, value.length, true)
  }

  flag(value: boolean): void {
    this.u8(value ? 1 : 0)
  }

  /** The command's number and checksum go into `control`; its bytes into `payload`, uncopied. */
  command(command: Command): void {
    this.text(command.origin)
    this.u53(command.sequence)
    this.u32(command.checksum)
    this.u32(command.bytes.length)
    this.payload.push(command.bytes)
    this.payloadLength += command.bytes.length
  }

  nodes(ids: readonly NodeId[]): void {
    this.u32(ids.length)
    for (const id of ids) this.text(id)
  }
}

const nothing = new Uint8Array(0)

/** Reads what a Writer wrote. Each length is checked against what is there before it is used. */
export class Reader {
  readonly control: Uint8Array
  at: number
  end: number
  readonly payload: Uint8Array
  payloadAt = 0
  readonly checksum: Checksum | undefined

  /** With `checksum`, each command's bytes are checked against the number that its origin made. */
  constructor(control: Uint8Array, payload: Uint8Array = nothing, checksum?: Checksum) {
    this.control = control
    this.checksum = checksum
    this.at = 0
    this.end = control.length
    this.payload = payload
  }

  private take(bytes: number): number {
    const at = this.at
    if (bytes > this.end - at) throw new Malformed(`${bytes} bytes expected at ${at}, ${this.end - at} are left`)
    this.at = at + bytes
    return at
  }

  u8(): number {
    return this.control[this.take(1)] ?? 0
  }

  u32(): number {
    return this.u32At(this.take(4))
  }

  u53(): number {
    const at = this.take(8)
    const high = this.u32At(at + 4)
    if (high > 0x1f_ffff) throw new Malformed(`a number of more than 53 bits at ${at}`)
    return high * 0x1_0000_0000 + this.u32At(at)
  }

  /** Little-endian. A DataView for each of many small messages would cost more than reading them. */
  private u32At(at: number): number {
    const { control } = this
    const low = (control[at] ?? 0) | ((control[at + 1] ?? 0) << 8) | ((control[at + 2] ?? 0) << 16)
    return (low | ((control[at + 3] ?? 0) << 24)) >>> 0
  }

  /** Reads those bytes, if it is they that come next. */
  skip(bytes: Uint8Array): boolean {
    const { control, at } = this
    const { length } = bytes
    if (length > this.end - at) return false
    for (let i = 0; i < length; i++) if (control[at + i] !== bytes[i]) return false
    this.at = at + length
    return true
  }

  /** A view into the bytes read, not a copy. */
  bytes(): Uint8Array {
    const length = this.u32()
    const at = this.take(length)
    return this.control.subarray(at, at + length)
  }

  text(): string {
    const length = this.u32()
    const at = this.take(length)
    return decodedAt(this.control, at, at + length)
  }

  flag(): boolean {
    const value = this.u8()
    if (value > 1) throw new Malformed(`a flag is 0 or 1, not ${value}`)
    return value === 1
  }

  /** The bytes are a view into the payload: whoever keeps a command keeps the buffer that it arrived in. */
  command(): Command {
    const origin = this.text()
    const sequence = this.u53()
    const checksum = this.u32()
    const length = this.u32()
    const at = this.payloadAt
    if (length > this.payload.length - at)
      throw new Malformed(`a command of ${length} bytes, ${this.payload.length - at} are left`)
    this.payloadAt = at + length
    const bytes = this.payload.subarray(at, at + length)
    if (this.checksum !== undefined && this.checksum(bytes) !== checksum) {
      throw new Malformed(`the command ${origin}/${sequence} of ${length} bytes does not have its checksum`)
    }
    return { origin, sequence, checksum, bytes }
  }

  nodes(): NodeId[] {
    const count = this.count(4)
    const ids: NodeId[] = []
    for (let i = 0; i < count; i++) ids.push(this.text())
    return ids
  }

  /** The length of a list whose elements take at least `least` bytes each: a liar cannot make us allocate more than it sent. */
  count(least: number): number {
    const count = this.u32()
    if (count * least > this.end - this.at)
      throw new Malformed(`${count} elements announced, ${this.end - this.at} bytes are left`)
    return count
  }

  done(): void {
    if (this.at !== this.end) throw new Malformed(`${this.end - this.at} bytes too many`)
    if (this.payloadAt !== this.payload.length)
      throw new Malformed(`${this.payload.length - this.payloadAt} payload bytes too many`)
  }
}

declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes: Uint8Array): string
}
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Texts are short and ASCII almost always, node ids and keys: up to here a loop beats the platform's encoder. */
const shortText = 32

export function encodeUtf8(text: string): Uint8Array {
  if (text.length > shortText) return encoder.encode(text)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return encoder.encode(text)
    bytes[i] = code
  }
  return bytes
}

export function decodeUtf8(bytes: Uint8Array): string {
  return decodedAt(bytes, 0, bytes.length)
}

function decodedAt(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > shortText) return decoder.decode(bytes.subarray(from, to))
  let text = ''
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0
    if (byte >= 0x80) return decoder.decode(bytes.subarray(from, to))
    text += String.fromCharCode(byte)
  }
  return text
}
