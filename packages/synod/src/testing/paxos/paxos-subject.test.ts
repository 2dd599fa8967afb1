import { expect, test } from 'vitest'
import { drawPlan, simulate } from '../../simulator/index.ts'
import { paxosSubject } from './paxos-subject.ts'

// Goal: whatever happens to links, clocks, disks and machines, Paxos keeps its promises, and gets on once it is left alone.
// Method: seeds of the swarm; together they reach the situations that are worth it.

test('90 seeds break nothing, and meet what is worth meeting', () => {
  const reached = new Set<string>()
  for (let seed = 1; seed <= 90; seed++) {
    const run = simulate(paxosSubject, drawPlan(paxosSubject, seed, { duration: 3000 }))
    expect(run.violation, `seed ${seed}`).toBe(undefined)
    for (const situation of run.reached) reached.add(situation)
  }
  expect([...reached]).toEqual(
    expect.arrayContaining(['two ballots at once', 'a proposer is refused', 'an acceptor accepts twice']),
  )
})
