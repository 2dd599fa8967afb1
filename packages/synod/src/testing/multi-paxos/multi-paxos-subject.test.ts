import { expect, test } from 'vitest'
import { drawPlan, simulate } from '../../simulator/index.ts'
import { multiPaxosSubject } from './multi-paxos-subject.ts'

// Goal: a swarm attacks Multi-Paxos as production runs it, finds nothing, and is not too tame.
// Method: the first seeds, with all faults and errands; every situation but the rare ones is reached by one of them.
test('seeds of the swarm find no violation, and come through what is worth testing', { timeout: 120_000 }, () => {
  const reached = new Set<string>()
  for (let seed = 1; seed <= 25; seed++) {
    const plan = drawPlan(multiPaxosSubject, seed)
    const { violation, reached: met } = simulate(multiPaxosSubject, plan)
    expect(violation, `synod simulate multi-paxos --seed ${seed}`).toBeUndefined()
    for (const name of met) reached.add(name)
  }
  for (const name of [
    'a leader was deposed',
    'two led at once, in different ballots',
    'a slot was accepted before the one in front of it',
    'a leader proposed again what an older ballot had proposed',
    'a hole was filled with a no-op',
    'a log was compacted',
    'a read waited for a quorum',
    'leadership was handed over',
    'a restart found a log',
    'a change of voters waited for α slots',
  ])
    expect(reached, name).toContain(name)
})

test('the same seed is the same run', () => {
  const run = (): unknown => simulate(multiPaxosSubject, drawPlan(multiPaxosSubject, 7)).trace
  expect(run()).toEqual(run())
})
