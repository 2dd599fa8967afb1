import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a leader that is removed, or demoted, leads until that is committed, does not count itself, steps down, and does
// not run again (Ongaro §4.2.2; logcabin#205, raft#79). Method: each in turn.
test('a leader leads until its removal is committed, without counting itself', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.partition(['a', 'b'], ['c'])
  expect(world.change('a', { type: 'remove', id: 'a' })).toEqual({ index: 2 })
  world.deliver()
  // a and b have it: of b and c that is one.
  expect(world.raft('a').standing).toMatchObject({ leading: true, decided: 1 })
  expect(world.propose('a', 1)).toBe(true)
  world.heal()
  world.run(300)
  expect(world.raft('a').standing).toMatchObject({ leading: false, decided: 3 })
  expect(world.state('b').commitIndex).toBeGreaterThanOrEqual(2)
})

test.each(['remove', 'demote'] as const)('after "%s" somebody else leads at once, and it never runs again', (type) => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.change('a', { type, id: 'a' })
  world.deliver()
  const leader = world.leader()
  expect(['b', 'c']).toContain(leader)
  expect(world.propose(leader ?? '', 1)).toBe(true)
  const asked = world.sent('requestVote').length
  world.run(60_000)
  expect(world.leader()).toBe(leader)
  expect(
    world
      .sent('requestVote')
      .slice(asked)
      .filter(({ from }) => from === 'a'),
  ).toEqual([])
})

test('after a restart it does not know that this was decided, and nobody listens to it', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.change('a', { type: 'remove', id: 'a' })
  world.deliver()
  const { leader, term } = world.raft('b').standing
  world.crash('a')
  world.start('a')
  world.run(60_000)
  expect(world.state('a').role).toBe('preCandidate')
  for (const id of ['b', 'c']) expect(world.raft(id).standing).toMatchObject({ leader, term })
})

test('its reads need a quorum of the others', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.partition(['a', 'b'], ['c'])
  world.change('a', { type: 'remove', id: 'a' })
  world.read('a', 1)
  world.deliver()
  const isAnswered = (): boolean => world.happenings.some(({ type }) => type === 'readable')
  expect(isAnswered()).toBe(false)
  world.heal()
  world.until(isAnswered, true)
})
