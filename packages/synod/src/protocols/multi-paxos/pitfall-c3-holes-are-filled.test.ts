import { expect, test } from 'vitest'
import { commandOf, OneMember } from './testing/one-member.ts'

// Goal: phase 1 covers every slot from the first one that is not decided, and holes are filled with no-ops before anything
// new is proposed ("Paxos Made Simple", §3). Method: reports with a hole between them.

test('reported slots are proposed again, holes are filled, and the ballot begins behind them', () => {
  const member = new OneMember()
  member.campaign()
  const reported = { round: 1, id: 'c', value: commandOf('x') }
  member.promise('b', { 1: { ...reported, round: 0 }, 4: { ...reported, round: 0 } })
  const values = member.proposed()
  expect(Object.keys(values)).toEqual(['1', '2', '3', '4', '5'])
  expect([2, 3].map((slot) => values[slot])).toEqual([{ term: 0 }, { term: 0 }])
  expect(values[5]).toMatchObject({ term: member.state.promised.round })
  expect(member.state.termStart).toBe(5)
})

test('an acceptor reports every slot, not the first one only', () => {
  const member = new OneMember()
  member.accept('b', 1, { 1: commandOf('x'), 2: commandOf('y'), 5: commandOf('z') })
  member.timeout('lease')
  member.prepare('c', 2)
  expect(member.take('promise')[0]?.accepted.map(({ slot }) => slot)).toEqual([1, 2, 5])
})
