import { describe, expect, test } from 'vitest'
import { electionTimeout, EngineWorld } from '../log-engine/engine-world.ts'
import { multiPaxosParts } from './multi-paxos-parts.ts'

// Goal: once anybody takes the old voters for removed, and they may be gone for good, those that stay know durably that they are
// needed no more. Method: a change is made while disks are slow; as soon as the first one goes by the new membership alone, all
// lose their power, and the removed ones never come back.
const parts = multiPaxosParts({
  electionTimeoutMin: electionTimeout,
  heartbeatInterval: electionTimeout / 5,
  alpha: 2,
})

const changes = [
  { what: 'one of two is removed', members: 'ab', learners: '', remove: 'b', deaf: '' },
  {
    what: 'two of three are replaced, and one of the new ones is cut off',
    members: 'abc',
    learners: 'de',
    remove: 'bc',
    deaf: 'e',
  },
]

describe.each(changes)('$what', ({ members, learners, remove, deaf }) => {
  test.each([1, 2, 3, 4, 5, 6])('and all lose their power, seed %i', (seed) => {
    const world = new EngineWorld(parts, { members: members.split(''), seed, delay: [1, 2] })
    world.startAll()
    world.fire('a', 'election')
    expect(world.until(() => world.leader() === 'a')).toBe(true)
    for (const id of learners) {
      world.add(id)
      world.start(id)
      expect(world.until(() => 'index' in world.change('a', { type: 'addLearner', id, contact: id }))).toBe(true)
      world.run(electionTimeout)
    }
    for (const id of deaf) world.cut.add(`a>${id}`)
    world.options = { ...world.options, sync: [1, 30] }
    const promoted = learners.split('').map((id) => ({ type: 'promote', id }) as const)
    const removed = remove.split('').map((id) => ({ type: 'remove', id }) as const)
    expect(world.until(() => 'index' in world.change('a', ...promoted, ...removed))).toBe(true)
    const isRemoved = (id: string): boolean => {
      const { voters, outgoing } = world.engine(id).standing.membership
      return outgoing.length === 0 && !voters.includes(id)
    }
    expect(world.until(() => removed.some(({ id }) => isRemoved(id)))).toBe(true)
    for (const id of world.members.keys()) world.crash(id)
    world.heal()
    for (const id of world.members.keys()) if (!remove.includes(id)) world.start(id)
    expect(world.until(() => world.leader() !== undefined)).toBe(true)
    expect(world.until(() => world.propose(world.leader() ?? 'a', 1))).toBe(true)
  })
})
