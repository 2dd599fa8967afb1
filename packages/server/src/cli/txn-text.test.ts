import { describe, expect, test } from 'vitest'
import { UsageError } from './exit.ts'
import { prefixEnd } from './keys.ts'
import { parseTxn } from './txn-text.ts'

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function refusal(text: string): string {
  try {
    parseTxn(text)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'accepted'
}

describe("etcdctl's form", () => {
  test('three parts, each ended by an empty line', () => {
    expect(parseTxn('value("foo") = "bar2"\nmod("a b") > "1"\n\nput foo done\nget foo\n\ndel none\n\n')).toMatchObject({
      compare: [
        { target: 3, result: 0, key: bytes('foo'), operand: { field: 'value', bytes: bytes('bar2') } },
        { target: 2, result: 1, key: bytes('a b'), operand: { field: 'modRevision', number: 1 } },
      ],
      success: [
        { type: 'put', key: bytes('foo'), value: bytes('done') },
        { type: 'range', key: bytes('foo') },
      ],
      failure: [{ type: 'deleteRange', key: bytes('none') }],
    })
  })

  test('no comparisons: the first line is empty', () => {
    expect(parseTxn('\nput d 1\n\n\n')).toMatchObject({ compare: [], success: [{ type: 'put' }], failure: [] })
  })

  test('quotes keep spaces, escapes and new lines', () => {
    const [put] = parseTxn('\nput "a key" "say \\"hi\\"\\n"\n').success
    expect(put).toMatchObject({ key: bytes('a key'), value: bytes('say "hi"\n') })
  })

  test('a lease is compared by its hexadecimal id', () => {
    expect(parseTxn('lease("k") = "fffffffffffffff7"\n').compare).toMatchObject([
      { operand: { field: 'lease', id: -9n } },
    ])
  })

  test('what is wrong is named with its line', () => {
    expect(refusal('nonsense\n')).toContain('line 1: nonsense')
    expect(refusal('\nput onlykey\n')).toContain('line 2: put onlykey')
    expect(refusal('\nput a 1 2\n')).toContain('line 2')
    expect(refusal('size("a") = "1"\n')).toContain('size: expected version, create, mod, value or lease')
    expect(refusal('mod("a") = "many"\n')).toContain('many: expected a whole number')
    expect(refusal('\n\n\nput a 1\n')).toContain('after the third')
  })
})

describe('the JSON form', () => {
  test('says the same', () => {
    const json = {
      compare: [
        { target: 'value', key: 'foo', result: '=', operand: 'bar2' },
        { target: 'version', key: 'a', operand: 0 },
      ],
      success: [{ put: { key: 'foo', value: 'done' } }, { get: { key: 'foo', prefix: true } }],
      failure: [{ del: { key: 'a', end: 'b' } }],
    }
    expect(parseTxn(JSON.stringify(json))).toEqual(
      parseTxn('value("foo") = "bar2"\nver("a") = "0"\n\nput foo done\nget foo --prefix\n\ndel a b\n'),
    )
  })

  test('a value or an end is what it says, even if it reads like a flag', () => {
    const json = { success: [{ put: { key: 'a', value: '--prefix' } }, { get: { key: 'a', end: '--prefix' } }] }
    expect(parseTxn(JSON.stringify(json))).toMatchObject({
      success: [{ value: bytes('--prefix') }, { rangeEnd: bytes('--prefix') }],
    })
    expect(parseTxn('{"success":[{"get":{"key":"a","prefix":false}}]}')).toEqual(parseTxn('\nget a\n'))
  })

  test('what is wrong is named with its place', () => {
    expect(refusal('{')).toContain('not JSON')
    expect(refusal('{"succes":[]}')).toContain('succes is unknown')
    expect(refusal('{"success":[{"put":{"key":"a"}}]}')).toContain('success[0].put.value')
    expect(refusal('{"success":[{"put":{"key":"a","value":"1","end":"b"}}]}')).toContain('end is unknown')
    expect(refusal('{"success":[{"get":{"key":"a","value":"1"}}]}')).toContain('value is unknown')
    expect(refusal('{"success":[{"del":{"key":"a","end":"b","prefix":true}}]}')).toContain('one of end, prefix')
    expect(refusal('{"success":[{"get":{"key":"a","prefix":"yes"}}]}')).toContain('success[0].get.prefix')
    expect(refusal('{"success":[{"put":{"key":"a","value":"1"},"del":{"key":"a"}}]}')).toContain('one of put, get, del')
    expect(refusal('{"compare":[{"target":"mod","key":"a","result":"~","operand":1}]}')).toContain('compare[0].result')
  })
})

test('the end of a prefix', () => {
  expect(prefixEnd(bytes('a'))).toEqual(bytes('b'))
  expect(prefixEnd(Uint8Array.of(1, 0xff, 0xff))).toEqual(Uint8Array.of(2))
  expect(prefixEnd(Uint8Array.of(0xff))).toEqual(Uint8Array.of(0))
  expect(prefixEnd(bytes(''))).toEqual(Uint8Array.of(0))
})
