import { describe, expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: with either option, both, none, and members that differ, the cluster is live, whatever terms it begins with
// (etcd#8498, #8501, TestPreVoteMigration).
// Method: every combination on every member, one of them with a term that ran ahead and a log that is too old to win.
const settings = [
  { preVote: true, checkQuorum: true },
  { preVote: true, checkQuorum: false },
  { preVote: false, checkQuorum: true },
  { preVote: false, checkQuorum: false },
]

describe.each(settings)('members with preVote $preVote, checkQuorum $checkQuorum', (most) => {
  test.each(settings)(
    'and one with preVote $preVote, checkQuorum $checkQuorum, whose term ran ahead, elect a leader all follow',
    (one) => {
      for (let seed = 1; seed <= 5; seed++) {
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
        world.startAll()
        world.run(20_000)
        const leader = world.leader()
        expect(leader).toMatch(/[ab]/)
        const { length } = world.state(leader ?? '').log
        expect(length).toBeGreaterThan(2)
        for (const id of ['a', 'b', 'c']) expect(world.state(id)).toMatchObject({ leader, commitIndex: length })
      }
    },
  )
})
