import { describe, expect, test } from 'vitest'
import { majority } from '../../core/index.ts'
import { describeProtocol, drawPlan, simulate, type Plan } from '../../simulator/index.ts'
import { chandraTouegDescription, chandraTouegSubject, strongConsensusSubject } from './chandra-toueg-subject.ts'

// Goal: consensus is reached wherever the paper says that it can be, and not where it says that it cannot: pitfall L12: half
// of them crash. Method: seeds of the swarm; and worlds in which so many crash for good.

const some = Array.from({ length: 6 }, (_, i) => i + 1)

test('over ◊S nothing is broken, and a core decides', () => {
  for (const seed of some) {
    const { violation, progress } = simulate(
      chandraTouegSubject,
      drawPlan(chandraTouegSubject, seed, { duration: 8000 }),
    )
    expect(violation, `seed ${seed}`).toBe(undefined)
    expect(progress).not.toBe(undefined)
  }
})

test('over S nothing is broken, and whoever is left decides', () => {
  for (const seed of some)
    expect(simulate(strongConsensusSubject, drawPlan(strongConsensusSubject, seed)).violation, `seed ${seed}`).toBe(
      undefined,
    )
})

test('over S agreement is as good as the detector: two that do not hear each other for longer than its bound decide apart', () => {
  const plan = drawPlan(strongConsensusSubject, 1, { nodes: 2, without: 'all', duration: 5000 })
  const faults = [{ type: 'partition' as const, shape: 'halves' as const, at: 100, for: 4000, links: ['a>b', 'b>a'] }]
  const operations = ['blue', 'green'].map((color, i) => ({
    at: 3500,
    client: `client${i}`,
    node: plan.nodes[i] ?? '',
    operation: { ask: color },
  }))
  expect(simulate(strongConsensusSubject, { ...plan, faults, operations }).violation?.invariant).toBe('agreement')
})

/** So many of n crash for good before anybody is asked. */
function crashing(plan: Plan, crashes: number): Plan {
  const faults = plan.nodes.slice(0, crashes).map((node) => ({ type: 'crash' as const, node, at: 50, for: 10 }))
  const operations = plan.nodes.map((node, i) => ({
    at: 1000 + i,
    client: `client${i}`,
    node,
    operation: { ask: i % 2 === 0 ? 'red' : 'green' },
  }))
  return { ...plan, faults, operations, settings: { detector: 'heartbeat', timeout: 100 } }
}

const crashStop = describeProtocol({ ...chandraTouegDescription, recovers: false, quorum: 'all that work' })

describe.each([
  [3, 1],
  [4, 1],
  [4, 2],
  [5, 2],
  [5, 3],
])('of %d processes %d crash', (n, f) => {
  test(`over ◊S ${n > 2 * f ? 'the others decide' : 'nobody ever decides'}`, () => {
    const plan = crashing(drawPlan(crashStop, 1, { nodes: n, without: 'all', duration: 5000 }), f)
    const { violation } = simulate(crashStop, plan)
    expect(violation?.invariant).toBe(n - f >= majority(n) ? undefined : 'progress')
  })

  test('over S the others decide', () => {
    const plan = crashing(drawPlan(strongConsensusSubject, 1, { nodes: n, without: 'all', duration: 5000 }), f)
    const { violation, progress } = simulate(strongConsensusSubject, plan)
    expect(violation).toBe(undefined)
    expect(progress?.core).toHaveLength(n - f)
  })
})
