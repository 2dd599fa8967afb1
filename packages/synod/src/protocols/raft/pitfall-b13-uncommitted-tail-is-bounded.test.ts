import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a leader without a quorum does not fill its disk (etcd's TestRawNodeBoundedLogGrowthWithPartition).
// Method: commands of 100 bytes against a bound of 1000, with the quorum away; and one command larger than the bound.
test('a leader that cannot commit refuses commands beyond the bound, and takes them again afterwards', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { maxUncommittedBytes: 1000, checkQuorum: false } })
  world.elect('a')
  world.partition(['a'])
  let taken = 0
  while (taken < 1000 && world.propose('a', taken + 1, 100)) taken++
  expect(taken).toBe(6)
  expect(world.state('a').log).toHaveLength(7)
  world.heal()
  world.run(1000)
  expect(world.state('a')).toMatchObject({ commitIndex: 7, uncommittedBytes: 0 })
  expect(world.propose('a', 100, 100)).toBe(true)
})

test('an empty tail takes one command, however large', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { maxUncommittedBytes: 1000 } })
  world.elect('a')
  expect(world.propose('a', 1, 5000)).toBe(true)
  expect(world.propose('a', 2, 1)).toBe(false)
  world.deliver()
  expect(world.propose('a', 2, 1)).toBe(true)
})
