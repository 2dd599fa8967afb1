import { describe, expect, test } from 'vitest'
import { Malformed, Reader, Writer } from '../core/index.ts'
import { jsonCodec, jsonCommand, jsonOf } from './index.ts'

// Goal: what a protocol says as JSON arrives as it was, or is refused where it is said. Method: there and back; and
// every kind of value that JSON loses or changes.

const codec = jsonCodec<unknown, unknown>()

function bytesOf(value: unknown): Uint8Array {
  const out = new Writer()
  codec.message(value, out)
  return out.control.slice(0, out.length)
}

describe('JSON as a codec', () => {
  test.each([
    [null],
    [true],
    [-1.5],
    ['ü 😀'],
    [[]],
    [[1, [2, { a: 'b' }]]],
    [{ ballot: 3, accepted: { value: null } }],
  ])('carries %j', (value) => {
    expect(codec.readMessage(new Reader(bytesOf(value)))).toEqual(value)
  })

  test('takes a field that is undefined for one that is absent', () => {
    expect(codec.readMessage(new Reader(bytesOf({ ballot: 1, accepted: undefined })))).toEqual({ ballot: 1 })
  })

  test.each([
    [{ votes: new Set(['a']) }, '.votes'],
    [{ votes: [new Map()] }, '.votes[0]'],
    [{ bytes: new Uint8Array(3) }, '.bytes'],
    [{ ballot: Number.NaN }, '.ballot'],
    [{ ballot: -0 }, '.ballot'],
    [{ values: [undefined] }, '.values[0]'],
    [{ ballot: 1n }, '.ballot'],
    [{ retry: () => 1 }, '.retry'],
  ])('refuses %o, and says where', (value, place) => {
    expect(() => bytesOf(value)).toThrow(`at ${place}`)
  })

  test('takes bytes that are none, or of another version, for damaged', () => {
    const bytes = bytesOf({ a: 1 })
    for (const [at, value] of [
      [0, 2],
      [5, 0],
    ] as const) {
      const damaged = bytes.slice()
      damaged[at] = value
      expect(() => codec.readMessage(new Reader(damaged))).toThrow(Malformed)
    }
  })

  test('makes commands, equal for equal values, and reads them', () => {
    expect(jsonCommand({ a: [1] })).toEqual(jsonCommand({ a: [1] }))
    expect(jsonOf(jsonCommand({ a: [1] }))).toEqual({ a: [1] })
    expect(jsonOf({ ...jsonCommand(1), bytes: Uint8Array.of(0xff) })).toBe(undefined)
  })
})
