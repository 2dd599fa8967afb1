import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: between the check that one leads and the answer nothing may slip (hashicorp/raft#603): the index of a read is
// fixed when it comes, leadership is confirmed for a round begun after that, and whoever was deposed meanwhile does not answer.
test('a leader that was deposed unawares does not answer a read, not even when it hears of it', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { checkQuorum: false } })
  world.elect('a')
  world.propose('a', 1)
  world.deliver()
  world.partition(['a'], ['b', 'c'])
  world.run(5000)
  const next = world.leader() ?? ''
  expect(next).not.toBe('a')
  world.propose(next, 2)
  world.deliver()
  expect(world.state('a').role).toBe('leader')
  expect(world.read('a', 1)).toBe(true)
  world.heal()
  world.run(1000)
  const outcomes = world.happenings.filter(({ type }) => type === 'readable' || type === 'unreadable')
  expect(outcomes).toEqual([{ type: 'unreadable', node: 'a', id: 1 }])
})

test('what is decided after a read came does not move the index that it waits for', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.propose('a', 1)
  world.deliver()
  const { commitIndex } = world.state('a')
  world.read('a', 1)
  world.propose('a', 2)
  world.deliver()
  expect(world.state('a').commitIndex).toBe(commitIndex + 1)
  expect(world.happenings.filter(({ type }) => type === 'readable')).toMatchObject([{ id: 1, index: commitIndex }])
})
