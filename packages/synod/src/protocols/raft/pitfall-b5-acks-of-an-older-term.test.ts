import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: nobody counts twice, nor for what it acknowledged to an earlier leader (etcd's TestLeaderMsgAppSelfAckAfterTermChange).
// Method: acknowledgements are repeated, and replayed from the term before.
test('one follower that acknowledges twice is one follower', () => {
  const world = new World({ members: ['a', 'b', 'c', 'd', 'e'] })
  world.elect('a')
  world.partition(['a'])
  world.propose('a', 1)
  world.deliver()
  const { currentTerm: term, round, commitIndex } = world.state('a')
  const ack = { type: 'appended', term, matchIndex: 2, rejection: undefined, round } as const
  world.raft('a').receive(ack, 'b')
  world.raft('a').receive(ack, 'b')
  expect(world.state('a').commitIndex).toBe(commitIndex)
})

test('a leader that is elected again does not count its acknowledgement of the term before', () => {
  const world = new World({ members: ['a', 'b', 'c'], sync: [20, 20] })
  world.elect('a')
  world.partition(['a'])
  // On its way to the disk, and so is the acknowledgement to itself, when the term ends.
  world.propose('a', 1)
  const { currentTerm: old, round } = world.state('a')
  world.raft('a').resign()
  world.heal()
  for (const id of ['b', 'c']) world.fire(id, 'lease')
  world.fire('a', 'election')
  world.until(() => world.state('a').role === 'leader')
  expect(world.state('a').currentTerm).toBeGreaterThan(old)
  for (const id of ['a', 'b', 'c']) {
    world.raft('a').receive({ type: 'appended', term: old, matchIndex: 2, rejection: undefined, round }, id)
  }
  expect(Object.values(world.state('a').progress).map(({ matchIndex }) => matchIndex)).toEqual([0, 0, 0])
})

test('a leader does not count an entry that is not on its own disk', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.syncOf.set('a', [50, 50])
  world.partition(['a', 'b'], ['c'])
  world.propose('a', 1)
  world.run(49)
  expect(world.state('a')).toMatchObject({ commitIndex: 1, progress: { a: { matchIndex: 1 }, b: { matchIndex: 2 } } })
  world.run(2)
  expect(world.state('a').commitIndex).toBe(2)
})

test('a majority without the leader is a majority, however slow the disk of the leader', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.syncOf.set('a', [50, 50])
  world.propose('a', 1)
  world.run(10)
  expect(world.state('a').commitIndex).toBe(2)
})
