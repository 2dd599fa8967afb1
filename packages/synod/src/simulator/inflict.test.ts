import { expect, test } from 'vitest'
import { Inflictor } from './inflict.ts'
import { World, type Inhabitant } from './world.ts'

/** It does nothing at all. */
const idle: Inhabitant = {
  diskId: '0',
  options: { cluster: '' },
  open: () => undefined,
  alarm: () => undefined,
  flush: () => undefined,
  arrived: () => undefined,
  greeted: () => undefined,
  refused: () => undefined,
  connected: () => undefined,
  introduce: () => undefined,
}

// Goal: a node whose last write landed in a wrong place, which nothing behind it can tell yet, is not brought down, or
// what was promised would be lost without a trace. Method: such a disk, for a while or for ever.
test.each([
  ['falls once something was written behind it', 60, 3],
  ['does not fall, if nothing is until it would be up again', Infinity, 1],
])('a node with a write that nobody could miss %s', (_, until, lives) => {
  const world = new World({ seed: 1, nodes: ['a'], member: () => idle })
  const inflictor = new Inflictor(world, 1000)
  world.start('a')
  const node = world.node('a')
  node.disk.unwitnessed = 'journal-0000000001'
  if (until < Infinity) world.schedule.at(until, () => (node.disk.unwitnessed = undefined))
  inflictor.inflict({ type: 'crash', at: 10, for: 200, node: 'a' })
  world.run(500)
  expect(node.member).toBe(idle)
  expect(node.life).toBe(lives)
})
