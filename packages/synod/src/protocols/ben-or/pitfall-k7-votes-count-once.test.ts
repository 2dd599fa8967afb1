import { expect, test } from 'vitest'
import { benOrWorld } from '../../testing/ben-or/worst-scheduler.ts'

// Goal: of a participant one vote counts in a round and exchange; those of later rounds are kept, and who is behind is told
// of earlier ones. Method: votes out of their order.

test('a vote that comes again counts once, whatever it says then', () => {
  const world = benOrWorld(5, { f: 2 })
  world.ask('p1', (benOr) => benOr.propose(1))
  for (const value of [1, 1, 0] as const)
    world.ask('p1', (benOr) => benOr.receive({ type: 'report', round: 1, value }, 'p2'))
  expect(world.node('p1').state).toMatchObject({ waitsFor: 'report', heard: [{ report: { p2: 1 } }] })
})

test('votes of a later round are kept until then', () => {
  const world = benOrWorld(3, { f: 1 })
  for (const round of [2, 1])
    for (const type of ['proposal', 'report'] as const)
      for (const from of ['p2', 'p3'])
        world.ask('p1', (benOr) =>
          benOr.receive({ type, round, value: type === 'report' || round === 2 ? 1 : '?' }, from),
        )
  world.ask('p1', (benOr) => benOr.propose(0))
  expect(world.decided).toMatchObject([{ id: 'p1', term: 2 }])
})

test('who is a round behind asks for what it has missed', () => {
  const world = benOrWorld(3, { f: 1 })
  world.ask('p1', (benOr) => benOr.propose(0))
  world.ask('p2', (benOr) => benOr.propose(1))
  world.ask('p3', (benOr) => benOr.propose(1))
  for (const one of world.underWay.slice()) if (one.to === 'p3') world.lose(one)
  world.deliverAll(({ to, message }) => to !== 'p3' && message.round === 1)
  for (const one of world.underWay.slice()) if (one.to === 'p3') world.lose(one)
  expect(world.ids.map((id) => world.node(id).state.round)).toEqual([2, 2, 1])
  world.fire('p3', 'repeat')
  world.deliverAll(({ to, message }) => to === 'p3' || message.type === 'missing')
  expect(world.node('p3').state.said[1]).toBeDefined()
})
