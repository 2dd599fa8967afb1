import { expect, test } from 'vitest'
import { choose, seeded } from '../core/index.ts'
import { Meter } from './limits.ts'
import { CallSet, Visited } from './visited.ts'

// Goal: the memo is a set of configurations, exactly, at any size (a JavaScript Set throws at 2^24 entries). Method: what
// it says is compared with a Set of texts while its tables grow; equal hashes are forced.

function setOf(size: number, members: Iterable<number>): CallSet {
  const set = new CallSet(size)
  for (const i of members) set.add(i)
  return set
}

test('a configuration is new once, whatever its hash, while the tables grow', () => {
  const random = seeded(1)
  const visited = new Visited(3, 0, new Meter({}))
  const known = new Set<string>()
  for (let i = 0; i < 100_000; i++) {
    const state = choose(random, 40)
    const members = new Set(Array.from({ length: choose(random, 4) }, () => choose(random, 96)))
    const text = `${state} ${[...members].toSorted((a, b) => a - b).join()}`
    const isNew = visited.add(setOf(96, members), members.size % 2, setOf(0, []), state)
    expect(isNew).toBe(!known.has(text))
    known.add(text)
  }
  expect(known.size).toBeGreaterThan(50_000)
})

test('what has placed more calls of unknown outcome can do no more, and what has placed others can', () => {
  const visited = new Visited(1, 2, new Meter({}))
  const add = (state: number, ...unknown: number[]): boolean => visited.add(setOf(8, [3]), 7, setOf(40, unknown), state)
  expect(add(0, 1, 35)).toBe(true)
  expect(add(0, 1, 35)).toBe(false)
  expect(add(0, 1, 2, 35)).toBe(false)
  expect(add(0, 1)).toBe(true)
  expect(add(0, 1, 2)).toBe(false)
  expect(add(0, 2)).toBe(true)
  expect(add(1, 1, 35)).toBe(true)
})

test('a set of calls knows its first word that is not full, and its last that is not empty', () => {
  const set = setOf(
    96,
    Array.from({ length: 64 }, (_, i) => i),
  )
  expect([set.low, set.high]).toEqual([2, 1])
  set.add(90)
  expect([set.low, set.high, set.has(90), set.has(89)]).toEqual([2, 2, true, false])
  set.delete(5)
  set.delete(90)
  expect([set.low, set.high, set.has(5)]).toEqual([0, 1, false])
  set.add(5)
  expect([set.low, set.high]).toEqual([2, 1])
})
