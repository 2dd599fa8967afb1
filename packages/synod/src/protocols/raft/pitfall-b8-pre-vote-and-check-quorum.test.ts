import { describe, expect, test } from 'vitest'
import type { RaftOptions } from './options.ts'
import { World } from './testing/world.ts'

// Goal: with either option, both, none, and members that differ, the cluster is live, whatever terms it begins with
// (etcd#8498, #8501, TestPreVoteMigration).
// Method: every combination on every member, one of them with a term that ran ahead and a log that is too old to win; it
// is there from the start, or comes when the others have a leader, or is the only one left to make a majority with.
const settings = [
  { preVote: true, checkQuorum: true },
  { preVote: true, checkQuorum: false },
  { preVote: false, checkQuorum: true },
  { preVote: false, checkQuorum: false },
]

function withTermAhead(seed: number, most: Partial<RaftOptions>, one: Partial<RaftOptions>): World {
  const world = new World({ members: ['a', 'b', 'c'], seed, raft: most, delay: [1, 5], sync: [1, 5] })
  for (const id of ['a', 'b']) {
    const entries = [{ term: 1 }, { term: 2 }]
    world
      .member(id)
      .journal.push({ type: 'entries', currentTerm: 2, votedFor: undefined, prevIndex: 0, prevTerm: 0, entries })
    world.member(id).synced = 2
  }
  world.member('c').journal.push({ type: 'hardState', currentTerm: 20, votedFor: 'c' })
  world.member('c').synced = 2
  world.raftOf.set('c', one)
  return world
}

/** A leader whose log has everything, and all of `members` have it from there. */
function expectFollowed(world: World, members: readonly string[]): void {
  const leader = world.leader()
  expect(leader).toMatch(/[ab]/)
  const { length } = world.state(leader ?? '').log
  expect(length).toBeGreaterThan(2)
  for (const id of members) expect(world.state(id)).toMatchObject({ leader, commitIndex: length })
}

describe.each(settings)('members with preVote $preVote, checkQuorum $checkQuorum', (most) => {
  describe.each(settings)('and one with preVote $preVote, checkQuorum $checkQuorum, whose term ran ahead,', (one) => {
    test('elect a leader that all follow', () => {
      for (let seed = 1; seed <= 5; seed++) {
        const world = withTermAhead(seed, most, one)
        world.startAll()
        world.run(20_000)
        expectFollowed(world, ['a', 'b', 'c'])
      }
    })

    test('take it in when it comes later', () => {
      for (let seed = 1; seed <= 5; seed++) {
        const world = withTermAhead(seed, most, one)
        world.start('a')
        world.start('b')
        world.run(5000)
        world.start('c')
        world.run(20_000)
        expectFollowed(world, ['a', 'b', 'c'])
      }
    })

    test('elect a leader when it is the only other one left', () => {
      for (let seed = 1; seed <= 5; seed++) {
        const world = withTermAhead(seed, most, one)
        world.start('a')
        world.start('c')
        world.run(20_000)
        expectFollowed(world, ['a', 'c'])
      }
    })
  })
})
