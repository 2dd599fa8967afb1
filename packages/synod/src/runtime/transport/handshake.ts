import { type Channel, encodeUtf8, type Hello, Malformed, Reader, type Refusal, Writer } from '../../core/index.ts'

/**
 * How two peers get to know each other. The side that dials says a greeting, the other side answers it once:
 *
 *     greeting   'SYNP'  u32 lowest version  u32 highest version  u32 length  body: cluster from to diskId channel contact protocol
 *     answer     'SYNA'  u32 chosen version, 0 for a refusal      u32 length  body: refusal code and text, or nothing
 *
 * After a welcome the dialing side sends frames, each u32 length and bytes; an empty one is a sign of life. The other side
 * sends receipts from time to time, each the count of bytes that it has read since its answer, as u53.
 *
 * Numbers are little-endian, texts carry a u32 length, a channel is one byte. These layouts stay as they are in every
 * version, so that any two versions can refuse each other in words; a later one may append to a body.
 */

/** The versions of the peer protocol that this code speaks. */
export interface VersionRange {
  readonly lowest: number
  readonly highest: number
}

export const versions: VersionRange = { lowest: 3, highest: 3 }

/** The first words of a connection. */
export interface Greeting {
  readonly versions: VersionRange
  readonly hello: Hello
  readonly channel: Channel
}

/** What the side that was dialed says to it. */
export type Answer = { readonly version: number } | { readonly refusal: Refusal }

/** Magic and the numbers before a body. */
const greetingHead = 16
const answerHead = 12
/** No body is longer: five ids of at most 64 bytes and a contact, or a refusal's text, and room for what later versions append. */
const bodyMax = 16 * 1024
const idMax = 64
const textMax = 900

/** The most that either side ever says before frames flow. */
export const handshakeMax: number = greetingHead + bodyMax

const channels: readonly Channel[] = ['urgent', 'bulk', 'snapshot']

const refusals: readonly Refusal['code'][] = [
  'cluster-mismatch',
  'engine-mismatch',
  'unknown-member',
  'wrong-address',
  'wrong-certificate',
  'lost-disk',
  'removed',
  'version',
  'busy',
]

/** The highest version that both sides speak. */
export function commonVersion(a: VersionRange, b: VersionRange): number | undefined {
  const version = Math.min(a.highest, b.highest)
  return version >= Math.max(a.lowest, b.lowest) ? version : undefined
}

export function encodeGreeting(greeting: Greeting): Uint8Array {
  const body = new Writer(256)
  body.text(greeting.hello.cluster)
  body.text(greeting.hello.from)
  body.text(greeting.hello.to)
  body.text(greeting.hello.diskId)
  body.u8(channels.indexOf(greeting.channel))
  body.text(greeting.hello.contact)
  body.text(greeting.hello.protocol)
  return message('SYNP', [greeting.versions.lowest, greeting.versions.highest], body)
}

export function encodeAnswer(answer: Answer): Uint8Array {
  const body = new Writer(256)
  if ('version' in answer) return message('SYNA', [answer.version], body)
  body.text(answer.refusal.code)
  body.text(shortened(answer.refusal.message))
  return message('SYNA', [0], body)
}

function message(magic: string, numbers: readonly number[], body: Writer): Uint8Array {
  const out = new Writer(256)
  for (const character of magic) out.u8(character.charCodeAt(0))
  for (const number of numbers) out.u32(number)
  out.bytes(body.control.subarray(0, body.length))
  return out.control.slice(0, out.length)
}

/** A text that is too long for a body is cut: three bytes a character are the most that UTF-8 takes of a string. */
function shortened(text: string): string {
  if (encodeUtf8(text).length <= textMax) return text
  return `${text.slice(0, Math.floor(textMax / 3) - 3).toWellFormed()}...`
}

/** What a greeting's first bytes tell. The body of a peer without a common version is not looked at. */
export interface GreetingHead {
  readonly versions: VersionRange
  /** The whole greeting, head included. */
  readonly length: number
}

/** `undefined`: more bytes are needed. Throws `Malformed` as soon as the bytes cannot become a greeting. */
export function readGreetingHead(bytes: Uint8Array): GreetingHead | undefined {
  expectMagic(bytes, 'SYNP')
  if (bytes.length < greetingHead) return undefined
  const input = new Reader(bytes.subarray(4, greetingHead))
  const lowest = input.u32()
  const highest = input.u32()
  if (lowest === 0 || lowest > highest) throw new Malformed(`versions ${lowest} to ${highest} are no range`)
  return { versions: { lowest, highest }, length: greetingHead + bodyLength(input) }
}

/** `bytes` is the whole greeting. */
export function readGreeting(bytes: Uint8Array, head: GreetingHead): Greeting {
  const input = new Reader(bytes.subarray(greetingHead, head.length))
  const cluster = input.text()
  if (!/^[0-9a-f]{16}$/u.test(cluster)) throw new Malformed('a cluster id has 16 hexadecimal digits')
  const from = id(input, 'sender')
  const to = id(input, 'receiver')
  const diskId = id(input, 'disk')
  const code = input.u8()
  const channel = channels[code]
  if (channel === undefined) throw new Malformed(`there is no channel ${code}`)
  const contact = input.text()
  const protocol = id(input, 'engine')
  return { versions: head.versions, hello: { cluster, from, to, diskId, protocol, contact }, channel }
}

/** `undefined`: more bytes are needed. Throws `Malformed` as soon as the bytes cannot become an answer. */
export function readAnswer(bytes: Uint8Array): { answer: Answer; length: number } | undefined {
  expectMagic(bytes, 'SYNA')
  if (bytes.length < answerHead) return undefined
  const head = new Reader(bytes.subarray(4, answerHead))
  const version = head.u32()
  const length = answerHead + bodyLength(head)
  if (bytes.length < length) return undefined
  if (version !== 0) return { answer: { version }, length }
  const body = new Reader(bytes.subarray(answerHead, length))
  const text = body.text()
  const code = refusals.find((known) => known === text)
  const reason = body.text()
  // a later version may know more reasons: to this one they mean "not now"
  const refusal: Refusal =
    code === undefined ? { code: 'busy', message: `${reason} (${text})` } : { code, message: reason }
  return { answer: { refusal }, length }
}

function expectMagic(bytes: Uint8Array, magic: string): void {
  for (let i = 0; i < Math.min(magic.length, bytes.length); i++) {
    if (bytes[i] !== magic.charCodeAt(i)) throw new Malformed(`it begins with ${printable(bytes)} instead of ${magic}`)
  }
}

function printable(bytes: Uint8Array): string {
  const text = Array.from(bytes.subarray(0, 8), (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.'))
  return JSON.stringify(text.join(''))
}

function bodyLength(input: Reader): number {
  const length = input.u32()
  if (length > bodyMax) throw new Malformed(`a body of ${length} bytes is announced, at most ${bodyMax} are allowed`)
  return length
}

function id(input: Reader, whose: string): string {
  const bytes = input.u32()
  if (bytes === 0 || bytes > idMax) throw new Malformed(`the ${whose}'s id has ${bytes} bytes instead of 1 to ${idMax}`)
  input.at -= 4
  return input.text()
}
