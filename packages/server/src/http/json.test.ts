import fc from 'fast-check'
import type protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { ProtoWriter } from '../proto/wire.ts'
import { messageType } from '../testing/reference.ts'
import { gatewayRoutes, message } from './interface.ts'
import type { Message } from './interface.ts'
import { JsonError } from './json-text.ts'
import { writeJson } from './json-to-proto.ts'
import { readAsJson } from './proto-to-json.ts'

// Goal: JSON becomes the message that it means, and a message the JSON that etcd's gateway writes. Method: every field of
// every message through another implementation that reads the .proto files, and what people get wrong.

function bytesOf(type: Message, source: string): Uint8Array {
  const out = new ProtoWriter().reset()
  writeJson(out, type, source)
  return out.finish().slice()
}

function refusal(type: string, source: string): string {
  try {
    bytesOf(message(type), source)
  } catch (error) {
    if (error instanceof JsonError) return error.message.replaceAll('\u00a0', ' ')
    throw error
  }
  return 'accepted'
}

const responses = new Set([...gatewayRoutes.values()].map(({ response }) => response))
const everyMessage = [...new Set([...gatewayRoutes.values()].flatMap(({ request, response }) => [request, response]))]

/** A value of every field that nests no deeper. */
function sample(type: protobuf.Type, random: () => number, depth = 0): Record<string, unknown> {
  const fields = type.fieldsArray.filter(
    (field) =>
      field.partOf === null || field.partOf.oneof[Math.floor(random() * field.partOf.oneof.length)] === field.name,
  )
  const chosen = new Set<protobuf.OneOf>()
  return Object.fromEntries(
    fields.flatMap((field) => {
      field.resolve()
      if (field.partOf !== null) {
        if (chosen.has(field.partOf)) return []
        chosen.add(field.partOf)
      }
      if (depth > 3 && field.resolvedType !== null && 'fields' in field.resolvedType) return []
      const one = (): unknown => value(field, random, depth)
      return [[field.name, field.repeated ? [one(), one()] : one()]]
    }),
  )
}

function value(field: protobuf.Field, random: () => number, depth: number): unknown {
  const { resolvedType, type } = field
  if (resolvedType !== null && 'fields' in resolvedType) return sample(resolvedType, random, depth + 1)
  if (resolvedType !== null) return Object.keys(resolvedType.values).at(Math.floor(random() * 2))
  switch (type) {
    case 'bool':
      return random() < 0.7
    case 'string':
      return ['', 'x', 'ü€𝄞"\\\n'].at(Math.floor(random() * 3))
    case 'bytes':
      return Buffer.from([250, 255, Math.floor(random() * 256)].slice(0, Math.floor(random() * 4))).toString('base64')
    case 'uint32':
      return [0, 1, 2 ** 32 - 1].at(Math.floor(random() * 3))
    case 'uint64':
      return ['0', '7', '18446744073709551615'].at(Math.floor(random() * 3))
    default:
      return ['0', '-1', '9223372036854775807', '-9223372036854775808'].at(Math.floor(random() * 4))
  }
}

/** Every field, whether it is there or has its default. */
function reference(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: String, enums: String, bytes: String, defaults: true })
}

function encoded(type: protobuf.Type, json: unknown): Uint8Array {
  return type.encode(type.fromObject(Object(json))).finish()
}

/** protobufjs knows fields in lowerCamelCase alone. */
function camel(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(camel)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([name, one]) => [
      name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      camel(one),
    ]),
  )
}

describe('every message of the gateway', () => {
  for (const type of everyMessage) {
    test(`${type.name}: JSON becomes the bytes, and bytes the JSON, that others make of them`, () => {
      const other = messageType(type.name)
      fc.assert(
        fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (numbers) => {
          const given = sample(other, () => numbers.next().value ?? 0)
          const bytes = bytesOf(type, JSON.stringify(given))
          expect(reference(other, bytes)).toEqual(reference(other, encoded(other, given)))
          if (responses.has(type))
            expect(reference(other, encoded(other, camel(readAsJson(type, bytes))))).toEqual(reference(other, bytes))
        }),
        { numRuns: 20 },
      )
    })
  }
})

describe('what is understood', () => {
  const put = message('PutRequest')
  const range = message('RangeRequest')
  const expectSame = (type: Message, ...sources: readonly string[]): void => {
    const [first, ...others] = sources.map((source) => Buffer.from(bytesOf(type, source)).toString('hex'))
    for (const other of others) expect(other).toBe(first)
  }

  test('both names of a field', () => expectSame(range, '{"range_end":"eg=="}', '{"rangeEnd":"eg=="}'))
  test('numbers as text and as numbers, with a point or an exponent', () =>
    expectSame(
      range,
      '{"limit":"120"}',
      '{"limit":120}',
      '{"limit":120.0}',
      '{"limit":1.2e2}',
      ' {\n"limit" :\t120 } ',
    ))
  test('64 bits', () => expectSame(put, '{"lease":"9223372036854775807"}', '{"lease":9223372036854775807}'))
  test('names of enums, and their numbers', () => expectSame(range, '{"sort_order":"DESCEND"}', '{"sort_order":2}'))
  test('base64 of both alphabets, with padding and without', () =>
    expectSame(put, '{"key":"+/8="}', '{"key":"-_8="}', '{"key":"-_8"}', '{"key":"+/8"}'))
  test('null is absent, and so is what is not known', () =>
    expectSame(put, '{"key":"eg=="}', '{"key":"eg==","value":null,"nosuch":{"a":[1,{"b":null}]}}'))
  test('an unknown name of an enum is unknown too', () => expectSame(range, '{}', '{"sort_order":"SIDEWAYS"}', ''))
  test('an empty value in a comparison is a value', () =>
    expect(Buffer.from(bytesOf(message('Compare'), '{"value":""}')).toString('hex')).toBe('3a00'))
})

