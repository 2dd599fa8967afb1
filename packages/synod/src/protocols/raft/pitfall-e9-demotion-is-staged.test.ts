import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a voter that becomes a learner in a joint change counts as an outgoing voter until the phase is over (etcd's
// learners_next). Method: a and b go down while c and d come up; the phase is stopped in the middle.
test('a voter that is demoted in a joint phase votes to its end', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.add('d')
  world.start('d')
  world.change('a', { type: 'addLearner', id: 'd', contact: '' })
  world.run(300)
  expect(world.change('a', { type: 'promote', id: 'd' }, { type: 'demote', id: 'b' })).toEqual({ index: 3 })
  expect(world.raft('a').standing.membership).toMatchObject({
    voters: ['a', 'c', 'd'],
    outgoing: ['a', 'b', 'c'],
    learners: [],
    learnersNext: ['b'],
  })
  // Of a, b and c only a and b have it: b counts on the old side, and d, with a, on the new one.
  world.partition(['a', 'b', 'd'], ['c'])
  world.deliver()
  expect(world.raft('a').standing.committedMembership).toMatchObject({
    voters: ['a', 'c', 'd'],
    outgoing: [],
    learners: ['b'],
    learnersNext: [],
  })
  // And no longer after it.
  world.partition(['a', 'b'], ['c', 'd'])
  const { decided } = world.raft('a').standing
  world.propose('a', 1)
  world.run(500)
  expect(world.raft('a').standing.decided).toBe(decided)
})
