import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Channel, Malformed, type Refusal } from '../../core/index.ts'
import {
  commonVersion,
  encodeAnswer,
  encodeGreeting,
  type Greeting,
  handshakeMax,
  readAnswer,
  readGreeting,
  readGreetingHead,
} from './handshake.ts'

const id = fc.string({ minLength: 1, maxLength: 16, unit: 'grapheme-ascii' })
const greeting: fc.Arbitrary<Greeting> = fc.record({
  versions: fc.record({ lowest: fc.integer({ min: 1, max: 9 }), highest: fc.integer({ min: 9, max: 99 }) }),
  hello: fc.record({
    cluster: fc.stringMatching(/^[0-9a-f]{16}$/u),
    from: id,
    to: id,
    diskId: id,
    protocol: id,
    contact: fc.string({ maxLength: 4096 }).map((text) => text.toWellFormed()),
  }),
  channel: fc.constantFrom<Channel>('urgent', 'bulk', 'snapshot'),
})

function decode(bytes: Uint8Array): Greeting | undefined {
  const head = readGreetingHead(bytes)
  return head === undefined || bytes.length < head.length ? undefined : readGreeting(bytes, head)
}

test('a greeting is read as it was said, and is not read before it is whole', () => {
  fc.assert(
    fc.property(greeting, (said) => {
      const bytes = encodeGreeting(said)
      expect(bytes.length).toBeLessThanOrEqual(handshakeMax)
      expect(decode(bytes)).toEqual(said)
      for (let cut = 0; cut < bytes.length; cut++) expect(decode(bytes.subarray(0, cut))).toBeUndefined()
    }),
  )
})

test('an answer is read as it was said, and is not read before it is whole', () => {
  const answers = [
    { version: 1 },
    { refusal: { code: 'lost-disk', message: 'member b has lost its disk' } satisfies Refusal },
  ] as const
  for (const answer of answers) {
    const bytes = encodeAnswer(answer)
    expect(readAnswer(bytes)).toEqual({ answer, length: bytes.length })
    for (let cut = 0; cut < bytes.length; cut++) expect(readAnswer(bytes.subarray(0, cut))).toBeUndefined()
  }
})

test('a refusal of any length fits', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 20 }), fc.nat(300), (units, times) => {
      const message = String.fromCharCode(...units).repeat(times)
      const bytes = encodeAnswer({ refusal: { code: 'busy', message } })
      expect(bytes.length).toBeLessThanOrEqual(handshakeMax)
      expect(readAnswer(bytes)?.answer).toMatchObject({ refusal: { code: 'busy' } })
    }),
  )
})

test('a refusal that a later version may know means "not now"', () => {
  const bytes = encodeAnswer({ refusal: { code: 'moon-phase' as Refusal['code'], message: 'wait' } })
  expect(readAnswer(bytes)?.answer).toEqual({ refusal: { code: 'busy', message: 'wait (moon-phase)' } })
})

test('the highest version that both know is chosen', () => {
  expect(commonVersion({ lowest: 1, highest: 3 }, { lowest: 2, highest: 7 })).toBe(3)
  expect(commonVersion({ lowest: 4, highest: 5 }, { lowest: 4, highest: 4 })).toBe(4)
  expect(commonVersion({ lowest: 1, highest: 1 }, { lowest: 2, highest: 2 })).toBeUndefined()
})

test('what follows the fields that this version knows is passed over', () => {
  const said = {
    versions: { lowest: 1, highest: 2 },
    hello: { cluster: '0'.repeat(16), from: 'a', to: 'b', diskId: 'd', protocol: 'raft', contact: '{"v":1}' },
    channel: 'bulk',
  } as const
  const bytes = encodeGreeting(said)
  const longer = new Uint8Array(bytes.length + 3)
  longer.set(bytes)
  new DataView(longer.buffer).setUint32(12, bytes.length - 16 + 3, true)
  expect(decode(longer)).toEqual(said)
})

const valid = encodeGreeting({
  versions: { lowest: 1, highest: 1 },
  hello: { cluster: '0123456789abcdef', from: 'a', to: 'b', diskId: 'disk', protocol: 'x', contact: '' },
  channel: 'urgent',
})
const broken = (change: (view: DataView) => void): Uint8Array => {
  const copy = valid.slice()
  change(new DataView(copy.buffer))
  return copy
}

test.each([
  ['wrong magic', new TextEncoder().encode('GET / HTTP/1.1\r\n'), /begins with "GET \/ HT" instead of SYNP/u],
  ['wrong magic, one byte', Uint8Array.of(0x16), /instead of SYNP/u],
  ['an answer in place of a greeting', encodeAnswer({ version: 1 }), /instead of SYNP/u],
  ['version 0', broken((view) => view.setUint32(4, 0, true)), /versions 0 to 1 are no range/u],
  ['a range upside down', broken((view) => view.setUint32(4, 5, true)), /versions 5 to 1 are no range/u],
  [
    'a body too long',
    broken((view) => view.setUint32(12, 16 * 1024 + 1, true)),
    /16385 bytes is announced, at most 16384/u,
  ],
  ['a body of 4 GiB', broken((view) => view.setUint32(12, 0xffff_ffff, true)), /4294967295 bytes/u],
  ['a cluster id that is none', broken((view) => view.setUint8(20, 0x58)), /16 hexadecimal digits/u],
  ['a text beyond the body', broken((view) => view.setUint32(16, 5000, true)), /5000 bytes expected/u],
  ['an empty id', broken((view) => view.setUint32(36, 0, true)), /sender's id has 0 bytes/u],
  ['an id too long', broken((view) => view.setUint32(36, 65, true)), /sender's id has 65 bytes instead of 1 to 64/u],
  ['no engine', broken((view) => view.setUint32(valid.length - 5, 0, true)), /engine's id has 0 bytes/u],
  ['an unknown channel', broken((view) => view.setUint8(valid.length - 10, 9)), /no channel 9/u],
])('refused in words: %s', (_, bytes, words) => {
  expect(() => decode(bytes)).toThrow(Malformed)
  expect(() => decode(bytes)).toThrow(words)
})

test('whatever arrives is a greeting, or not yet one, or Malformed', () => {
  const almost = fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, value]) => {
    const copy = valid.slice()
    copy[at] = value
    return copy
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), almost), (bytes) => {
      for (const parse of [decode, readAnswer]) {
        try {
          parse(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
        }
      }
    }),
  )
})
