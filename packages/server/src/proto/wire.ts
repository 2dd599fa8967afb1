/**
 * The protobuf wire format, read in place and written without a second pass. Every message of this server is read and
 * written by hand over these two classes: a reflective library costs ten to thirty times as much per message.
 */

/** The bytes are no message of the expected type. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** A message that contains itself deeper than any valid request can. */
export class TooDeep extends WireError {}

/** What is written became larger than the writer may make it. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge'
}

const smallest = 4096
/** One answer of many megabytes must not hold its memory for ever. */
const largestKept = 4 * 1024 * 1024
const twoTo32 = 0x1_0000_0000
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Absent bytes. Shared, so never written to. */
export const noBytes: Uint8Array = new Uint8Array(0)

/**
 * Reads one message field by field. `next` steps to a field, and exactly one of the typed reads or `skip` consumes it.
 * What `bytes` returns is a view into the message: whoever keeps it copies it.
 */
export class ProtoReader {
  private readonly source: Uint8Array
  private at: number
  private end: number
  private wireType = 0
  private low = 0
  private high = 0

  constructor(source: Uint8Array) {
    this.source = source
    this.at = 0
    this.end = source.length
  }

  /** The number of the next field; 0 at the end of the message. */
  next(): number {
    if (this.at === this.end) return 0
    this.varint()
    const field = (this.low >>> 3) + this.high * 0x2000_0000
    this.wireType = this.low & 7
    if (field === 0 || field > 0x1fff_ffff)
      throw new WireError(`proto: illegal tag ${field} (wire type ${this.wireType})`)
    return field
  }

  flag(): boolean {
    this.expect(0)
    this.varint()
    return this.low !== 0 || this.high !== 0
  }

  /** An enum or int32: a value that this version does not know is kept as its number. */
  enumeration(): number {
    this.expect(0)
    this.varint()
    return this.low | 0
  }

  uint32(): number {
    this.expect(0)
    this.varint()
    return this.low >>> 0
  }

  /** An int64 or uint64 as a number. What lies beyond 2^53 becomes the nearest safe integer: no revision or count is ever that great. */
  number(): number {
    this.expect(0)
    this.varint()
    const value = (this.high | 0) * twoTo32 + (this.low >>> 0)
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value))
  }

  /** An int64 with all its bits: ids of leases. */
  int64(): bigint {
    this.expect(0)
    this.varint()
    if (this.high === 0) return this.low === 0 ? 0n : BigInt(this.low >>> 0)
    return (BigInt(this.high | 0) << 32n) | BigInt(this.low >>> 0)
  }

  /** A uint64 with all its bits: ids of members and clusters. */
  uint64(): bigint {
    return BigInt.asUintN(64, this.int64())
  }

  bytes(): Uint8Array {
    const length = this.length()
    const at = this.at
    this.at = at + length
    return this.source.subarray(at, at + length)
  }

  text(): string {
    const bytes = this.bytes()
    try {
      return decoder.decode(bytes)
    } catch {
      throw new WireError('proto: a string contains invalid UTF-8')
    }
  }

  /** Steps into a message field. What it returns is handed to `leave` once `next` has answered 0. */
  enter(): number {
    const outer = this.end
    const length = this.length()
    this.end = this.at + length
    return outer
  }

  leave(outer: number): void {
    this.end = outer
  }

  /** Steps over a field that is not known. */
  skip(): void {
    switch (this.wireType) {
      case 0:
        return this.varint()
      case 1:
        return this.over(8)
      case 2:
        return this.over(this.length())
      case 5:
        return this.over(4)
      default:
        // Groups do not exist in proto3: nobody who speaks this API sends one.
        throw new WireError(`proto: illegal wireType ${this.wireType}`)
    }
  }

  private over(length: number): void {
    if (length > this.end - this.at) throw new WireError('unexpected EOF')
    this.at += length
  }

  private length(): number {
    this.expect(2)
    this.varint()
    const length = this.high === 0 ? this.low >>> 0 : Infinity
    if (length > this.end - this.at) throw new WireError('unexpected EOF')
    return length
  }

  private expect(wireType: number): void {
    if (this.wireType !== wireType)
      throw new WireError(`proto: wrong wireType = ${this.wireType}, expected ${wireType}`)
  }

  /** Into `low` and `high`, 32 bits each: no BigInt, no object. */
  private varint(): void {
    const { source, end } = this
    let at = this.at
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      if (at === end) throw new WireError('unexpected EOF')
      if (shift === 70) throw new WireError('proto: integer overflow')
      const byte = source[at++] ?? 0
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else if (bits > 1) throw new WireError('proto: integer overflow')
      else high |= bits << 31
      if (byte < 0x80) break
    }
    this.at = at
    this.low = low
    this.high = high >>> 0
  }
}

