import { describe, expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { World } from './testing/world.ts'

// Goal: a membership is in force from where it is appended, by log and snapshot alone, so that nobody campaigns by one that
// is decided and "not applied yet" (etcd#7625, raft#456); and there is one change at a time. Method: look at each moment.
describe('a membership', () => {
  test('counts from the moment at which it is in the log, is told with its index, and is taken back with its entry', () => {
    const world = new World({ members: ['a', 'b', 'c', 'd'] })
    world.elect('a')
    world.partition(['a', 'b'], ['c', 'd'])
    expect(world.change('a', { type: 'remove', id: 'd' })).toEqual({ index: 2 })
    expect(world.raft('a').standing.membership.voters).toEqual(['a', 'b', 'c'])
    world.deliver()
    expect(world.raft('b').standing).toMatchObject({ decided: 2, membership: { voters: ['a', 'b', 'c'] } })

    // The next one is not decided: a and b go by it all the same, until it is truncated.
    world.partition(['a'], ['b', 'c', 'd'])
    expect(world.change('a', { type: 'remove', id: 'c' })).toEqual({ index: 3 })
    expect(world.raft('a').standing).toMatchObject({
      membership: voting(['a', 'b']),
      committedMembership: voting(['a', 'b', 'c']),
    })
    world.crash('a')
    world.start('a')
    expect(world.raft('a').standing.membership.voters).toEqual(['a', 'b', 'c'])
    world.run(5000)
    world.heal()
    world.run(5000)
    expect(world.raft('a').standing).toMatchObject({ membership: voting(['a', 'b', 'c']), leading: false })
  })

  test('is kept over a restart, decided or not', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.partition(['a'], ['b', 'c'])
    world.change('a', { type: 'remove', id: 'c' })
    world.deliver()
    world.crash('a')
    world.start('a')
    expect(world.raft('a').standing).toMatchObject({
      membership: voting(['a', 'b']),
      committedMembership: voting(['a', 'b', 'c']),
    })
    // b leads, and takes it back everywhere, the disk included.
    world.heal()
    world.fire('c', 'lease')
    world.elect('b')
    expect(world.raft('a').standing.membership).toEqual(voting(['a', 'b', 'c']))
    world.crash('a')
    world.start('a')
    expect(world.raft('a').standing.membership).toEqual(voting(['a', 'b', 'c']))
  })
})

test('a second change waits until the first one is decided', () => {
  const world = new World({ members: ['a', 'b', 'c', 'd', 'e'] })
  world.elect('a')
  expect(world.change('a', { type: 'remove', id: 'e' })).toEqual({ index: 2 })
  expect(world.change('a', { type: 'remove', id: 'd' })).toMatchObject({
    code: 'pending',
    message: 'the change at 2 is not committed: 1 is',
  })
  world.deliver()
  expect(world.change('a', { type: 'remove', id: 'd' })).toEqual({ index: 3 })
})
