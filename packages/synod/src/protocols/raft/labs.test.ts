import { describe, expect, test } from 'vitest'
import { choose, seeded, type NodeId } from '../../core/index.ts'
import type { Message } from './messages.ts'
import { World, type WorldOptions } from './testing/world.ts'

// Goal: what the labs of MIT 6.5840 (3A to 3D) and hashicorp/raft's fuzzy tests ask of a Raft. Method: by their names, those
// that are about chance or about numbers; the others are scripts (testdata/lab-*.txt; README, "Scenarios of others").
const three = ['a', 'b', 'c']
const five = ['a', 'b', 'c', 'd', 'e']
const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const unreliable = { lost: 100, duplicated: 50, delay: [1, 27] } as const

function begun(options: Partial<WorldOptions> & Pick<WorldOptions, 'members'>): World {
  const world = new World(options)
  world.startAll()
  world.run(3000)
  return world
}

/** Proposed to whoever leads until it is decided everywhere among `among`, and not twice to one leader. */
function agree(world: World, sequence: number, among: readonly NodeId[]): void {
  const isEverywhere = (): boolean =>
    among.every((id) => world.member(id).machine.commands.some((command) => command.slice(1) === `${sequence}`))
  let asked = ''
  for (let tries = 0; tries < 300 && !isEverywhere(); tries++) {
    const leader = world.leader()
    if (leader !== undefined && `${leader} ${world.state(leader).currentTerm}` !== asked) {
      if (world.propose(leader, sequence)) asked = `${leader} ${world.state(leader).currentTerm}`
    }
    world.run(50)
  }
  expect(isEverywhere(), `${sequence} is decided by ${among.join(' ')}`).toBe(true)
}

function expectAlike(world: World): string[] {
  world.heal()
  world.startAll()
  agree(world, 9999, [...world.members.keys()])
  world.run(1000)
  const [first, ...others] = [...world.members.values()].map(({ machine }) => machine.commands)
  for (const commands of others) expect(commands).toEqual(first)
  return first ?? []
}

describe('3A', () => {
  test('ManyElections: seven members, three at random cut off, ten times', () => {
    const world = begun({ members: seven, seed: 3 })
    const dice = seeded(3)
    for (let times = 0; times < 10; times++) {
      const left = [...seven]
      for (let cut = 0; cut < 3; cut++) left.splice(choose(dice, left.length), 1)
      world.partition(left)
      world.run(5000)
      const leading = left.filter((id) => world.state(id).role === 'leader')
      expect(leading).toHaveLength(1)
      world.heal()
      world.run(2000)
    }
    expectAlike(world)
  })
})

describe('3B', () => {
  const bytesOf = ({ entries }: Extract<Message, { type: 'appendEntries' }>): number =>
    entries.reduce((sum, { command }) => sum + (command?.bytes.length ?? 0), 0)

  test('RPCBytes: each command goes to each peer once', () => {
    const world = begun({ members: three })
    const leader = world.leader() ?? ''
    for (let i = 1; i <= 10; i++) {
      world.propose(leader, i, 5000)
      world.run(100)
    }
    const sent = world.sent('appendEntries').reduce((sum, message) => sum + bytesOf(message), 0)
    expect(sent).toBe(10 * 5000 * 2)
  })

  test('Count: few messages for an election, for commands, and for a second without any', () => {
    const world = begun({ members: three })
    const count = (): number => world.happenings.filter(({ type }) => type === 'sent').length
    // One that loses its rehearsal included.
    const elected = world.happenings.filter((one) => one.type === 'sent' && /ote/.test(one.message.type)).length
    expect(elected).toBeLessThanOrEqual(16)
    const [idle, leader] = [count(), world.leader() ?? '']
    world.run(1000)
    // A heartbeat each 100 ms to each of two peers, and its answer.
    expect(count() - idle).toBeLessThanOrEqual(44)
    const before = count()
    for (let i = 1; i <= 10; i++) world.propose(leader, i)
    world.deliver()
    expect(count() - before).toBeLessThanOrEqual(3 * 2 * 2 * 10)
  })

  test('ConcurrentStarts: commands that are proposed at once are all decided, once each', () => {
    const world = begun({ members: three })
    const leader = world.leader() ?? ''
    for (let i = 1; i <= 5; i++) world.propose(leader, i)
    world.run(500)
    expect(world.member(leader).machine.commands).toEqual([1, 2, 3, 4, 5].map((i) => `${leader}${i}`))
  })

  test('Backup: tails of fifty commands that nobody decided are gone after a few rounds', () => {
    const world = begun({ members: five })
    const first = world.leader() ?? ''
    const others = five.filter((id) => id !== first)
    world.partition([first, others[0] ?? ''])
    for (let i = 1; i <= 50; i++) world.propose(first, i)
    world.run(500)
    world.partition(others.slice(1))
    world.run(5000)
    for (let i = 100; i < 150; i++) agree(world, i, others.slice(1))
    world.heal()
    const before = world.sent('appended').length
    world.run(3000)
    const rejections = world
      .sent('appended')
      .slice(before)
      .filter(({ rejection }) => rejection !== undefined)
    expect(rejections.length).toBeLessThanOrEqual(8)
    expect(expectAlike(world)).not.toContain(`${first}1`)
  })
})

