import { describe, expect, it } from 'vitest'
import { voting, type NodeId } from '../core/index.ts'
import { defaultMemberOptions, Member } from '../member/index.ts'
import * as multiPaxos from '../protocols/multi-paxos/index.ts'
import * as raft from '../protocols/raft/index.ts'
import { World } from '../simulator/index.ts'
import { smallMemberOptions } from './member-world.ts'
import { fastRaftOptions } from './raft-world.ts'
import { TallyMachine, tallyOperation, type TallyContext } from './tally-machine.ts'

// Goal: a member whose engine is not its cluster's says so and stops, and disturbs nobody; that cluster goes on.
// Method: members of both engines in one simulated world, under one cluster id, as a mistaken flag makes them.

type Either =
  | Member<raft.Message, raft.Durable, TallyContext>
  | Member<multiPaxos.Message, multiPaxos.Durable, TallyContext>

const first = ['a', 'b', 'c']

/** Three first members, and `d`, which was added or is to be; all run Raft, but those that `others` names. */
function worldOf(others: readonly NodeId[]): World<Either> {
  return new World<Either>({
    seed: 5,
    nodes: [...first, 'd'],
    member: (id, ports, diskId): Either => {
      const membership = voting(first.includes(id) ? first : [])
      const introducers = first.includes(id) ? {} : Object.fromEntries(first.map((one) => [one, '']))
      const cluster = '00000000000000c1'
      const options = {
        ...defaultMemberOptions,
        ...smallMemberOptions,
        cluster,
        self: id,
        membership,
        introducers,
        diskId,
      }
      const around = { ports, options, machine: new TallyMachine() }
      if (!others.includes(id)) {
        const settings = { ...raft.defaultRaftOptions, ...fastRaftOptions }
        return new Member({ ...around, codec: raft.raftCodec, engine: (env) => new raft.Raft(env, settings) })
      }
      const settings = { ...multiPaxos.defaultMultiPaxosOptions, electionTimeoutMin: 150, heartbeatInterval: 15 }
      const engine = (env: multiPaxos.MultiPaxosEnvironment): multiPaxos.MultiPaxos =>
        new multiPaxos.MultiPaxos(env, settings)
      return new Member({ ...around, codec: multiPaxos.multiPaxosCodec, engine })
    },
  })
}

function leader(world: World<Either>): NodeId | undefined {
  return first.find((id) => world.isUp(id) && world.node(id).member?.standing.leading === true)
}

function put(world: World<Either>): unknown {
  let answer: unknown
  world.node(leader(world) ?? 'a').member?.submit(tallyOperation(1), {
    applied: (position) => (answer = position),
    failed: (error) => (answer = error),
    readable: () => undefined,
  })
  world.run(5_000, () => answer !== undefined)
  return answer
}

/** What is stored of whom it knows. */
function known(world: World<Either>, id: NodeId): string {
  return new TextDecoder().decode(world.node(id).disk.files.get('peers')?.bytes)
}

describe('a member of another engine', () => {
  it('that was added halts and says which one its cluster runs; it is bound to nothing, and the cluster goes on', () => {
    const world = worldOf(['d'])
    for (const id of first) world.start(id)
    expect(world.run(10_000, () => leader(world) !== undefined)).toBe(true)
    let changed: unknown
    world
      .node(leader(world) ?? '')
      .member?.change([{ type: 'addVoter', id: 'd', contact: '' }], (outcome) => (changed = outcome))
    expect(world.run(5_000, () => changed !== undefined)).toBe(true)
    expect(changed).toHaveProperty('index')
    world.start('d')
    expect(world.run(5_000, () => world.node('d').halted !== undefined)).toBe(true)
    expect(world.node('d').halted).toMatchObject({
      code: 'incompatible',
      message: expect.stringMatching(/^the engine here is raft, yours is multi-paxos, says member [abc]: begin with/),
    })
    world.run(5_000)
    for (const id of first) {
      expect(world.node(id).halted).toBe(undefined)
      expect(known(world, id)).not.toContain(world.node('d').member?.diskId)
    }
    expect(put(world)).toBe(1)
  })

  it('among first ones that have never taken part stops them: nobody can tell which of them is wrong', () => {
    const world = worldOf(['c'])
    for (const id of first) world.start(id)
    world.run(5_000)
    expect(world.node('c').halted).toMatchObject({ code: 'incompatible' })
    expect(leader(world)).toBe(undefined)
  })

  it('does not stop one that has taken part', () => {
    const world = worldOf([])
    for (const id of first) world.start(id)
    expect(world.run(10_000, () => leader(world) !== undefined)).toBe(true)
    world.node('a').member?.refused('b', { code: 'engine-mismatch', message: 'the engine here is x, yours is raft' })
    world.run(5_000)
    expect(world.node('a').halted).toBe(undefined)
    expect(put(world)).toBe(1)
  })
})
