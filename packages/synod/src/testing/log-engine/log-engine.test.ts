import { describe, expect, test } from 'vitest'
import { defaultRaftOptions, Raft, raftInvariants } from '../../protocols/raft/index.ts'
import { multiPaxosParts } from '../multi-paxos/multi-paxos-parts.ts'
import { electionTimeout, type EngineNode } from './engine-world.ts'
import { logEngineClaims } from './log-engine-suite.ts'
import { randomWorld, type Dangers, type Met } from './random-world.ts'

const electionTimeoutMin = electionTimeout
const heartbeatInterval = electionTimeout / 5

const raft = {
  name: 'Raft',
  create: (env: ConstructorParameters<typeof Raft>[0]) =>
    new Raft(env, { ...defaultRaftOptions, electionTimeoutMin, heartbeatInterval, maxMessageBytes: 300 }),
  invariants: raftInvariants,
  look: (node: EngineNode<Raft['state']>) => node,
}

const multiPaxos = multiPaxosParts({ electionTimeoutMin, heartbeatInterval, alpha: 4, maxMessageBytes: 300 })

/** Goal and method of each are its name and its proof, in log-engine-suite.ts. */
describe.each([
  { name: raft.name, claims: logEngineClaims(raft) },
  { name: multiPaxos.name, claims: logEngineClaims(multiPaxos) },
])('$name', ({ claims }) => {
  for (const { name: promise, prove } of claims) test(promise, () => expect(prove).not.toThrow())
})

const forgetful = ['monotonicity', 'durable quorum']

// Goal: no schedule of losses, crashes and partitions breaks an invariant, and once healed every world goes on.
// Method: random worlds by seed; all invariants after every event.
describe.each([
  { name: raft.name, play: (seed: number, dangers: Dangers) => randomWorld(raft, seed, dangers) },
  { name: multiPaxos.name, play: (seed: number, dangers: Dangers) => randomWorld(multiPaxos, seed, dangers) },
])('random worlds of $name', ({ play }) => {
  const worlds = (seeds: number, dangers: Dangers): Met => {
    const sum: Met = {}
    for (let seed = 1; seed <= seeds; seed++) {
      try {
        for (const [what, times] of Object.entries(play(seed, dangers))) sum[what] = (sum[what] ?? 0) + times
      } catch (error) {
        throw new Error(`seed ${seed}, ${JSON.stringify(dangers)}`, { cause: error })
      }
    }
    return sum
  }

  test('keep every invariant, and recover', () => {
    const met = worlds(70, {})
    for (const what of [
      'proposed',
      'read',
      'answered',
      'dropped',
      'crash',
      'partition',
      'compaction',
      'installed',
      'transfer',
    ])
      expect(met[what] ?? 0, what).toBeGreaterThan(2)
  })

  test('survive a damaged disk, and make it whole', () => {
    const met = worlds(60, { damage: true, ignored: forgetful })
    expect(met['records lost'] ?? 0).toBeGreaterThan(15)
    expect(met['whole'] ?? 0).toBeGreaterThan(40)
  })

  test('survive that members come and go', () => {
    const met = worlds(60, { changes: true })
    for (const what of ['changed', 'exists', 'unknown-member', 'pending'])
      expect(met[what] ?? 0, what).toBeGreaterThan(5)
  })
})
