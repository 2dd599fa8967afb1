import { describe, expect, test } from 'vitest'
import { catalogue, search, searchWithSleepSets, type Explorable, type SearchReport } from '../explorer/index.ts'
import { explorableBenOr } from './ben-or/ben-or-model.ts'
import { explorableChandraToueg } from './chandra-toueg/chandra-toueg-model.ts'
import { explorablePaxos } from './paxos/paxos-model.ts'
import { explorableRaft } from './raft/raft-model.ts'

// Goal: a search with sleep sets misses nothing. Method: of each model with nodes some small bounds, with what makes events
// depend on each other: crashes, late disks, coins, timers that may fire so often, messages that arrive twice. A search
// takes no transition that does not exist; so where it comes to as many states as the full one, they are the same, and so are
// the situations in them. Violations are held against each other by name.

const bounds: readonly (readonly [name: string, chosen: Readonly<Record<string, number>>])[] = [
  ['raft', { proposals: 0, elections: 3 }],
  ['raft', { proposals: 0, elections: 1, crashes: 1 }],
  ['raft', { proposals: 0, elections: 1, 'late-disk': 1 }],
  ['raft', { proposals: 0, elections: 1, duplicates: 1 }],
  ['raft', { servers: 2, terms: 2, proposals: 0, crashes: 1 }],
  ['raft', { servers: 2, rounds: 2, proposals: 0, 'pre-vote': 1, 'check-quorum': 1 }],
  ['paxos', { proposers: 1, retries: 0, broadcast: 1 }],
  ['paxos', { proposers: 1, retries: 0, crashes: 1, 'late-disk': 1 }],
  ['ben-or', { participants: 2, faults: 0, rounds: 2, crashes: 1, 'late-disk': 1 }],
  ['ben-or', { ones: 0 }],
  ['chandra-toueg', { suspicions: 0, rounds: 1, crashes: 1 }],
  ['chandra-toueg', { servers: 2, suspicions: 2, rounds: 3 }],
  ['chandra-toueg', { suspicions: 0, proposals: 1, 'late-disk': 1 }],
  ['paxos-register', { clients: 2 }],
  ['abd-register', { clients: 2, servers: 2 }],
  ['abd-register', { clients: 2, servers: 2, ordered: 1 }],
  ['single-copy-register', { clients: 3, servers: 1 }],
  ['single-copy-register', { clients: 2, servers: 2 }],
  ['ping-pong', { 'max-count': 3, lossy: 1 }],
]

const models: readonly Explorable[] = [
  explorableRaft,
  explorablePaxos,
  explorableBenOr,
  explorableChandraToueg,
  ...catalogue,
]

function explored(
  name: string,
  chosen: Readonly<Record<string, number>>,
  by: typeof searchWithSleepSets,
): SearchReport & { situations: unknown; decided: readonly string[] } {
  const model = models.find((one) => one.name === name)
  if (model === undefined) throw new Error(`there is no model ${name}`)
  const usual = model.parameters.map((one) => [one.name, one.fallback] as const)
  const space = model.space({ ...Object.fromEntries(usual), ...chosen })
  const report = by(space, { stop: 'never' })
  const { 'node states': nodes, messages, histories, situations } = space.statistics()
  const decided = report.findings.map(({ property }) => property).toSorted()
  return { ...report, situations: { nodes, messages, histories, situations }, decided }
}

describe('sleep sets come to the same states, situations and violations, by fewer transitions', () => {
  test.each(bounds)('%s %j', (name, chosen) => {
    const [all, fewer] = [explored(name, chosen, search), explored(name, chosen, searchWithSleepSets)]
    expect(fewer.states).toBe(all.states)
    expect(fewer.ends).toBe(all.ends)
    expect(fewer.situations).toEqual(all.situations)
    expect(fewer.decided).toEqual(all.decided)
    expect(fewer.complete && all.complete).toBe(true)
    expect(fewer.generated).toBeLessThanOrEqual(all.generated)
  })

  test('which every model with nodes is held against', () => {
    const ofNodes = models.filter(({ parameters, space }) => {
      const usual = parameters.map((one) => [one.name, one.fallback] as const)
      return space(Object.fromEntries(usual)).independence !== undefined
    })
    expect(new Set(bounds.map(([name]) => name))).toEqual(new Set(ofNodes.map(({ name }) => name)))
  })
})
