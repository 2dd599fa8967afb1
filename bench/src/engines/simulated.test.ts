import { describe, expect, test } from 'vitest'
import { costCases, measureCost } from './cost.ts'
import { changeCases, measureChange } from './changes.ts'
import { laggardCases, measureRecovery } from './laggards.ts'
import { engineNames } from './measured-world.ts'
import { measureOutage, outageCases } from './outages.ts'
import { measurePartition } from './partitions.ts'
import { measureRepair, repairCases } from './repairs.ts'

// Goal: what docs/raft-and-paxos.md says of messages, laggards and partitions stays so. Method: each bench once or twice, in
// simulated worlds, whose figures are exact.

test('one client after the other, an operation costs both engines the same messages and syncs', () => {
  for (const of of costCases.filter(({ clients }) => clients === 1)) {
    const [raft, paxos] = engineNames.map((engine) => measureCost(engine, of, 200))
    for (const what of ['frames', 'syncs'] as const)
      expect(Math.abs((paxos?.[what] ?? 0) / (raft?.[what] ?? 0) - 1 || 0), `${of.name}: ${what}`).toBeLessThan(0.05)
  }
})

test('who lags behind is never elected by Raft, and learns before it leads by Multi-Paxos', () => {
  const behind = outageCases.find(({ laggedFor }) => laggedFor > 0)
  if (behind === undefined) throw new Error('there is such a case')
  const leads = engineNames.map((engine) =>
    Array.from({ length: 8 }, (_, i) => measureOutage(engine, behind, i + 1).laggardLeads),
  )
  expect(leads[0]).not.toContain(true)
  expect(leads[1]).toContain(true)
})

describe.each(engineNames)('%s', (engine) => {
  test.each(laggardCases.filter(({ missed }) => missed < 1000))('brings up to date who $name', (of) => {
    expect(measureRecovery(engine, of, 1).took).toBeLessThan(1000)
  })

  test.each(changeCases)('exchanges %s under load', (of) => {
    const { answered, over, without } = measureChange(engine, of, 1)
    expect(over).toBeGreaterThanOrEqual(answered)
    expect(without).toBeLessThan(1000)
  })
})

test('one of five has a damaged record, and another one is down: Raft repairs it, Multi-Paxos waits for all', () => {
  const [all, oneIsDown] = repairCases
  if (all === undefined || oneIsDown === undefined) throw new Error('there are two cases')
  expect(measureRepair('multi-paxos', all, 1).took).toBeGreaterThan(0)
  expect(measureRepair('raft', oneIsDown, 1).took).toBeGreaterThan(0)
  expect(measureRepair('multi-paxos', oneIsDown, 1).took).toBeUndefined()
})

test('only the member that lags reaches a quorum: Raft waits, Multi-Paxos goes on', () => {
  expect(measurePartition('raft', 'constrained election', 1, 10_000)).toMatchObject({ elections: 0, served: 0 })
  expect(measurePartition('multi-paxos', 'constrained election', 1, 10_000)).toMatchObject({ elections: 1, served: 4 })
})
