import { expect, test } from 'vitest'
import { Pool } from './pool.ts'

// Goal: what is equal is one, and nothing else is. Method: values that differ by little, whole and in parts.

test('equal values are one, down to the smallest', () => {
  const pool = new Pool()
  const [one, other] = [
    { log: [{ term: 1 }], vote: 'a' },
    { vote: 'b', log: [{ term: 1 }] },
  ].map((it) => pool.one(it))
  expect(one?.value).toEqual({ log: [{ term: 1 }], vote: 'a' })
  expect(other?.value.log).toBe(one?.value.log)
  expect(pool.one({ vote: 'a', log: [{ term: 1 }] })).toEqual(one)
  expect(pool.one({ vote: 'a', log: [{ term: 1 }] }).value).toBe(one?.value)
})

test('what is undefined is as good as missing', () => {
  const pool = new Pool()
  expect(pool.one({ a: 1, b: undefined }).text).toBe(pool.one({ a: 1 }).text)
})

test('values that differ have different texts', () => {
  const simple = [0, -1, '0', '', '#0', '#1', '[]', true, null, undefined]
  const lists = [[], [0], ['0'], [0, 0], [[0]], [[], 0], ['<0>']]
  const records = [{}, { a: 0 }, { a: '0' }, { a: { a: 0 } }, { 'a:0,': 0 }, { a: [0] }]
  const values = [...simple, ...lists, ...records, Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 0)]
  const pool = new Pool()
  const texts = values.map((value) => pool.one(value).text)
  expect(new Set(texts).size).toBe(values.length)
  expect(values.map((value) => pool.one(value).text)).toEqual(texts)
})