describe('3C', () => {
  test('UnreliableAgree: commands are decided over links that lose, repeat and reorder', () => {
    const world = begun({ members: five, ...unreliable })
    for (let i = 1; i <= 50; i++) {
      const leader = world.leader()
      for (let more = 1; more <= 4; more++) if (leader !== undefined) world.propose(leader, 1000 + i * 4 + more)
      agree(world, i, five)
    }
    expect(expectAlike(world).length).toBeGreaterThan(50)
  })

  test.each([
    ['Figure8', {}],
    ['Figure8Unreliable', { ...unreliable, delay: [1, 250] as const }],
  ])('%s: leaders fail right after they took commands', (_, links) => {
    const world = begun({ members: five, ...links })
    const dice = seeded(8)
    for (let i = 1; i <= 200; i++) {
      const leader = world.leader()
      if (leader !== undefined) world.propose(leader, i)
      world.run(choose(dice, 10) === 0 ? choose(dice, 500) : choose(dice, 13))
      if (leader !== undefined && choose(dice, 2) === 0) world.crash(leader, choose(dice, 2))
      const up = five.filter((id) => world.member(id).up)
      if (up.length < 3) world.start(five.find((id) => !up.includes(id)) ?? '')
    }
    expectAlike(world)
  })

  test.each([
    ['ReliableChurn', {}],
    ['UnreliableChurn', unreliable],
  ])('%s: whatever a client saw decided is in the log at the end', (_, links) => {
    const world = begun({ members: five, ...links })
    const dice = seeded(17)
    const seen = new Set<string>()
    for (let i = 1; i <= 150; i++) {
      const leader = world.leader()
      if (leader !== undefined) world.propose(leader, i)
      world.run(30 + choose(dice, 100))
      for (const { up, machine } of world.members.values())
        if (up) for (const command of machine.commands) seen.add(command)
      const one = five[choose(dice, 5)] ?? 'a'
      if (choose(dice, 5) === 0 && world.member(one).up) world.crash(one)
      else if (choose(dice, 2) === 0 && !world.member(one).up) world.start(one)
    }
    const final = expectAlike(world)
    expect(final).toEqual(expect.arrayContaining([...seen]))
    expect(new Set(final).size).toBe(final.length)
    expect(seen.size).toBeGreaterThan(30)
  })
})

describe('3D', () => {
  test.each([
    ['SnapshotInstallUnreliable: cut off', unreliable, false],
    ['SnapshotInstallUnCrash: down', unreliable, true],
  ])('%s while the others compact, over bad links, again and again', (_, links, crash) => {
    const world = begun({ members: three, ...links })
    const dice = seeded(5)
    let sequence = 0
    for (let times = 0; times < 15; times++) {
      const victim = three[choose(dice, 3)] ?? 'a'
      if (crash) world.crash(victim)
      else world.partition(three.filter((id) => id !== victim))
      const others = three.filter((id) => id !== victim)
      for (let i = 0; i < 5; i++) agree(world, ++sequence, others)
      for (const id of others) {
        const { machine, state } = world.member(id)
        if (machine.applied > state.compacted.index) world.compact(id)
      }
      if (crash) world.start(victim)
      else world.heal()
      agree(world, ++sequence, three)
    }
    expect(expectAlike(world).length).toBeGreaterThanOrEqual(90)
    expect(world.happenings.some(({ type }) => type === 'installed')).toBe(true)
  })
})

describe("hashicorp/raft's fuzzy", () => {
  test('LeaderPartitions: whoever leads is cut off, again and again', () => {
    const world = begun({ members: five })
    for (let i = 1; i <= 20; i++) {
      const leader = world.leader() ?? 'a'
      world.propose(leader, i)
      const others = five.filter((id) => id !== leader)
      world.partition(others)
      world.run(4000)
      agree(world, 100 + i, others)
      world.heal()
    }
    expectAlike(world)
  })

  test.each(['requestVote', 'vote'] as const)(
    'SlowSendVote and SlowRecvVote: every "%s" of two members is late',
    (type) => {
      const world = new World({ members: five, seed: 4 })
      world.slow = ({ from, message }) => (message.type === type && (from === 'a' || from === 'b') ? 1500 : 0)
      world.startAll()
      world.run(30_000)
      agree(world, 1, five)
      expectAlike(world)
    },
  )

  test('AddMembership, RemoveLeader and RemovePartitionedNode: from three to five and back', () => {
    const world = begun({ members: three })
    for (const id of ['d', 'e']) {
      world.add(id)
      world.start(id)
      agree(world, world.members.size, three)
      expect(world.change(world.leader() ?? '', { type: 'addVoter', id, contact: '' })).toHaveProperty('index')
      world.run(1000)
    }
    expect(world.raft('a').standing.committedMembership.voters).toEqual(five)
    const first = world.leader() ?? ''
    expect(world.change(first, { type: 'remove', id: first })).toHaveProperty('index')
    world.run(3000)
    const second = world.leader() ?? ''
    expect(second).not.toBe(first)
    const apart = five.find((id) => id !== first && id !== second) ?? ''
    world.partition(five.filter((id) => id !== first && id !== apart))
    world.run(3000)
    const third = world.leader() ?? ''
    expect(world.change(third, { type: 'remove', id: apart })).toHaveProperty('index')
    world.run(3000)
    const left = five.filter((id) => id !== first && id !== apart)
    expect(world.raft(third).standing.committedMembership.voters).toEqual(left)
    world.heal()
    world.run(20_000)
    expect(world.leader()).toBe(third)
    agree(world, 50, left)
  })

  test('AddRemoveNodesNotLeader: only a leader changes the membership', () => {
    const world = begun({ members: three })
    const follower = three.find((id) => id !== world.leader()) ?? ''
    for (const type of ['addVoter', 'addLearner'] as const) {
      expect(world.change(follower, { type, id: 'd', contact: '' })).toMatchObject({ code: 'not-leader' })
    }
    expect(world.change(follower, { type: 'remove', id: 'a' })).toMatchObject({ code: 'not-leader' })
  })
})
