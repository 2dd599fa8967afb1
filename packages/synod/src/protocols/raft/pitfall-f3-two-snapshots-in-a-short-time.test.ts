import { expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { World } from './testing/world.ts'

// Goal: snapshots that follow each other quickly end in one state that goes on (etcd#18055).
// Method: two of them arrive, in either order and twice, and what follows them arrives before and after.
const membership = voting(['a', 'b', 'c'])

test.each([[[5, 8]], [[8, 5]], [[5, 5, 8, 8]], [[8, 5, 8]]])('snapshots at %j leave the newest state', (order) => {
  const world = new World({ members: ['a', 'b', 'c'] })
  for (const index of [5, 8]) {
    world.snapshots.set(index, { applied: index, commands: Array.from({ length: index }, (_, i) => `x${i}`) })
  }
  world.startAll()
  for (const index of order) {
    const snapshot = { index, term: 1, membership }
    world.raft('c').receive({ type: 'installSnapshot', term: 1, snapshot, round: 1 }, 'a')
  }
  expect(world.state('c')).toMatchObject({ commitIndex: 8, compacted: { index: 8, term: 1 }, log: [] })
  expect(world.member('c').machine.applied).toBe(8)
  const entries = [{ term: 1 }, { term: 1 }]
  world
    .raft('c')
    .receive(
      { type: 'appendEntries', term: 1, prevLogIndex: 7, prevLogTerm: 1, entries, leaderCommit: 9, round: 2 },
      'a',
    )
  expect(world.member('c').machine.applied).toBe(9)
  world.deliver()
  world.crash('c')
  world.start('c')
  expect(world.state('c')).toMatchObject({ commitIndex: 8, log: [{ term: 1 }] })
})

test('a leader that takes a second snapshot offers at most the two newest', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.partition(['a', 'b'], ['c'])
  for (let i = 1; i <= 3; i++) {
    world.propose('a', i)
    world.deliver()
  }
  world.compact('a')
  world.cut.delete('c>a')
  world.cut.add('a>c')
  const { currentTerm: term } = world.state('a')
  for (let i = 0; i < 3; i++) {
    world.fire('a', 'heartbeat')
    world
      .raft('a')
      .receive({ type: 'appended', term, matchIndex: 1, rejection: undefined, round: world.state('a').round }, 'c')
  }
  expect(world.state('a').progress['c']).toMatchObject({ mode: 'snapshot', snapshot: { index: 4 } })
  world.propose('a', 4)
  world.deliver()
  world.compact('a')
  expect(world.state('a').progress['c']).toMatchObject({ snapshot: { index: 4 } })
  world.propose('a', 5)
  world.deliver()
  world.compact('a')
  expect(world.state('a').progress['c']).toMatchObject({ snapshot: { index: 6 } })
  expect(world.state('a').compacted.index).toBe(6)
})
