import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a leader that sends but does not hear gives up, and a follower that does not hear does not disturb (Cloudflare 2020-11-02).
// Method: links cut one way only, for a minute; somebody must decide commands, and the leaders must be few.
test('a leader that hears nobody makes way for one that does', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.cut.add('b>a').add('c>a')
  world.run(60_000)
  const leader = world.leader() ?? ''
  expect(['b', 'c']).toContain(leader)
  expect(world.propose(leader, 1)).toBe(true)
  world.run(1000)
  expect(world.member(leader).machine.commands).toEqual([`${leader}1`])
  expect(world.state('a').role).not.toBe('leader')
})

test('a follower that does not hear its leader does not depose it', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.cut.add('a>c')
  world.run(60_000)
  expect(world.leader()).toBe('a')
  expect(world.state('a').currentTerm).toBe(1)
})
