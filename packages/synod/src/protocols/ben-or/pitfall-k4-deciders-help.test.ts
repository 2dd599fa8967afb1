import { expect, test } from 'vitest'
import { benOrWorld, type BenOrWorld } from '../../testing/ben-or/worst-scheduler.ts'

// Goal: whoever decided leaves nobody waiting. Method: p1 decides and says no more, p3 crashes, and p2, which is in the
// next round by then, has only the word of p1 to go by. Then the same word gets lost, and is asked for.

function give(world: BenOrWorld, to: string, type: 'report' | 'proposal', ...from: string[]): void {
  for (const id of from)
    world.deliverAll((one) => one.to === to && one.from === id && one.message.type === type && one.message.round === 1)
}

test.each([false, true])('one has decided, f have crashed, and the rest decides (its word is lost: %s)', (isLost) => {
  const world = benOrWorld(3, { f: 1 })
  for (const [i, id] of world.ids.entries()) world.ask(id, (benOr) => benOr.propose(i === 1 ? 0 : 1))
  for (const to of ['p1', 'p3']) give(world, to, 'report', 'p1', 'p3')
  give(world, 'p2', 'report', 'p2', 'p1')
  give(world, 'p2', 'proposal', 'p2', 'p1')
  give(world, 'p1', 'proposal', 'p1', 'p3')
  expect(world.decided).toMatchObject([{ id: 'p1', term: 1 }])
  world.crash('p3')
  for (const one of world.underWay.slice()) if (one.from === 'p3' || (isLost && one.from === 'p1')) world.lose(one)
  world.deliverAll()
  if (isLost) world.fire('p2', 'repeat')
  world.deliverAll()
  expect(world.decided.at(-1)).toMatchObject({ id: 'p2', term: 1 })
})

test('where liars may be, its word counts as its votes of all later rounds, and not of earlier ones', () => {
  const world = benOrWorld(6, { f: 1, faults: 'byzantine' })
  const votes = (type: 'report' | 'proposal', round: number, value: 1 | 0 | '?', ...from: readonly string[]): void => {
    for (const id of from) world.ask('p1', (benOr) => benOr.receive({ type, round, value }, id))
  }
  world.ask('p1', (benOr) => benOr.propose(0))
  world.ask('p1', (benOr) => benOr.receive({ type: 'decided', round: 1, value: 1 }, 'p2'))
  votes('report', 1, 0, 'p1', 'p3', 'p4')
  votes('report', 1, 1, 'p5')
  expect(world.node('p1').state).toMatchObject({ round: 1, waitsFor: 'report' })
  votes('report', 1, 1, 'p6')
  votes('proposal', 1, '?', 'p1', 'p3', 'p4', 'p5', 'p6')
  votes('report', 2, 1, 'p1', 'p3', 'p4')
  expect(world.node('p1').state).toMatchObject({ round: 2, waitsFor: 'report' })
  votes('report', 2, 1, 'p5')
  expect(world.node('p1').state).toMatchObject({ round: 2, waitsFor: 'proposal' })
})
