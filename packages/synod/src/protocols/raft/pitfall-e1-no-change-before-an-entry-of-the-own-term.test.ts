import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: changes of one membership by two leaders never lead to quorums without a common member (Ongaro's correction of
// his own §4.1, raft-dev, July 2015). Method: his counterexample, step by step.
test('a leader changes nothing before it has committed an entry of its term', () => {
  const world = new World({ members: ['s1', 's2', 's3', 's4'] })
  world.elect('s1')
  world.add('s5')
  world.start('s5')
  expect(world.change('s1', { type: 'addLearner', id: 's5', contact: '' })).toEqual({ index: 2 })
  world.run(300)

  // s1 makes s5 a voter, and nobody but s5 hears of it.
  world.partition(['s1', 's5'], ['s2', 's3', 's4'])
  expect(world.change('s1', { type: 'promote', id: 's5' })).toEqual({ index: 3 })
  world.deliver()
  expect(world.raft('s5').standing.membership.voters).toEqual(['s1', 's2', 's3', 's4', 's5'])

  // s2 is elected by s3 and s4, and from then on reaches s3 alone.
  world.fire('s2', 'lease')
  world.fire('s3', 'lease')
  world.fire('s4', 'lease')
  world.fire('s2', 'election')
  world.until(() => world.state('s2').role === 'leader')
  world.partition(['s1', 's5', 's4'], ['s2', 's3'])
  const removal = world.change('s2', { type: 'remove', id: 's1' })
  world.deliver()
  expect(removal).toMatchObject({ code: 'too-early', message: 'term 2 begins at 3, and 2 is committed' })

  // s1 comes back with s4 and s5, a quorum of five. Had s2 and s3 decided the removal, two leaders would decide differently.
  world.run(10_000)
  expect(world.leader()).toBe('s1')
  world.heal()
  world.run(5000)
  for (const id of world.members.keys()) {
    expect(world.raft(id).standing.committedMembership.voters).toEqual(['s1', 's2', 's3', 's4', 's5'])
  }
})
