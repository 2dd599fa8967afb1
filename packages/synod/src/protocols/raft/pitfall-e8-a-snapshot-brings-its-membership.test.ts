import { describe, expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { World } from './testing/world.ts'

// Goal: a snapshot carries the membership that was decided at its index, and that replaces whatever the log of whoever
// installs it said (openraft#1808, etcd#10864). Method: a member with a change of its own that nobody decided.
describe('a snapshot', () => {
  test('replaces an undecided membership', () => {
    const world = new World({ members: ['a', 'b', 'c', 'd', 'e'] })
    world.elect('a')
    world.partition(['a'], ['b', 'c', 'd', 'e'])
    for (let i = 1; i <= 5; i++) world.propose('a', i)
    expect(world.change('a', { type: 'remove', id: 'b' }, { type: 'remove', id: 'c' })).toEqual({ index: 7 })
    expect(world.raft('a').standing.membership.outgoing).toEqual(['a', 'b', 'c', 'd', 'e'])
    world.run(5000)
    const leader = world.leader() ?? ''
    expect(world.change(leader, { type: 'demote', id: 'a' })).toHaveProperty('index')
    world.run(500)
    world.compact(leader)
    world.heal()
    world.run(5000)
    expect(world.happenings.some((one) => one.type === 'installed' && one.node === 'a')).toBe(true)
    const { membership, committedMembership } = world.raft('a').standing
    expect(membership).toEqual({ ...voting(['b', 'c', 'd', 'e']), learners: ['a'] })
    expect(committedMembership).toEqual(membership)
    // On the disk too; and a, a learner since, does not campaign.
    world.crash('a')
    world.start('a')
    expect(world.raft('a').standing.membership).toEqual(membership)
    world.run(20_000)
    expect(world.state('a').role).toBe('follower')
  })

  test('does not contain a membership that is not decided at its index', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.partition(['a'], ['b', 'c'])
    world.change('a', { type: 'remove', id: 'c' })
    world.deliver()
    world.compact('a')
    expect(world.state('a').snapshot).toMatchObject({ index: 1, membership: voting(['a', 'b', 'c']) })
    expect(world.raft('a').standing.membership).toEqual(voting(['a', 'b']))
    world.crash('a')
    world.start('a')
    expect(world.raft('a').standing).toMatchObject({
      membership: voting(['a', 'b']),
      committedMembership: voting(['a', 'b', 'c']),
    })
  })

  test('in a joint phase brings all of it, and the phase goes on from there', () => {
    const world = new World({ members: ['a', 'b', 'c'], raft: { maxMessageBytes: 64 } })
    world.elect('a')
    for (const id of ['d', 'e']) {
      world.add(id)
      world.change('a', { type: 'addLearner', id, contact: id })
      world.deliver()
    }
    world.start('d')
    world.run(500)
    expect(world.change('a', { type: 'promote', id: 'd' }, { type: 'demote', id: 'b' })).toEqual({ index: 4 })
    world.until(() => world.raft('a').standing.decided === 4)
    world.compact('a')
    const joint = world.state('a').snapshot?.membership
    expect(joint).toMatchObject({
      outgoing: ['a', 'b', 'c'],
      learnersNext: ['b'],
      autoLeave: true,
      contacts: { e: 'e' },
    })
    world.start('e')
    world.until(() => world.state('e').snapshot !== undefined, true)
    expect(world.state('e').snapshot?.membership).toEqual(joint)
    world.run(2000)
    for (const id of world.members.keys()) {
      expect(world.raft(id).standing.committedMembership).toMatchObject({
        voters: ['a', 'c', 'd'],
        outgoing: [],
        learners: ['b', 'e'],
      })
    }
  })
})
