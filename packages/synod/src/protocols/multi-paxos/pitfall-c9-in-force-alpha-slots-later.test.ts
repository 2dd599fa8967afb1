import { expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { electorateAt } from './configuration.ts'
import { commandOf, OneMember } from './testing/one-member.ts'

// Goal: a membership chosen in slot i decides from slot i + α on, and nobody proposes further ahead than he can know who
// decides. Method: the electorate of each slot; a leader of which nothing is decided.
const alpha = 4

test('the membership of slot i is in force from slot i + α on', () => {
  const memberships = [
    { index: 0, membership: voting(['a', 'b', 'c']) },
    { index: 10, membership: voting(['d']) },
  ]
  const voters = (slot: number): string => electorateAt({ memberships, decided: 10 }, slot, alpha).voters.join('')
  expect([11, 12, 13, 14, 15].map(voters)).toEqual(['abc', 'abc', 'abc', 'd', 'd'])
})

test('a leader proposes at most α slots ahead of what is decided', () => {
  const member = new OneMember(['a', 'b', 'c'], { alpha })
  member.campaign()
  member.promise('b')
  const taken = ['v', 'w', 'x', 'y', 'z'].map((name) => {
    const { command } = commandOf(name)
    return command !== undefined && member.paxos.propose(command)
  })
  expect(taken).toEqual([true, true, true, false, false])
  member.settle()
  member.accepted('b', [1])
  const { command } = commandOf('y')
  expect(command !== undefined && member.paxos.propose(command)).toBe(true)
})

test('a change of voters is pushed to where it is in force, and they take part from there', () => {
  const member = new OneMember(['a', 'b'], { alpha })
  member.campaign()
  member.promise('b')
  member.accepted('b', [1])
  expect(member.paxos.change([{ type: 'remove', id: 'b' }])).toEqual({ index: 2 })
  member.settle()
  expect(member.state.decided).toBe(1)
  member.accepted('b', [2])
  // Up to slot 5 b is needed; from slot 6 on a is alone.
  expect(member.state.goesBy.membership).toMatchObject({ voters: ['a'], outgoing: ['a', 'b'] })
  expect(member.state.decided).toBe(2)
  member.accepted('b', [3, 4, 5])
  expect(member.state.decided).toBeGreaterThan(5)
  expect(member.state.goesBy.membership).toMatchObject({ voters: ['a'], outgoing: [] })
})
