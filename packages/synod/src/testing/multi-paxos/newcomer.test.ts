import { expect, test } from 'vitest'
import { electionTimeout, EngineWorld } from '../log-engine/engine-world.ts'
import { multiPaxosParts } from './multi-paxos-parts.ts'

// Goal: who joins on an empty disk, which names nobody, needs the first members for the first α slots like everybody else. Method: it is
// made a voter in slot 3, is the only one to have a command in slot 4, is elected, and is then alone.
test('a newcomer decides nothing alone', () => {
  const parts = multiPaxosParts({ electionTimeoutMin: electionTimeout, heartbeatInterval: electionTimeout / 5 })
  const world = new EngineWorld(parts, { members: ['a', 'b', 'c'], seed: 1, delay: [1, 2] })
  const standing = (id: string): ReturnType<typeof world.engine>['standing'] => world.engine(id).standing
  world.startAll()
  world.fire('a', 'election')
  expect(world.until(() => world.leader() === 'a' && standing('a').decided >= 1)).toBe(true)
  world.add('d')
  world.start('d')
  expect(world.change('a', { type: 'addLearner', id: 'd', contact: 'd' })).toHaveProperty('index')
  world.run(electionTimeout)
  expect(world.change('a', { type: 'promote', id: 'd' })).toEqual({ index: 3 })
  expect(world.until(() => ['b', 'c'].every((id) => standing(id).lastIndex === 3))).toBe(true)
  world.cut.add('a>b').add('a>c')
  expect(world.propose('a', 42)).toBe(true)
  expect(world.until(() => standing('d').membership.voters.includes('d') && standing('d').lastIndex >= 4)).toBe(true)
  world.crash('a')
  world.run(electionTimeout)
  world.fire('d', 'election')
  expect(world.until(() => world.leader() === 'd')).toBe(true)
  world.partition(['b', 'c'], ['d'])
  world.run(5)
  expect(standing('d').decided).toBe(3)
  const led = (): boolean => ['b', 'c'].some((id) => standing(id).leading)
  expect(world.until(led)).toBe(true)
  world.run(2 * electionTimeout)
  expect(standing('b').decided).toBeGreaterThan(3)
})
