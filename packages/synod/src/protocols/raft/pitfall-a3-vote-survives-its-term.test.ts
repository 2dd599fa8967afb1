import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a vote is never erased inside its term, not at a step-down either (hazelcast#16643).
// Method: a leader resigns, and somebody asks for its vote in the term that it voted in already.
test('a leader that steps down does not vote a second time in its term', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  const { currentTerm: term } = world.state('a')
  world.raft('a').resign()
  expect(world.state('a')).toMatchObject({ role: 'follower', currentTerm: term, votedFor: 'a', leader: undefined })
  world
    .raft('a')
    .receive({ type: 'requestVote', term, lastLogIndex: 9, lastLogTerm: term, preVote: false, transfer: false }, 'b')
  world.deliver()
  expect(world.sent('vote').at(-1)).toMatchObject({ from: 'a', to: 'b', granted: false })
})
