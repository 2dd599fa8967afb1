import { expect, test } from 'vitest'
import { paxosWorld, value } from '../../testing/paxos/paxos-script.ts'

// Goal: acceptances of different ballots never make one quorum, whatever their values, nor does one that comes twice.
const accepted = (round: number, text: string) =>
  ({ type: 'accepted', ballot: { round, id: 'a' }, value: value(text) }) as const

test('three acceptances of three ballots choose nothing', () => {
  const world = paxosWorld('abcde')
  for (const [round, from] of ['a', 'b', 'c'].entries())
    world.ask('e', (learner) => learner.receive(accepted(round + 1, 'x'), from))
  expect(world.decided).toEqual([])
})

test('an acceptance that comes again counts once', () => {
  const world = paxosWorld('abcde')
  for (const from of ['a', 'b', 'b', 'b']) world.ask('e', (learner) => learner.receive(accepted(1, 'x'), from))
  expect(world.decided).toEqual([])
  world.ask('e', (learner) => learner.receive(accepted(1, 'x'), 'c'))
  expect(world.decided).toMatchObject([{ id: 'e', term: 1, command: { origin: 'x' } }])
})

test('a later acceptance takes the place of an earlier one, in whatever order they come', () => {
  const world = paxosWorld('abc')
  for (const round of [1, 3, 2]) world.ask('c', (learner) => learner.receive(accepted(round, 'x'), 'a'))
  expect(world.node('c').state.votes).toMatchObject([{ ballot: { round: 3 }, from: ['a'] }])
  world.ask('c', (learner) => learner.receive(accepted(1, 'x'), 'b'))
  expect(world.decided).toEqual([])
  world.ask('c', (learner) => learner.receive(accepted(3, 'x'), 'b'))
  expect(world.decided).toMatchObject([{ id: 'c', term: 3 }])
})
