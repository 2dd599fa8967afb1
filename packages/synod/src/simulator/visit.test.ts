import { expect, test } from 'vitest'
import { traced } from './trace.ts'
import { World, type Inhabitant } from './world.ts'

/** A world of one machine on which nobody does anything by himself. */
function idleWorld(): World<Inhabitant> {
  const member: Inhabitant = {
    codec: { protocol: 'none' },
    diskId: undefined,
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
  const world = new World({ seed: 1, nodes: ['a'], member: () => member })
  world.start('a')
  return world
}

/** What happens at a node at which something is to happen at each of these times. */
function happenings(world: World<Inhabitant>, times: readonly number[]): (readonly [what: number, at: number])[] {
  const node = world.node('a')
  const { life } = node
  const happened: (readonly [number, number])[] = []
  times.forEach((at, what) =>
    world.schedule.at(at, () => world.enter(node, life, traced.operation, 0, () => happened.push([what, world.now]))),
  )
  return happened
}

test('a slow node does one thing after the other, in the order in which they came', () => {
  const world = idleWorld()
  world.node('a').turnTime = 10
  const happened = happenings(world, [1, 2, 3, 11, 40])
  world.run(100)
  expect(happened).toEqual([
    [0, 1],
    [1, 11],
    [2, 21],
    [3, 31],
    [4, 41],
  ])
  expect(world.fired.get('slow')).toBe(4)
})

test('a node that stands still does what came meanwhile when it goes on, even if it was to go on earlier', () => {
  const world = idleWorld()
  const node = world.node('a')
  const happened = happenings(world, [1, 2, 60])
  node.stalled = true
  node.busyUntil = 30
  world.schedule.at(20, () => (node.busyUntil = 50))
  world.run(100)
  expect(happened).toEqual([
    [0, 50],
    [1, 50],
    [2, 60],
  ])
  expect(world.fired.get('stall')).toBe(2)
})

test('what waits at a node that dies never happens, in a later life neither', () => {
  const world = idleWorld()
  world.node('a').busyUntil = 30
  const happened = happenings(world, [1, 2])
  world.run(10)
  world.kill('a')
  world.start('a')
  world.run(100)
  expect(happened).toEqual([])
})

test('what waits at a node that halted by itself does not keep its next life waiting', () => {
  const world = idleWorld()
  world.node('a').busyUntil = 30
  happenings(world, [1])
  world.run(10)
  world.start('a')
  const happened = happenings(world, [12])
  world.run(100)
  expect(happened).toEqual([[0, 30]])
})
