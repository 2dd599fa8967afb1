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

// Goal: a run that says that a fault took effect has met it. Method: all that bring a node down, at one that does not fall
// in time, and at one that falls later.
test.each([
  ['that never falls', Infinity, 0],
  ['that falls later', 60, 1],
])('what was to bring down a node %s counts as often as it did', (_, until, times) => {
  const fallers = [
    { type: 'crash', node: 'a' },
    { type: 'powerCut', node: 'a', operations: 0 },
    { type: 'wipe', node: 'a' },
    { type: 'blackout', except: [] },
  ] as const
  for (const faller of fallers) {
    const world = new World({ seed: 1, nodes: ['a'], member: () => idle })
    const inflictor = new Inflictor(world, 1000)
    world.start('a')
    const { disk } = world.node('a')
    disk.unwitnessed = 'journal-0000000001'
    if (until < Infinity) world.schedule.at(until, () => (disk.unwitnessed = undefined))
    inflictor.inflict({ ...faller, at: 10, for: 200 })
    world.run(500)
    expect(world.fired.get(faller.type) ?? 0, faller.type).toBe(times)
    expect(disk.suffered.has('wipe')).toBe(times === 1 && faller.type === 'wipe')
  }
})

test('a loss of power everywhere counts once', () => {
  const world = new World({ seed: 1, nodes: ['a', 'b', 'c'], member: () => idle })
  const inflictor = new Inflictor(world, 1000)
  for (const id of ['a', 'b', 'c']) world.start(id)
  inflictor.inflict({ type: 'blackout', at: 10, for: 200, except: ['b'] })
  world.run(500)
  expect(world.fired.get('blackout')).toBe(1)
})
