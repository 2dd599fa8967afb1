import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a follower that is getting a snapshot finds the entries behind it when it has it (hashicorp#212), and one that is
// gone does not hold up compaction for ever. Method: a snapshot on its way, and another compaction meanwhile.
function lagging(): World {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.partition(['a', 'b'], ['c'])
  for (let i = 1; i <= 5; i++) world.propose('a', i)
  world.deliver()
  world.compact('a')
  world.heal()
  world.fire('a', 'heartbeat')
  world.deliver()
  world.fire('a', 'heartbeat')
  world.until(() => world.sent('installSnapshot').length > 0)
  return world
}

test('the log behind a snapshot that is on its way is kept', () => {
  const world = lagging()
  const [offered] = world.sent('installSnapshot')
  const held = world.packets.filter(({ message }) => message.type === 'installSnapshot')
  world.packets = world.packets.filter((packet) => !held.includes(packet))
  for (let i = 6; i <= 9; i++) world.propose('a', i)
  world.deliver()
  world.compact('a')
  expect(world.state('a').compacted.index).toBe(offered?.snapshot.index)
  world.packets.push(...held)
  world.deliver()
  expect(world.state('c').commitIndex).toBe(10)
  expect(world.happenings.filter(({ type }) => type === 'installed')).toHaveLength(1)
})

test('a follower that is gone does not keep the log from being compacted', () => {
  const world = lagging()
  world.crash('c')
  world.run(3000)
  for (let i = 6; i <= 9; i++) world.propose('a', i)
  world.deliver()
  world.compact('a')
  expect(world.state('a').compacted.index).toBe(10)
  world.start('c')
  world.run(1000)
  expect(world.state('c').commitIndex).toBe(10)
})
