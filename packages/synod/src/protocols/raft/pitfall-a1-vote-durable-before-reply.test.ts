import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a vote, and a request for one, leaves only when it is on disk (Figure 2, "before responding to RPCs").
// Method: disks so slow that nothing is synced while we look; then power fails, and the vote is asked for again.
const ask = { type: 'requestVote', term: 1, lastLogIndex: 0, lastLogTerm: 0, preVote: false, transfer: false } as const

test('a vote does not leave before it is durable', () => {
  const world = new World({ members: ['a', 'b', 'c'], sync: [50, 50] })
  world.startAll()
  world.raft('a').receive(ask, 'b')
  world.run(49)
  expect(world.state('a').votedFor).toBe('b')
  expect(world.sent('vote')).toEqual([])
  world.run(2)
  expect(world.sent('vote')).toMatchObject([{ from: 'a', to: 'b', granted: true }])
})

test('a candidate does not ask for votes before its own is durable', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { preVote: false }, sync: [50, 50] })
  world.startAll()
  world.fire('a', 'election')
  world.run(49)
  expect(world.sent('requestVote')).toEqual([])
  expect(world.state('a').votes).toEqual({})
  world.run(2)
  expect(world.sent('requestVote')).toHaveLength(2)
})

test('after a loss of power the vote that left is still there', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.startAll()
  world.raft('a').receive(ask, 'b')
  world.deliver()
  world.crash('a')
  world.start('a')
  world.raft('a').receive(ask, 'c')
  world.deliver()
  expect(world.sent('vote')).toMatchObject([
    { to: 'b', granted: true },
    { to: 'c', granted: false },
  ])
})
