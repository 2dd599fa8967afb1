import { expect, test } from 'vitest'
import { choose, seeded } from '../../core/index.ts'
import { benOrWorld } from '../../testing/ben-or/worst-scheduler.ts'

// Goal: where all begin with one value it is decided in round 1, whatever the scheduler does, and whatever a liar says.
// Method: messages in an order that chance draws, some participants that crash, and one that lies.

test.each(Array.from({ length: 20 }, (_, i) => i))('crash faults (order %i)', (seed) => {
  const value = seed % 2 === 0 ? 0 : 1
  const world = benOrWorld(5, { f: 2 })
  const stream = seeded(seed)
  for (const id of world.ids) world.ask(id, (benOr) => benOr.propose(value))
  for (let left = world.underWay.length; left > 0; left = world.underWay.length) {
    const one = world.underWay[choose(stream, left)]
    if (one !== undefined) world.deliver(one)
    if (left === 20) world.crash('p5')
    if (left === 15) world.crash('p4')
  }
  for (const { term } of world.decided) expect(term).toBe(1)
  expect(world.decided.length).toBeGreaterThanOrEqual(3)
})

test.each(Array.from({ length: 20 }, (_, i) => i))('a liar (order %i)', (seed) => {
  const world = benOrWorld(6, { f: 1, faults: 'byzantine' })
  const stream = seeded(seed)
  const [liar = '', ...honest] = world.ids
  for (const id of honest) world.ask(id, (benOr) => benOr.propose(1))
  for (const type of ['report', 'proposal'] as const)
    for (const id of honest) {
      const value = choose(stream, 2) === 0 ? 0 : 1
      world.ask(id, (benOr) => benOr.receive({ type, round: 1, value }, liar))
    }
  for (let left = world.underWay.length; left > 0; left = world.underWay.length) {
    const one = world.underWay[choose(stream, left)]
    if (one !== undefined) world.deliver(one)
  }
  const decided = world.decided.filter(({ id }) => id !== liar)
  expect(decided).toHaveLength(5)
  for (const { term } of decided) expect(term).toBe(1)
})
