import { describe, expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: who is asked votes, since it may not know yet that it is a voter (etcd's campaign_learner_must_vote); and a learner
// never campaigns (redpanda#8495, NuRaft#553). Method: a learner whose promotion everybody but itself has.
describe('a learner', () => {
  test('votes when it is asked, or nobody could be elected', () => {
    const world = new World({ members: ['a', 'b'] })
    world.elect('a')
    world.add('c')
    world.start('c')
    world.change('a', { type: 'addLearner', id: 'c', contact: '' })
    world.run(300)
    world.cut.add('a>c')
    expect(world.change('a', { type: 'promote', id: 'c' })).toEqual({ index: 3 })
    world.deliver()
    // b knows three voters; a is gone, and c goes by a membership of which it is no voter.
    world.crash('a')
    expect(world.raft('c').standing.membership).toMatchObject({ voters: ['a', 'b'], learners: ['c'] })
    world.run(10_000)
    expect(world.leader()).toBe('b')
  })

  test('does not campaign, does not lead when it is asked to, and knows when there is no leader', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.change('a', { type: 'demote', id: 'c' })
    world.run(300)
    expect(world.raft('a').transfer('c')).toBe(false)
    expect(world.raft('a').transfer()).toBe(true)
    world.run(300)
    expect(world.leader()).toBe('b')
    world.crash('a')
    world.crash('b')
    world.run(60_000)
    expect(world.sent('requestVote').filter(({ from }) => from === 'c')).toEqual([])
    expect(world.raft('c').standing).toMatchObject({ leader: undefined, term: 2 })
    // What its leader of old would have said arrives late.
    world.raft('c').receive({ type: 'timeoutNow', term: 2 }, 'b')
    expect(world.sent('requestVote').filter(({ from }) => from === 'c')).toEqual([])
  })

  test('does not count: not for commitment, not for reads, not for the check of the quorum', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.change('a', { type: 'demote', id: 'c' })
    world.run(300)
    world.partition(['a', 'c'], ['b'])
    const { decided } = world.raft('a').standing
    world.propose('a', 1)
    world.read('a', 1)
    world.run(500)
    expect(world.raft('a').standing.decided).toBe(decided)
    expect(world.happenings.some(({ type }) => type === 'readable')).toBe(false)
    expect(world.raft('c').standing.lastIndex).toBe(decided + 1)
    world.run(2000)
    expect(world.raft('a').standing.leading).toBe(false)
  })
})
