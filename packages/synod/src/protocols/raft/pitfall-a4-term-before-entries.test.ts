import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: entries are never durable without the term in which they were taken (openraft's io_ordering.md).
// Method: a follower takes entries of a later term; whatever part of its journal survives, no entry is of a later term than its own.
test('no loss of power leaves an entry of a later term than the own', () => {
  for (let keep = 0; keep < 4; keep++) {
    const world = new World({ members: ['a', 'b', 'c'], sync: [1000, 1000] })
    world.startAll()
    const entries = [{ term: 5 }]
    world
      .raft('a')
      .receive(
        { type: 'appendEntries', term: 5, prevLogIndex: 0, prevLogTerm: 0, entries, leaderCommit: 0, round: 1 },
        'b',
      )
    expect(world.sent('appended')).toEqual([])
    world.crash('a', keep)
    world.start('a')
    const { log, currentTerm } = world.state('a')
    expect(log.every(({ term }) => term <= currentTerm)).toBe(true)
    if (keep === 3) expect(log).toEqual(entries)
  }
})
