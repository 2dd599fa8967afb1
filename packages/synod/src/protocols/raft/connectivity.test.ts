import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { EngineNode } from '../../testing/log-engine/engine-world.ts'
import {
  constrainedAndBehind,
  linkFaults,
  outcomes,
  promisedIn,
  Struck,
  type LinkFault,
} from '../../testing/log-engine/link-faults.ts'
import {
  defaultRaftOptions,
  Raft,
  raftInvariants,
  type Durable,
  type Message,
  type RaftEnvironment,
  type RaftState,
} from './index.ts'

type StruckRaft = Struck<RaftState, Message, Durable, EngineNode<RaftState>>

// Goal: README's table says what becomes of a cluster under faults of its links, for each setting of Pre-Vote and CheckQuorum,
// and with both within which time. Method: each cell is a minute of virtual time, several seeds, commands all the while; the
// worst of them counts.
const settings = [
  { name: 'both', preVote: true, checkQuorum: true },
  { name: 'Pre-Vote only', preVote: true, checkQuorum: false },
  { name: 'CheckQuorum only', preVote: false, checkQuorum: true },
  { name: 'neither', preVote: false, checkQuorum: false },
]
const seeds = [1, 2]

function struck(fault: LinkFault, preVote: boolean, checkQuorum: boolean, seed: number): StruckRaft {
  const parts = {
    name: 'Raft',
    create: (env: RaftEnvironment) => new Raft(env, { ...defaultRaftOptions, preVote, checkQuorum }),
    invariants: raftInvariants,
    look: (node: EngineNode<RaftState>) => node,
  }
  return new Struck(parts, fault, seed)
}

describe('README promises, and it is so, for Pre-Vote and CheckQuorum: both, the first, the second, neither', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  test.each([...linkFaults, constrainedAndBehind].map((fault) => [fault.name, fault] as const))('%s', (_, fault) => {
    const measured = settings.map(({ preVote, checkQuorum }) => {
      const met = new Set(seeds.map((seed) => struck(fault, preVote, checkQuorum, seed).outcome().outcome))
      return outcomes.findLast((outcome) => met.has(outcome))
    })
    expect(measured).toEqual(promisedIn(readme, fault))
  })
})

describe('with both, where some member reaches a quorum and has all that is decided', () => {
  test.each(linkFaults.map((fault) => [fault.name, fault] as const))(
    '%s: a stable leader within ten election timeouts',
    (_, fault) => {
      for (const seed of [11, 12, 13]) {
        const { outcome, settledAfter } = struck(fault, true, true, seed).outcome()
        expect(['undisturbed', 'settles']).toContain(outcome)
        expect(settledAfter).toBeLessThanOrEqual(10_000)
      }
    },
  )
})

// The only member that reaches a quorum may not lead, for its log is older (§5.4.1), and those whose logs are newer reach no
// quorum: Raft cannot choose another leader. It stays safe, and one link is enough to end it.
describe('the constrained scenario, where the only member that reaches a quorum has an older log', () => {
  test('nobody leads, and nothing is decided', () => {
    const { world, drive } = constrained()
    drive(60_000)
    expect(world.leader()).toBeUndefined()
    const { decided: known } = world.engine('b').standing
    for (const id of ['c', 'd']) expect(world.engine(id).standing.decided).toBe(known)
  })

  test.each([
    ['bc', true],
    ['bd', true],
    ['cd', true],
    // e has entries that nobody else has, and reaches no quorum by this link either.
    ['be', false],
    ['ae', false],
  ])('ten election timeouts after the link %s works again it is over: %s', (link, over) => {
    const { world, drive, decided } = constrained()
    drive(20_000)
    const [one, other] = [link.charAt(0), link.charAt(1)]
    world.cut.delete(`${one}>${other}`)
    world.cut.delete(`${other}>${one}`)
    drive(10_000)
    const before = decided()
    drive(10_000)
    expect(decided() > before + 10).toBe(over)
  })

  function constrained(): { world: StruckRaft['world']; drive: (time: number) => void; decided: () => number } {
    const one = struck(constrainedAndBehind, true, true, 1)
    return { world: one.world, drive: (time) => one.drive(time), decided: () => one.decided }
  }
})
