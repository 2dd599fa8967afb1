import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: the later last term wins, and only between equal terms the longer log (§5.4.1).
// Method: a table of candidates, asked of a voter whose log is 1 1 3.
test.each([
  { lastLogTerm: 2, lastLogIndex: 100, granted: false },
  { lastLogTerm: 3, lastLogIndex: 2, granted: false },
  { lastLogTerm: 3, lastLogIndex: 3, granted: true },
  { lastLogTerm: 3, lastLogIndex: 4, granted: true },
  { lastLogTerm: 4, lastLogIndex: 1, granted: true },
])('a log that ends $lastLogIndex/$lastLogTerm gets the vote of one that ends 3/3: $granted', (row) => {
  for (const preVote of [true, false]) {
    const world = new World({ members: ['a', 'b', 'c'] })
    const entries = [{ term: 1 }, { term: 1 }, { term: 3 }]
    world
      .member('a')
      .journal.push({ type: 'entries', currentTerm: 4, votedFor: undefined, prevIndex: 0, prevTerm: 0, entries })
    world.member('a').synced = 2
    world.startAll()
    const { lastLogIndex, lastLogTerm, granted } = row
    world.raft('a').receive({ type: 'requestVote', term: 5, lastLogIndex, lastLogTerm, preVote, transfer: false }, 'b')
    world.deliver()
    expect(world.sent('vote')).toMatchObject([{ granted, preVote }])
  }
})
