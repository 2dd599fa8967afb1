import { expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { restore } from './durable.ts'
import type { Durable, Entry } from './messages.ts'
import { initialState } from './state.ts'

// Goal: whatever order a segment's head and the records that waited for the disk come in, the log that is read is one
// that this member had. Method: the head of a segment that was begun in term 3, and records of term 2 behind it.

const members = [{ index: 0, membership: voting(['a', 'b', 'c']) }]

function command(term: number, sequence: number): Entry {
  return { term, command: { origin: 'a', sequence, checksum: 0, bytes: new Uint8Array(0) } }
}

function read(...records: Durable[]): { compacted: unknown; terms: readonly number[]; repair: unknown } {
  const state = initialState()
  for (const record of records) restore(state, record)
  return { compacted: state.compacted, terms: state.log.map(({ term }) => term), repair: state.repair }
}

const hard = (currentTerm: number) => ({ currentTerm, votedFor: undefined })
const headOf = (currentTerm: number, index: number, term: number): Durable => ({
  type: 'checkpoint',
  ...hard(currentTerm),
  last: { index, term },
  snapshot: undefined,
  memberships: members,
  repair: undefined,
})
const entries = (currentTerm: number, prevIndex: number, prevTerm: number, terms: readonly number[]): Durable => ({
  type: 'entries',
  ...hard(currentTerm),
  prevIndex,
  prevTerm,
  entries: terms.map((term, i) => command(term, prevIndex + i)),
})

test('what waited, and lost its place to a newer leader before the head was written, is not read', () => {
  const read58 = { compacted: { index: 58, term: 3 }, terms: [], repair: undefined }
  expect(read(headOf(3, 58, 3), entries(2, 58, 2, [2]), entries(2, 59, 2, [2]))).toEqual(read58)
  expect(read(headOf(3, 58, 3), entries(2, 58, 2, [2]), entries(3, 57, 2, [3, 3]))).toEqual({
    compacted: { index: 57, term: 2 },
    terms: [3, 3],
    repair: undefined,
  })
})

test('nor when what took its place is of an older term, as a new leader may have it (Figure 8)', () => {
  const head = headOf(6, 10, 4)
  expect(read(head, entries(5, 10, 5, [5]), entries(6, 10, 4, [6]))).toEqual({
    compacted: { index: 10, term: 4 },
    terms: [6],
    repair: undefined,
  })
})

test('what waited is read where the log went back behind the head, and whatever follows on it', () => {
  expect(read(headOf(3, 60, 3), entries(2, 57, 2, [2, 2]), entries(3, 59, 2, [3]))).toEqual({
    compacted: { index: 57, term: 2 },
    terms: [2, 2, 3],
    repair: undefined,
  })
})

test('what waited, and is still of the log, is read when the segments before are there too', () => {
  expect(read(headOf(2, 58, 2), headOf(3, 60, 3), entries(2, 58, 2, [2]), entries(3, 59, 2, [3]))).toEqual({
    compacted: { index: 58, term: 2 },
    terms: [2, 3],
    repair: undefined,
  })
})

test('entries of the head\u2019s own term that do not attach are damage', () => {
  expect(() => read(headOf(3, 58, 3), entries(3, 60, 3, [3]))).toThrow('entries after 60 attach to the log')
})
