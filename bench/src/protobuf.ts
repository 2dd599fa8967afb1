/** The wire format of Protocol Buffers, as much of it as etcd's messages use: varints and length-prefixed bytes. */

/** One field of a message as it stands on the wire. */
export interface Field {
  readonly number: number
  /** A varint as its 64 bits, or the bytes of a string, of bytes or of a message inside. */
  readonly value: bigint | Uint8Array
}

/** Builds one message. Defaults (0, empty) are left out, as proto3 does. */
export class MessageWriter {
  private readonly parts: number[] = []

  /** bool, enum, int32, int64, uint64: a negative one takes ten bytes. */
  int(number: number, value: number | bigint | boolean): this {
    return BigInt(value) === 0n ? this : this.chosen(number, value)
  }

  /** A number that is written though it is 0: a member of a oneof that was chosen. */
  chosen(number: number, value: number | bigint | boolean): this {
    this.varint(BigInt(number << 3))
    return this.varint(BigInt.asUintN(64, BigInt(value)))
  }

  bytes(number: number, value: string | Uint8Array): this {
    return value.length === 0 ? this : this.message(number, value)
  }

  /** Written though it is empty: a message that is there, a member of a oneof that was chosen. */
  message(number: number, value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
    this.varint(BigInt((number << 3) | 2))
    this.varint(BigInt(bytes.length))
    for (const byte of bytes) this.parts.push(byte)
    return this
  }

  done(): Uint8Array {
    return Uint8Array.from(this.parts)
  }

  private varint(bits: bigint): this {
    let rest = bits
    for (; rest > 127n; rest >>= 7n) this.parts.push(Number(rest & 127n) | 128)
    this.parts.push(Number(rest))
    return this
  }
}

/** One message taken apart: fields in the order of the wire. Throws for bytes that are no message. */
export class Message {
  private readonly fields: readonly Field[]

  constructor(bytes: Uint8Array) {
    this.fields = parse(bytes)
  }

  /** The last one of that number counts. */
  int(number: number): number {
    return Number(BigInt.asIntN(64, this.id(number)))
  }

  /** All 64 bits, without a sign. */
  id(number: number): bigint {
    const value = this.fields.findLast((field) => field.number === number)?.value
    return typeof value === 'bigint' ? value : 0n
  }

  /** Every string of a repeated field. */
  texts(number: number): string[] {
    return this.all(number).map((bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  }

  text(number: number): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes(number))
  }

  bytes(number: number): Uint8Array {
    return this.all(number).at(-1) ?? new Uint8Array()
  }

  all(number: number): Uint8Array[] {
    return this.fields.flatMap((field) =>
      field.number === number && typeof field.value !== 'bigint' ? [field.value] : [],
    )
  }

  message(number: number): Message {
    return new Message(this.bytes(number))
  }

  messages(number: number): Message[] {
    return this.all(number).map((bytes) => new Message(bytes))
  }
}

function parse(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error(`the message ends inside a varint, at byte ${at - 1}`)
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    throw new Error(`a varint of more than ten bytes ends at byte ${at}`)
  }
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error(`${length} bytes announced at byte ${at} of ${bytes.length}`)
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    const type = tag & 7
    if (type === 0) fields.push({ number, value: varint() })
    else if (type === 2) fields.push({ number, value: take(Number(varint())) })
    else if (type === 1) take(8)
    else if (type === 5) take(4)
    else throw new Error(`field ${number} has the unknown wire type ${type}`)
  }
  return fields
}
