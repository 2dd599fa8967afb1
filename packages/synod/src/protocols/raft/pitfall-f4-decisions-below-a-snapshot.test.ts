import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: what a member had under way and what a snapshot contains is not decided here a second time, and the member is
// told of the snapshot, so that it can answer whoever waits (openraft#1761).
// Method: a leader's command is cut off, decided by nobody, and its place is inside the snapshot that it gets back with.
test('a snapshot is installed once, and decisions go on behind it', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.partition(['a'], ['b', 'c'])
  world.propose('a', 1)
  world.run(5000)
  const leader = world.leader() ?? ''
  for (let i = 2; i <= 5; i++) world.propose(leader, i)
  world.deliver()
  world.compact(leader)
  const before = world.happenings.length
  world.heal()
  world.run(2000)
  world.propose(leader, 6)
  world.deliver()
  const told = world.happenings.slice(before).filter((happening) => 'node' in happening && happening.node === 'a')
  const outcomes = told.filter(({ type }) => type === 'installed' || type === 'decided')
  expect(outcomes.map(({ type }) => type)).toEqual(['installed', 'decided'])
  expect(world.member('a').machine.commands).toEqual([2, 3, 4, 5, 6].map((i) => `${leader}${i}`))
})
