import { expect, test } from 'vitest'
import { drawPlan, simulate } from '../../simulator/index.ts'
import { benOrSubject } from './ben-or-subject.ts'

// Goal: whatever happens to links, clocks, disks and machines, and with a liar where one is allowed, nobody decides otherwise
// than anybody else, and all come to an end. Method: seeds of the swarm.

test('25 seeds break nothing, and meet what is worth meeting', () => {
  const reached = new Set<string>()
  for (let seed = 1; seed <= 25; seed++) {
    const run = simulate(benOrSubject, drawPlan(benOrSubject, seed, { duration: 2000 }))
    expect(run.violation, `seed ${seed}`).toBe(undefined)
    for (const situation of run.reached) reached.add(situation)
  }
  expect([...reached]).toEqual(
    expect.arrayContaining(['a third round', 'a value is taken over', 'going on after a restart']),
  )
})

// Goal: where one may be faulty, a liar is the one: to get on, the five others are needed. Method: runs of six without faults,
// long enough for a core to be chosen.
test('a liar is of no core', () => {
  const settings = { benOr: { faults: 'byzantine' }, liars: ['c'] }
  for (let seed = 1; seed <= 6; seed++) {
    const plan = drawPlan(benOrSubject, seed, { nodes: 6, without: 'all', duration: 1000 })
    const run = simulate(benOrSubject, { ...plan, settings })
    expect(run.violation, `seed ${seed}`).toBe(undefined)
    expect(run.progress?.core, `seed ${seed}`).toEqual(['a', 'b', 'd', 'e', 'f'])
  }
})
