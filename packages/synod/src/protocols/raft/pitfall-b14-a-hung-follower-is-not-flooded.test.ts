import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a follower that takes nothing costs a bounded number of messages and bytes, and the others nothing (openraft#1810).
// Method: c answers nobody while a and b decide a thousand commands.
test.each([
  { raft: { maxInflightMessages: 8 }, messages: 8 },
  { raft: { maxInflightBytes: 1000 }, messages: 7 },
])('a follower that does not answer gets no more than its window: $raft', ({ raft, messages }) => {
  const world = new World({ members: ['a', 'b', 'c'], raft })
  world.elect('a')
  world.cut.add('c>a')
  const { length } = world.sent('appendEntries').filter(({ to }) => to === 'c')
  for (let i = 1; i <= 1000; i++) {
    world.propose('a', i, 100)
    world.deliver()
  }
  expect(world.state('b').commitIndex).toBe(1001)
  expect(world.sent('appendEntries').filter(({ to }) => to === 'c').length - length).toBe(messages)
})

test('one append carries as many entries as fit, and at least one', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { maxMessageBytes: 500 } })
  world.elect('a')
  world.cut.add('a>c')
  for (let i = 1; i <= 9; i++) world.propose('a', i, 100)
  world.propose('a', 10, 2000)
  world.deliver()
  world.heal()
  const { length } = world.sent('appendEntries')
  world.run(1000)
  const sizes = world
    .sent('appendEntries')
    .slice(length)
    .filter(({ to }) => to === 'c')
    .map(({ entries }) => entries.length)
  expect(sizes.filter((size) => size > 0)).toEqual([3, 3, 3, 1])
  expect(world.state('c').commitIndex).toBe(11)
})
