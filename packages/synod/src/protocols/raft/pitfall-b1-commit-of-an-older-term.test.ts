import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: an entry of an older term is not committed by being on a majority (§5.4.2, Figure 8; testdata/figure-8.txt has the story).
// Method: the answer of a follower brings an old entry onto a majority, while the leader's own entry is on one disk only.
test('a majority that has an entry of an older term does not commit it', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { preVote: false } })
  for (const id of ['a', 'b']) {
    world.member(id).journal.push({
      type: 'entries',
      currentTerm: 2,
      votedFor: undefined,
      prevIndex: 0,
      prevTerm: 0,
      entries: [{ term: 1 }, { term: 2 }],
    })
    world.member(id).synced = 2
  }
  world.startAll()
  world.fire('a', 'election')
  world.until(() => world.state('a').role === 'leader')
  world.partition(['a'])
  world.deliver()
  const { currentTerm: term } = world.state('a')
  world.raft('a').receive({ type: 'appended', term, matchIndex: 2, rejection: undefined, round: 1 }, 'b')
  expect(world.state('a')).toMatchObject({ role: 'leader', commitIndex: 0 })
  world.raft('a').receive({ type: 'appended', term, matchIndex: 3, rejection: undefined, round: 1 }, 'b')
  expect(world.state('a').commitIndex).toBe(3)
})
