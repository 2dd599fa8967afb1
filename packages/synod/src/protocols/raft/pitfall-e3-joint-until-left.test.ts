import { describe, expect, test } from 'vitest'
import { isJoint } from '../../core/index.ts'
import { World } from './testing/world.ts'

// Goal: in a joint phase elections and commitment need both majorities, and whoever leads ends it (Ongaro §4.3).
// Method: {a, b, c} becomes {a, d, e} at once, and is stopped between the two halves.
function joint(): World {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  for (const id of ['d', 'e']) {
    world.add(id)
    world.start(id)
    world.change('a', { type: 'addLearner', id, contact: '' })
    world.run(300)
  }
  // Everybody has C_old,new, and nobody knows that it is committed.
  expect(
    world.change(
      'a',
      { type: 'promote', id: 'd' },
      { type: 'promote', id: 'e' },
      { type: 'remove', id: 'b' },
      { type: 'remove', id: 'c' },
    ),
  ).toEqual({ index: 4 })
  expect(world.raft('a').standing.membership).toMatchObject({
    voters: ['a', 'd', 'e'],
    outgoing: ['a', 'b', 'c'],
    autoLeave: true,
  })
  world.cut.add('b>a').add('c>a').add('d>a').add('e>a')
  world.deliver()
  for (const id of ['b', 'c', 'd', 'e']) expect(isJoint(world.raft(id).standing.membership)).toBe(true)
  expect(world.raft('a').standing.decided).toBe(3)
  world.heal()
  return world
}

describe('C_old,new', () => {
  test.each([
    ['the new', ['a', 'd', 'e']],
    ['the old', ['a', 'b', 'c']],
  ])('is not committed by a majority of %s voters alone', (_, some) => {
    const world = joint()
    world.partition(some)
    world.run(900)
    expect(world.raft('a').standing.decided).toBe(3)
  })

  test.each([
    ['the new', 'd', ['a', 'd', 'e'], false],
    ['the old', 'b', ['a', 'b', 'c'], false],
    ['both sides', 'd', ['b', 'c', 'd', 'e'], true],
  ])('elects nobody by a majority of %s voters alone, and somebody by both', (_, candidate, some, elected) => {
    const world = joint()
    world.crash('a')
    if (some.includes('a')) world.start('a')
    world.partition(some)
    for (const id of some) world.fire(id, 'lease')
    world.fire(candidate, 'election')
    world.deliver()
    expect(world.state(candidate).role === 'leader').toBe(elected)
  })

  test('is left by the leader that comes next, an outgoing one too, which then makes way', () => {
    const world = joint()
    world.crash('a')
    world.fire('b', 'lease')
    for (const id of ['c', 'd', 'e']) world.fire(id, 'lease')
    world.fire('b', 'election')
    world.until(() => world.state('b').role === 'leader')
    world.run(5000)
    for (const id of ['b', 'c', 'd', 'e']) {
      expect(world.raft(id).standing.committedMembership).toMatchObject({ voters: ['a', 'd', 'e'], outgoing: [] })
    }
    expect(['d', 'e']).toContain(world.leader())
  })
})
