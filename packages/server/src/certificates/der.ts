/**
 * ASN.1 in its Distinguished Encoding Rules (X.690), written only, and no more of it than certificates need. What reads
 * them is OpenSSL, within Node.js.
 */

/** One value: its tag, the length of its content, and that. */
function value(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(content)
  return Buffer.concat([Uint8Array.of(tag), lengthOf(bytes.length), bytes])
}

/** One byte up to 127; from there on the count of the bytes that say it, and these. */
function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  const bytes = unsigned(BigInt(length))
  return Uint8Array.of(0x80 | bytes.length, ...bytes)
}

function unsigned(number: bigint): Uint8Array {
  const digits = number.toString(16)
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
}

export function sequence(...items: readonly Uint8Array[]): Uint8Array {
  return value(0x30, ...items)
}

export function set(...items: readonly Uint8Array[]): Uint8Array {
  return value(0x31, ...items)
}

/** Not negative. A first bit of 1 would make it so. */
export function integer(number: bigint): Uint8Array {
  const bytes = unsigned(number)
  return value(0x02, ...((bytes[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : []), bytes)
}

export function boolean(yes: boolean): Uint8Array {
  return value(0x01, Uint8Array.of(yes ? 0xff : 0))
}

/** The first two numbers share a byte; the others are written in groups of 7 bits. */
export function objectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return value(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(number: number): number[] {
  const groups = [number & 0x7f]
  for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
  return groups
}

export function utf8(text: string): Uint8Array {
  return value(0x0c, Buffer.from(text, 'utf8'))
}

/** As many bits as the bytes have, but for the last `unused` ones. */
export function bits(bytes: Uint8Array, unused = 0): Uint8Array {
  return value(0x03, Uint8Array.of(unused), bytes)
}

export function octets(bytes: Uint8Array): Uint8Array {
  return value(0x04, bytes)
}

/** To the second; a year before 2050 has two digits (RFC 5280 §4.1.2.5). */
export function time(date: Date): Uint8Array {
  const text = `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  return date.getUTCFullYear() < 2050 ? value(0x17, Buffer.from(text.slice(2))) : value(0x18, Buffer.from(text))
}

/** In place of a tag that the type does not tell: `[number]`, with values inside. */
export function tagged(number: number, ...items: readonly Uint8Array[]): Uint8Array {
  return value(0xa0 | number, ...items)
}

/** `[number]` in place of a primitive type's own tag. */
export function implicit(number: number, content: Uint8Array): Uint8Array {
  return value(0x80 | number, content)
}
