import { describe, expect, it } from 'vitest'
import { voting, type NodeId } from '../core/index.ts'
import { defaultMemberOptions, Member } from '../member/index.ts'
import * as multiPaxos from '../protocols/multi-paxos/index.ts'
import * as raft from '../protocols/raft/index.ts'
import { World } from '../simulator/index.ts'
import { smallMemberOptions } from './member-world.ts'
import { fastRaftOptions } from './raft-world.ts'
import { TallyCluster } from './tally-cluster.ts'
import { TallyMachine, tallyOperation, type TallyContext } from './tally-machine.ts'

// Goal: the only member of a cluster says that its journal has a hole, and what to do, instead of waiting for peers that are not there;
// a member that has peers, or has had any, waits for them. Method: real members in a simulated world, one of whose disks loses
// a sector in the middle of what was synced.

type Either =
  | Member<raft.Message, raft.Durable, TallyContext>
  | Member<multiPaxos.Message, multiPaxos.Durable, TallyContext>

function alone(engine: 'raft' | 'multi-paxos'): World<Either> {
  return new World<Either>({
    seed: 7,
    nodes: ['a'],
    member: (id, ports, diskId): Either => {
      const options = {
        ...defaultMemberOptions,
        ...smallMemberOptions,
        cluster: '00000000000000c1',
        self: id,
        membership: voting(['a']),
        introducers: {},
        diskId,
      }
      const around = { ports, options, machine: new TallyMachine() }
      if (engine === 'raft') {
        const settings = { ...raft.defaultRaftOptions, ...fastRaftOptions }
        return new Member({ ...around, codec: raft.raftCodec, engine: (env) => new raft.Raft(env, settings) })
      }
      const settings = { ...multiPaxos.defaultMultiPaxosOptions, electionTimeoutMin: 150, heartbeatInterval: 15 }
      const made = (env: multiPaxos.MultiPaxosEnvironment): multiPaxos.MultiPaxos =>
        new multiPaxos.MultiPaxos(env, settings)
      return new Member({ ...around, codec: multiPaxos.multiPaxosCodec, engine: made })
    },
  })
}

function put(world: World<Either>, id: NodeId): void {
  let answered = false
  const done = (): void => void (answered = true)
  world.node(id).member?.submit(tallyOperation(1), { applied: done, failed: done, readable: done })
  world.run(20_000, () => answered)
}

/** Behind the head: the first records that were ever written. */
const sector = { file: 'journal-0000000001', offset: 4096 + 256, bytes: 128 }

describe.each(['raft', 'multi-paxos'] as const)('the only member of a cluster, by %s', (engine) => {
  it('halts when its journal has a hole, and says what to do', () => {
    const world = alone(engine)
    world.start('a')
    world.run(2000)
    for (let i = 0; i < 10; i++) put(world, 'a')
    world.kill('a')
    world.node('a').disk.corrupt(sector.file, sector.offset, sector.bytes)
    world.start('a')
    world.run(2000)
    expect(world.node('a').halted).toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/this member is the only one.*Restore its directory from a copy/),
    })
  })

  it('starts again when nothing is lost', () => {
    const world = alone(engine)
    world.start('a')
    world.run(2000)
    for (let i = 0; i < 10; i++) put(world, 'a')
    world.kill('a')
    world.start('a')
    world.run(2000)
    expect(world.node('a').halted).toBeUndefined()
    expect(world.node('a').member?.standing.leading).toBe(true)
  })
})

it('a member that has met another one waits for it, though its log has lost who that is', () => {
  const cluster = new TallyCluster({ nodes: ['a'] })
  cluster.start('a')
  cluster.run(5000, () => cluster.leader() === 'a')
  expect(cluster.change('a', { type: 'addVoter', id: 'b', contact: '' })).toHaveProperty('index')
  cluster.add('b')
  cluster.start('b')
  expect(cluster.run(20_000, () => cluster.present('a').standing.committedMembership.voters.length === 2)).toBe(true)
  for (let value = 1; value <= 5; value++) cluster.put('a', value)
  cluster.kill('a')
  // All but the very end, which says that the rest was synced.
  const { disk } = cluster.node('a')
  const bytes = disk.files.get(sector.file)?.bytes.subarray(0, -4096) ?? new Uint8Array(0)
  const end = bytes.findLastIndex((byte) => byte !== 0)
  disk.corrupt(sector.file, 4096, end - 4096 - 128)
  cluster.start('a')
  cluster.run(2000)
  expect(cluster.node('a').halted).toBeUndefined()
  expect(cluster.present('a').standing).toMatchObject({ repairing: true, membership: { voters: ['a'] } })
})
