import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: the commit index does not pass what is known to equal the leader's log (etcd's TestLogReplicationWithReorderedMessage).
// Method: a follower has entries of a dead leader; the new one's heartbeat, which verifies less, comes before its entries.
test("a heartbeat does not commit a dead leader's entries", () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.startAll()
  const old = [{ term: 1 }, { term: 1 }, { term: 1 }]
  const head = { type: 'appendEntries', round: 1 } as const
  world.raft('b').receive({ ...head, term: 1, prevLogIndex: 0, prevLogTerm: 0, entries: old, leaderCommit: 0 }, 'a')
  world.raft('b').receive({ ...head, term: 2, prevLogIndex: 1, prevLogTerm: 1, entries: [], leaderCommit: 3 }, 'c')
  expect(world.state('b').commitIndex).toBe(1)
  const entries = [{ term: 2 }, { term: 2 }]
  world.raft('b').receive({ ...head, term: 2, prevLogIndex: 1, prevLogTerm: 1, entries, leaderCommit: 2 }, 'c')
  expect(world.state('b').commitIndex).toBe(2)
  world.raft('b').receive({ ...head, term: 2, prevLogIndex: 3, prevLogTerm: 2, entries: [], leaderCommit: 9 }, 'c')
  expect(world.state('b').commitIndex).toBe(3)
})
