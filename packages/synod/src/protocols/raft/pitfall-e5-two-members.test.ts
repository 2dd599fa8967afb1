import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a cluster of two whose leader is removed goes on, wherever the leader stops (etcd#10563, qdrant#10691).
// Method: the leader loses its power before, between and after the messages, for good or for a while.
function removing(): World {
  const world = new World({ members: ['a', 'b'] })
  world.elect('a')
  expect(world.change('a', { type: 'remove', id: 'a' })).toEqual({ index: 2 })
  return world
}

function expectToGoOn(world: World): void {
  world.run(10_000)
  expect(world.leader()).toBe('b')
  expect(world.raft('b').standing.committedMembership.voters).toEqual(['b'])
  expect(world.propose('b', 1)).toBe(true)
  world.run(100)
  expect(world.member('b').machine.commands).toEqual(['b1'])
}

test('the one that stays leads as soon as it has the entry, whatever becomes of the other', () => {
  const world = removing()
  world.until(() => world.raft('b').standing.lastIndex === 2)
  world.crash('a')
  expectToGoOn(world)
})

test('it leads when the other has gone in good order', () => {
  const world = removing()
  world.deliver()
  world.crash('a')
  expectToGoOn(world)
})

test('the one that goes, and alone has the entry, is elected once more to bring it, though it is no voter by it', () => {
  const world = removing()
  world.cut.add('a>b')
  world.deliver()
  world.packets = []
  world.crash('a')
  world.heal()
  world.start('a')
  expect(world.raft('a').standing.membership.voters).toEqual(['b'])
  expect(world.raft('b').standing.membership.voters).toEqual(['a', 'b'])
  expectToGoOn(world)
  const campaigns = world.sent('requestVote').filter(({ from }) => from === 'a')
  world.run(60_000)
  expect(world.sent('requestVote').filter(({ from }) => from === 'a')).toEqual(campaigns)
})
