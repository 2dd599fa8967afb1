import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: leadership is confirmed by answers to what was sent after the read arrived, and an id is used once (etcd#20418).
// Method: answers that were on their way when the read came; a deposed leader that does not know it; an id used again.
const readable = (world: World): unknown[] => world.happenings.filter(({ type }) => type === 'readable')

test('answers to an older round confirm nothing', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  const { currentTerm: term, round } = world.state('a')
  world.partition(['a'])
  world.read('a', 1)
  for (const from of ['b', 'c']) {
    world.raft('a').receive({ type: 'appended', term, matchIndex: 1, rejection: undefined, round }, from)
  }
  expect(readable(world)).toEqual([])
  world.raft('a').receive({ type: 'appended', term, matchIndex: 1, rejection: undefined, round: round + 1 }, 'b')
  expect(readable(world)).toHaveLength(1)
})

test('a deposed leader never answers a read, and says so', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.partition(['a'], ['b', 'c'])
  world.run(1500)
  world.fire('b', 'election')
  world.deliver()
  world.propose('b', 1)
  world.deliver()
  const asked = world.read('a', 1)
  world.run(5000)
  expect(readable(world)).toEqual([])
  if (asked) expect(world.happenings).toContainEqual({ type: 'unreadable', node: 'a', id: 1 })
})

test('reads that wait share one round, and one that comes meanwhile waits for the next', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  const { round } = world.state('a')
  for (const id of [1, 2, 3, 4]) world.read('a', id)
  world.deliver()
  expect(readable(world)).toHaveLength(4)
  expect(world.state('a').round).toBe(round + 2)
})

test('a cluster of one answers, once an entry of its term is committed', () => {
  const world = new World({ members: ['a'] })
  world.startAll()
  world.until(() => world.state('a').role === 'leader')
  world.read('a', 1)
  expect(readable(world)).toEqual([])
  world.deliver()
  expect(readable(world)).toEqual([{ type: 'readable', node: 'a', id: 1, index: 1 }])
})

test('an id that is used again stops the member', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.partition(['a'])
  world.read('a', 1)
  expect(() => world.read('a', 1)).toThrow('the id of a read is never used twice')
})
