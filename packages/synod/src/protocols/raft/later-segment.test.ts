import { describe, expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import type { Durable } from './messages.ts'
import { World } from './testing/world.ts'

// Goal: a log whose first segments are cut goes on from its snapshot, whatever came after the head it begins with.
// Method: a member is started on a journal that is written by hand.

describe('a journal that begins at a later segment', () => {
  const memberships = [{ index: 0, membership: voting(['a', 'b', 'c']) }]
  const snapshot = { index: 12, term: 2, membership: voting(['a', 'b', 'c']) }
  const head: Durable = {
    type: 'checkpoint',
    currentTerm: 2,
    votedFor: undefined,
    last: { index: 10, term: 1 },
    snapshot: undefined,
    memberships,
    repair: undefined,
  }

  function started(...journal: Durable[]): World {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.member('b').journal = journal
    world.member('b').synced = journal.length
    world.snapshots.set(12, { applied: 12, commands: [] })
    world.start('b')
    return world
  }

  test('goes back behind its head when a new leader did', () => {
    const world = started(
      head,
      {
        type: 'entries',
        currentTerm: 2,
        votedFor: undefined,
        prevIndex: 7,
        prevTerm: 1,
        entries: Array.from({ length: 8 }, () => ({ term: 2 })),
      },
      { type: 'snapshot', currentTerm: 2, votedFor: undefined, snapshot, through: { index: 11, term: 2 } },
    )
    expect(world.raft('b').standing).toMatchObject({ lastIndex: 15, compacted: 11, decided: 12, repairing: false })
  })

  test('begins with a snapshot that lies beyond the log', () => {
    const world = started(head, {
      type: 'snapshot',
      currentTerm: 2,
      votedFor: undefined,
      snapshot,
      through: { index: 12, term: 2 },
    })
    expect(world.raft('b').standing).toMatchObject({ lastIndex: 12, compacted: 12, decided: 12, repairing: false })
  })

  test('and lost the record of its newest snapshot has entries missing between the two, and asks its peers for them', () => {
    const world = started(head, {
      type: 'entries',
      currentTerm: 2,
      votedFor: undefined,
      prevIndex: 10,
      prevTerm: 1,
      entries: [{ term: 2 }],
    })
    expect(world.raft('b').standing).toMatchObject({ lastIndex: 0, compacted: 0, decided: 0, repairing: true })
    expect(world.state('b').repair).toMatchObject({ through: 11, bounded: true })
  })
})