describe('what is refused, and how that is told', () => {
  const cases: [source: string, told: string][] = [
    ['{', 'unexpected EOF'],
    ['{"key":"eg=="', 'unexpected EOF'],
    ['{"key', 'unexpected EOF'],
    ['{"key":"eg=="}{}', "invalid character '{' after top-level value"],
    ['{"key" "eg=="}', "invalid character '\"' after object key"],
    ['{"key":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{key:1}', "invalid character 'k' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"key":01}', "invalid character '1' after object key:value pair"],
    ['𝄞', "invalid character '𝄞' looking for beginning of value"],
    ['[]', 'proto: syntax error (line 1:1): unexpected token ['],
    ['7', 'proto: syntax error (line 1:1): unexpected token 7'],
    ['{"key":1}', 'proto: (line 1:8): invalid value for bytes field key: 1'],
    ['{"key":"a"}', 'proto: (line 1:8): invalid value for bytes field key: "a"'],
    ['{"key":"eg="}', 'proto: (line 1:8): invalid value for bytes field key: "eg="'],
    ['{\n  "range_end": "é"}', 'proto: (line 2:16): invalid value for bytes field rangeEnd: "é"'],
    ['{"limit":1.5}', 'proto: (line 1:10): invalid value for int64 field limit: 1.5'],
    ['{"limit":" 1"}', 'proto: (line 1:10): invalid value for int64 field limit: " 1"'],
    ['{"limit":9223372036854775808}', 'proto: (line 1:10): invalid value for int64 field limit: 9223372036854775808'],
    ['{"limit":true}', 'proto: (line 1:10): invalid value for int64 field limit: true'],
    ['{"sort_order":2147483648}', 'proto: (line 1:15): invalid value for enum field sortOrder: 2147483648'],
    ['{"keys_only":1}', 'proto: (line 1:14): invalid value for bool field keysOnly: 1'],
    ['{"key":"eg==","key":null}', 'proto: (line 1:15): duplicate field "key"'],
  ]
  for (const [source, told] of cases) {
    test(source, () => expect(refusal('RangeRequest', source)).toBe(told))
  }

  test('two of a oneof', () =>
    expect(refusal('Compare', '{"version":1,"lease":2}')).toBe(
      'proto: (line 1:14): error parsing "lease", oneof Compare.target_union is already set',
    ))
  test('a list that is none', () =>
    expect(refusal('TxnRequest', '{"compare":{}}')).toBe('proto: syntax error (line 1:12): unexpected token {'))
  test('what is wrong is not repeated at length', () =>
    expect(refusal('RangeRequest', `{"key":"${'?'.repeat(1e6)}"}`).length).toBeLessThan(200))
  test('a number is taken to its last digit, or not at all', () => {
    const limit = (text: string): string => {
      try {
        return Buffer.from(bytesOf(message('RangeRequest'), `{"limit":${text}}`)).toString('hex')
      } catch (error) {
        if (error instanceof JsonError) return 'refused'
        throw error
      }
    }
    const largest = limit('"9223372036854775807"')
    for (const text of [
      '9223372036854775807',
      '"9223372036854775807.0"',
      '922337203685477580.7e1',
      '92233720368547758070e-1',
    ])
      expect(limit(text), text).toBe(largest)
    for (const text of [
      '1.5',
      '9007199254740990.6',
      '4503599627370497.00000000001',
      '1e-1',
      '9223372036854775808',
      '1e400',
    ])
      expect(limit(text), text).toBe('refused')
    for (const text of ['0e400', '-0', '0.000', '0e-9']) expect(limit(text), text).toBe(limit('0'))
    expect(limit('-12e2')).toBe(limit('-1200'))
  })

  test('pitfall W1: a number of more digits than 64 bits can need is refused unread', () => {
    // A million of them would take a second; this one would even be a number that fits.
    for (const digits of [`1.${'0'.repeat(63)}`, '9'.repeat(1e6)]) {
      for (const limit of [digits, `"${digits}"`]) {
        expect(refusal('RangeRequest', `{"limit":${limit}}`)).toContain('invalid value for int64 field limit')
      }
    }
  })
  test('pitfall W2: what nests deeper than any message is refused, and the stack holds', () => {
    for (const open of ['[', '{"a":', '{"success":[{"request_txn":']) {
      expect(refusal('TxnRequest', open.repeat(100_000))).toBe('proto: exceeded max recursion depth')
    }
  })
})
