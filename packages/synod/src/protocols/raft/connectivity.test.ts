import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../core/index.ts'
import { World } from './testing/world.ts'

// Goal: README's table says what becomes of a cluster under faults of its links, for each setting of Pre-Vote and CheckQuorum,
// and with both within which time. Method: each cell is a minute of virtual time, several seeds, commands all the while; the
// worst of them counts. Links that nobody names are cut.
interface Fault {
  readonly name: string
  readonly members: readonly NodeId[]
  readonly leader: NodeId
  /** What happens after the leader was elected. */
  readonly strike: (world: World) => void
}

const three = ['a', 'b', 'c']
const five = ['a', 'b', 'c', 'd', 'e']

/** Only these links are left, both ways. */
function connect(world: World, ...links: readonly string[]): void {
  for (const from of world.members.keys()) {
    for (const to of world.members.keys()) {
      const linked = links.includes(`${from}${to}`) || links.includes(`${to}${from}`)
      if (from !== to && !linked) world.cut.add(`${from}>${to}`)
    }
  }
}

/** The leader has decided a command that `a` does not have. */
function leaveBehind(world: World): void {
  world.partition(['b', 'c', 'd', 'e'])
  world.propose('e', 1)
  world.deliver()
  world.heal()
}

const faults: readonly Fault[] = [
  {
    name: 'a member is cut off for 20 s, and comes back',
    members: three,
    leader: 'a',
    strike: (world) => {
      world.partition(['a', 'b'])
      drive(world, 20_000)
      world.heal()
    },
  },
  {
    name: 'a member was removed while it was cut off, and comes back',
    members: three,
    leader: 'a',
    strike: (world) => {
      world.partition(['a', 'b'])
      world.change('a', { type: 'remove', id: 'c' })
      drive(world, 20_000)
      world.heal()
    },
  },
  {
    name: 'a member does not hear the leader, though the leader hears it',
    members: three,
    leader: 'a',
    strike: (world) => void world.cut.add('a>c'),
  },
  {
    name: 'the leader hears nobody, though all hear it',
    members: three,
    leader: 'a',
    strike: (world) => void world.cut.add('b>a').add('c>a'),
  },
  { name: 'the leader is cut off', members: three, leader: 'a', strike: (world) => world.partition(['b', 'c']) },
  {
    name: 'chained: a – b – c, and c leads (Cloudflare 2020, three members)',
    members: three,
    leader: 'c',
    strike: (world) => connect(world, 'ab', 'bc'),
  },
  {
    name: 'a – b – c all linked, d to b only, e to c only, and c leads (Cloudflare 2020, five members)',
    members: five,
    leader: 'c',
    strike: (world) => connect(world, 'ab', 'bc', 'ac', 'bd', 'ce'),
  },
  {
    name: 'quorum loss: all are linked to a only, and e leads',
    members: five,
    leader: 'e',
    strike: (world) => connect(world, 'ab', 'ac', 'ad', 'ae'),
  },
  {
    name: 'constrained: b, c, d are linked to a only, e to nobody; e led, and a has all that is decided',
    members: five,
    leader: 'e',
    strike: (world) => connect(world, 'ab', 'ac', 'ad'),
  },
]

const impossible: Fault = {
  name: 'the same, and a lacks something that is decided',
  members: five,
  leader: 'e',
  strike: (world) => {
    leaveBehind(world)
    connect(world, 'ab', 'ac', 'ad')
  },
}

const worst = ['undisturbed', 'settles', 'changes leaders for ever', 'blocked'] as const
type Outcome = (typeof worst)[number]

let sequence = 0

/** Time passes, and whoever takes itself for the leader is given a command every 200 ms. */
function drive(world: World, time: number): void {
  for (let passed = 0; passed < time; passed += 200) {
    for (const { id, state } of world.members.values()) if (state.role === 'leader') world.propose(id, ++sequence)
    world.run(200)
  }
}

const decided = (world: World): number => Math.max(...[...world.members.values()].map(({ machine }) => machine.applied))
/** How often somebody was elected. */
const elections = (world: World): number =>
  world.happenings.filter((one) => one.type === 'led' && one.by === one.node).length

function outcomeOf(world: World): { outcome: Outcome; settledAfter: number } {
  let [last, settledAfter] = [elections(world), 0]
  for (let second = 1; second <= 30; second++) {
    drive(world, 1000)
    if (elections(world) !== last) settledAfter = second * 1000
    last = elections(world)
  }
  const before = decided(world)
  drive(world, 30_000)
  const decides = decided(world) > before + 10
  if (!decides) return { outcome: 'blocked', settledAfter }
  if (elections(world) !== last) return { outcome: 'changes leaders for ever', settledAfter }
  return { outcome: last === 1 ? 'undisturbed' : 'settles', settledAfter }
}

function struck({ members, leader, strike }: Fault, preVote: boolean, checkQuorum: boolean, seed: number): World {
  const world = new World({ members, seed, raft: { preVote, checkQuorum }, delay: [1, 5], sync: [1, 5] })
  world.elect(leader)
  world.run(500)
  strike(world)
  return world
}

const seeds = [1, 2]
const settings = [
  { name: 'both', preVote: true, checkQuorum: true },
  { name: 'Pre-Vote only', preVote: true, checkQuorum: false },
  { name: 'CheckQuorum only', preVote: false, checkQuorum: true },
  { name: 'neither', preVote: false, checkQuorum: false },
]

/** README's table: the fault, and a cell for each setting. */
function promised(name: string): string[] {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  const row = readme.split('\n').find((line) => line.startsWith(`| ${name} `))
  return row === undefined
    ? []
    : row
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim())
}

describe('README promises, and it is so, for Pre-Vote and CheckQuorum: both, the first, the second, neither', () => {
  test.each([...faults, impossible].map((fault) => [fault.name, fault] as const))('%s', (name, fault) => {
    const measured = settings.map(({ preVote, checkQuorum }) => {
      const outcomes = new Set(seeds.map((seed) => outcomeOf(struck(fault, preVote, checkQuorum, seed)).outcome))
      return worst.findLast((outcome) => outcomes.has(outcome))
    })
    expect(measured).toEqual(promised(name))
  })
})

describe('with both, where some member reaches a quorum and has all that is decided', () => {
  test.each(faults.map((fault) => [fault.name, fault] as const))(
    '%s: a stable leader within ten election timeouts',
    (_, fault) => {
      for (const seed of [11, 12, 13]) {
        const { outcome, settledAfter } = outcomeOf(struck(fault, true, true, seed))
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
    const world = struck(impossible, true, true, 1)
    drive(world, 60_000)
    expect(world.leader()).toBeUndefined()
    const { decided: known } = world.raft('b').standing
    for (const id of ['c', 'd']) expect(world.raft(id).standing.decided).toBe(known)
  })

  test.each([
    ['bc', true],
    ['bd', true],
    ['cd', true],
    // e has entries that nobody else has, and reaches no quorum by this link either.
    ['be', false],
    ['ae', false],
  ])('ten election timeouts after the link %s works again it is over: %s', (link, over) => {
    const world = struck(impossible, true, true, 1)
    drive(world, 20_000)
    const [one, other] = [link.charAt(0), link.charAt(1)]
    world.cut.delete(`${one}>${other}`)
    world.cut.delete(`${other}>${one}`)
    drive(world, 10_000)
    const before = decided(world)
    drive(world, 10_000)
    expect(decided(world) > before + 10).toBe(over)
  })
})
