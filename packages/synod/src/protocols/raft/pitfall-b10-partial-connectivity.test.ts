import { describe, expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: what Raft with Pre-Vote and CheckQuorum makes of partial connectivity (OmniPaxos, EuroSys 2023): where some
// member reaches a quorum, commands are decided. Method: the paper's three shapes, each for a minute of virtual time.
function connect(world: World, links: readonly string[]): void {
  for (const from of world.members.keys()) {
    for (const to of world.members.keys()) {
      const linked = links.includes(`${from}${to}`) || links.includes(`${to}${from}`)
      if (from !== to && !linked) world.cut.add(`${from}>${to}`)
    }
  }
}

function decides(world: World): boolean {
  const before = Math.max(...[...world.members.values()].map(({ machine }) => machine.applied))
  for (let i = 1; i <= 50; i++) {
    const leader = world.leader()
    if (leader !== undefined) world.propose(leader, i)
    world.run(200)
  }
  return Math.max(...[...world.members.values()].map(({ machine }) => machine.applied)) > before + 1
}

describe('commands are decided when', () => {
  test('the leader is connected, but has lost its quorum to the one member that all others reach', () => {
    const world = new World({ members: ['a', 'b', 'c', 'd', 'e'] })
    world.elect('e')
    connect(world, ['ae', 'ab', 'ac', 'ad'])
    world.run(60_000)
    expect(decides(world)).toBe(true)
    expect(world.state('a').role).toBe('leader')
  })

  test('three members are a chain, and its end leads', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('c')
    connect(world, ['ab', 'bc'])
    world.run(60_000)
    expect(decides(world)).toBe(true)
  })
})

test('constrained election: where the only member that reaches a quorum has an old log, Raft waits, and goes on once healed', () => {
  const world = new World({ members: ['a', 'b', 'c', 'd', 'e'] })
  world.elect('e')
  world.partition(['e', 'b', 'c', 'd'], ['a'])
  world.propose('e', 1)
  world.deliver()
  world.cut.clear()
  connect(world, ['ab', 'ac', 'ad'])
  world.run(60_000)
  expect(world.state('a').role).not.toBe('leader')
  world.heal()
  world.run(10_000)
  expect(decides(world)).toBe(true)
})
