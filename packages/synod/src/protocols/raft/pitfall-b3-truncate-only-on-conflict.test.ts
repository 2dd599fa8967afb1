import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a late or shorter append does not cut off what was acknowledged since (async-raft fix 9540c904).
// Method: the first of three appends arrives once more, after the third.
test('an old append leaves the entries behind it where they are', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.startAll()
  const head = { type: 'appendEntries', term: 1, leaderCommit: 0, round: 1 } as const
  const first = { ...head, prevLogIndex: 0, prevLogTerm: 0, entries: [{ term: 1 }] }
  world.raft('b').receive(first, 'a')
  world.raft('b').receive({ ...head, prevLogIndex: 1, prevLogTerm: 1, entries: [{ term: 1 }, { term: 1 }] }, 'a')
  world.raft('b').receive(first, 'a')
  world.raft('b').receive({ ...head, prevLogIndex: 0, prevLogTerm: 0, entries: [] }, 'a')
  world.deliver()
  expect(world.state('b').log).toHaveLength(3)
  expect(world.sent('appended').map(({ matchIndex }) => matchIndex)).toEqual([1, 3, 3, 3])
  expect(world.member('b').durable.log).toHaveLength(3)
})

test('a conflict cuts off the entry and all that follow it', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.startAll()
  const head = { type: 'appendEntries', leaderCommit: 0, round: 1 } as const
  const old = [{ term: 1 }, { term: 1 }, { term: 1 }]
  world.raft('b').receive({ ...head, term: 1, prevLogIndex: 0, prevLogTerm: 0, entries: old }, 'a')
  world.raft('b').receive({ ...head, term: 2, prevLogIndex: 1, prevLogTerm: 1, entries: [{ term: 2 }] }, 'c')
  expect(world.state('b').log).toEqual([{ term: 1 }, { term: 2 }])
})
