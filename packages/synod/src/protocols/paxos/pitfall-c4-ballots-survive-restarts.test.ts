import { expect, test } from 'vitest'
import { paxosWorld, value } from '../../testing/paxos/paxos-script.ts'

// Goal: no ballot is used twice, not after a restart either. Method: a proposer that loses its power after each of its
// ballots, and whose own acceptor never hears of them.

test('a round that others may have heard of is not begun again', () => {
  const world = paxosWorld('abc')
  const rounds: number[] = []
  for (const wish of ['x', 'y', 'z']) {
    world.ask('a', (proposer) => proposer.propose(value(wish)))
    for (const { message } of world.underWay.splice(0))
      if (message.type === 'prepare') rounds.push(message.ballot.round)
    world.crash('a')
    world.start('a')
  }
  expect(rounds).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
})

test('the round is durable before anybody hears of it', () => {
  const world = paxosWorld('abc', {}, 'by hand')
  world.ask('a', (proposer) => proposer.propose(value('x')))
  expect(world.underWay).toEqual([])
  world.sync('a')
  expect(world.underWay).toHaveLength(3)
})

test('two proposers never have the same ballot', () => {
  const world = paxosWorld('abc')
  for (const id of ['a', 'b', 'c']) world.ask(id, (proposer) => proposer.propose(value(id)))
  const ballots = world.underWay.map(({ message }) =>
    message.type === 'prepare' ? JSON.stringify(message.ballot) : '',
  )
  expect(new Set(ballots).size).toBe(3)
})