/**
 * Writes a message from its last byte to its first, so that the length of a nested message is known when its prefix is
 * due: one pass, nothing moved, the shortest form of every number. Fields are therefore written in *descending* order,
 * and lists from their last element; what comes out is in ascending order. A field with its default value is left out.
 *
 * One writer serves every message of a server in turn: `finish` returns a view that the next `reset` invalidates.
 */
export class ProtoWriter {
  private buffer: Uint8Array
  private at: number
  private view: Uint8Array
  private readonly bytesMax: number

  /** What would become longer than `bytesMax` throws `MessageTooLarge`. */
  constructor(bytesMax: number = Infinity) {
    this.bytesMax = bytesMax
    this.buffer = new Uint8Array(smallest)
    this.at = smallest
    this.view = noBytes
  }

  reset(): this {
    if (this.buffer.length > largestKept) this.buffer = new Uint8Array(smallest)
    this.at = this.buffer.length
    return this
  }

  /** Messages of equal length share one view object: most answers of a server are. */
  finish(): Uint8Array {
    const { view, buffer, at } = this
    if (view.buffer === buffer.buffer && view.byteOffset === at) return view
    this.view = buffer.subarray(at)
    return this.view
  }

  flag(field: number, value: boolean): void {
    if (!value) return
    this.byte(1)
    this.tag(field, 0)
  }

  /** Whole numbers up to 2^53 either way, as int64, uint64 or enum. */
  number(field: number, value: number): void {
    if (value === 0) return
    if (value > 0 && value < 0x80) this.byte(value)
    else this.varint(value >>> 0, Math.floor(value / twoTo32) >>> 0)
    this.tag(field, 0)
  }

  /** int64 and uint64 with all their bits. */
  bigint(field: number, value: bigint): void {
    if (value !== 0n) this.chosen(field, value)
  }

  /** One of a oneof: written even when it is zero. */
  chosen(field: number, value: bigint): void {
    this.packed(value)
    this.tag(field, 0)
  }

  /** One number of a repeated field, within `begin` and `end`. */
  packed(value: bigint): void {
    this.varint(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)))
  }

  bytes(field: number, value: Uint8Array): void {
    if (value.length !== 0) this.element(field, value)
  }

  text(field: number, value: string): void {
    if (value !== '') this.element(field, encoder.encode(value))
  }

  /** One element of a repeated field, or of a oneof: written even when it is empty. */
  element(field: number, value: Uint8Array): void {
    this.raw(value)
    this.length(value.length)
    this.tag(field, 2)
  }

  /** Bytes that are already in the wire format. */
  raw(value: Uint8Array): void {
    this.room(value.length)
    this.at -= value.length
    this.buffer.set(value, this.at)
  }

  /** A nested message: `const mark = begin()`, its fields in descending order, `end(field, mark)`. */
  begin(): number {
    return this.buffer.length - this.at
  }

  end(field: number, mark: number): void {
    this.length(this.buffer.length - this.at - mark)
    this.tag(field, 2)
  }

  private length(value: number): void {
    if (value < 0x80) this.byte(value)
    else this.varint(value, 0)
  }

  private tag(field: number, wireType: number): void {
    if (field < 16) this.byte((field << 3) | wireType)
    else this.varint((field << 3) | wireType, 0)
  }

  private byte(value: number): void {
    if (this.at === 0) this.room(1)
    this.buffer[--this.at] = value
  }

  private varint(low: number, high: number): void {
    this.room(10)
    let length = 1
    for (let l = low, h = high; l > 0x7f || h > 0; length++) {
      l = ((l >>> 7) | (h << 25)) >>> 0
      h >>>= 7
    }
    this.at -= length
    let at = this.at
    for (; length > 1; length--) {
      this.buffer[at++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.buffer[at] = low
  }

  private room(bytes: number): void {
    if (bytes <= this.at) return
    const used = this.buffer.length - this.at
    if (used + bytes > this.bytesMax) throw new MessageTooLarge(`a message of more than ${this.bytesMax} bytes`)
    const wanted = Math.max(this.buffer.length * 2, used + bytes + 1024)
    const larger = new Uint8Array(Math.min(wanted, Math.max(this.bytesMax, smallest)))
    larger.set(this.buffer.subarray(this.at), larger.length - used)
    this.at = larger.length - used
    this.buffer = larger
  }
}
