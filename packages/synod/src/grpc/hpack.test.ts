import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConnectionError } from './frames.ts'
import { HeaderDecoder, HeaderEncoder } from './hpack.ts'
import { decodeHuffman } from './huffman.ts'

type Pairs = readonly (readonly [string, string])[]

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
}

function decode(decoder: HeaderDecoder, block: Buffer): [string, string][] {
  return decoder.decode(block, 0, block.length).fields.map(({ name, value }) => [name, value])
}

function encode(encoder: HeaderEncoder, fields: Pairs): Buffer {
  const out: number[] = []
  encoder.begin(out)
  for (const [name, value] of fields) encoder.indexed(out, name, value)
  return Buffer.from(out)
}

/** RFC 7541, C.3 and C.4: three requests on one connection. */
const requests: Pairs[] = [
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
    ['cache-control', 'no-cache'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ],
]
const plainRequests = [
  '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  '8286 84be 5808 6e6f 2d63 6163 6865',
  '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
]
const huffmanRequests = [
  '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
  '8286 84be 5886 a8eb 1064 9cbf',
  '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
]

/** C.5 and C.6: three responses, with a table of 256 bytes that must drop entries. */
const date = (second: number): string => `Mon, 21 Oct 2013 20:13:${second} GMT`
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const rest = [
  ['cache-control', 'private'],
  ['date', date(21)],
  ['location', 'https://www.example.com'],
] as const
const responses: Pairs[] = [
  [[':status', '302'], ...rest],
  [[':status', '307'], ...rest],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', date(22)],
    ['location', 'https://www.example.com'],
    ['content-encoding', 'gzip'],
    ['set-cookie', cookie],
  ],
]
const plainResponses = [
  `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
   1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
  '4803 3330 37c1 c0bf',
  `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
   4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
   7369 6f6e 3d31`,
]
const huffmanResponses = [
  `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
   97c8 e9ae 82ae 43d3`,
  '4883 640e ffc1 c0bf',
  `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
   cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
]
const tableOf256 = '3fe1 01'

describe('the examples of RFC 7541, Appendix C', () => {
  test.each([
    ['C.2.1', '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key', 'custom-header']],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path']],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret']],
    ['C.2.4', '82', [':method', 'GET']],
  ])('%s is one field', (_, block, field) => {
    expect(decode(new HeaderDecoder(1000), hex(block))).toEqual([field])
  })

  test.each([
    ['C.3', plainRequests],
    ['C.4', huffmanRequests],
  ])('%s is three requests', (_, blocks) => {
    const decoder = new HeaderDecoder(1000)
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual(requests)
  })

  test.each([
    ['C.5', plainResponses],
    ['C.6', huffmanResponses],
  ])('%s is three responses through a small table', (_, blocks) => {
    const decoder = new HeaderDecoder(1000)
    expect(decode(decoder, hex(tableOf256))).toEqual([])
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual(responses)
  })

  test('the encoder writes C.3 and C.5 to the byte', () => {
    const encoder = new HeaderEncoder()
    expect(requests.map((fields) => encode(encoder, fields))).toEqual(plainRequests.map(hex))
    const small = new HeaderEncoder()
    small.limitTable(256)
    expect(encode(small, [])).toEqual(hex(tableOf256))
    expect(responses.map((fields) => encode(small, fields))).toEqual(plainResponses.map(hex))
  })
})

test('what one side encodes the other decodes, whatever the table sizes on the way', () => {
  const text = fc.string({
    maxLength: 40,
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  })
  const step = fc.record({
    limit: fc.option(fc.constantFrom(0, 40, 100, 256, 4096, 65_536), { nil: undefined }),
    fields: fc.array(
      fc.tuple(fc.constantFrom('a', 'b', ':path', 'te'), fc.oneof(fc.constantFrom('1', '2', '3'), text)),
      { maxLength: 8 },
    ),
    reuse: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const encoder = new HeaderEncoder()
      const decoder = new HeaderDecoder(100_000)
      for (const { limit, fields, reuse } of steps) {
        if (limit !== undefined) encoder.limitTable(limit)
        const before = encoder.generation
        const block = encode(encoder, fields)
        expect(decode(decoder, block)).toEqual(fields)
        // A block made while the generation did not change means the same again: answers are kept on this promise.
        if (reuse && encoder.generation === before) expect(decode(decoder, block)).toEqual(fields)
      }
    }),
  )
})

test('a block that was seen before is not taken for the same after the table has changed', () => {
  const decoder = new HeaderDecoder(1000)
  decode(decoder, hex('4001 6101 31'))
  expect(decode(decoder, hex('be'))).toEqual([['a', '1']])
  expect(decode(decoder, hex('be'))).toEqual([['a', '1']])
  decode(decoder, hex('4001 6201 32'))
  expect(decode(decoder, hex('be'))).toEqual([['b', '2']])
  decode(decoder, hex('20'))
  expect(() => decode(decoder, hex('be'))).toThrow(ConnectionError)
})

test('a header list beyond the limit is cut, said to be, and leaves the table in step', () => {
  const decoder = new HeaderDecoder(100)
  const list = decoder.decode(hex('4001 6101 31 be be be be'), 0, 9)
  expect(list.tooLarge).toBe(true)
  expect(list.fields.length).toBe(2)
  expect(decode(decoder, hex('be'))).toEqual([['a', '1']])
})

test.each([
  ['index 0', '80'],
  ['an index beyond both tables', 'be'],
  ['an index that ends inside', 'ff'],
  ['an index of more than 28 bits', 'ffff ffff ffff 7f'],
  ['a string longer than the block', '0005 61'],
  ['a literal without a value', '0001 61'],
  ['a table larger than allowed', '3fe2 1f'],
  ['a table size after a field', '8220'],
  ['Huffman padding of zeros', '0001 6181 00'],
  ['Huffman padding of eight bits', '0001 6182 1fff'],
  ['a Huffman-coded end of string', '0001 6184 ffff ffff'],
])('%s is a compression error', (_, block) => {
  expect(() => decode(new HeaderDecoder(1000), hex(block))).toThrow(ConnectionError)
})

test('every byte has its Huffman code', () => {
  // The code of 'a' is 00011, and padding is ones: 0001_1111.
  expect(decodeHuffman(hex('1f'), 0, 1)).toBe('a')
  // Of the longest, 30 bits: 0x0a is 11111111_11111111_11111111_111100.
  expect(decodeHuffman(hex('fffffff3'), 0, 4)).toBe('\n')
})
