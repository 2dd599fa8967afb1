import { assert, choose, random, seeded, type NodeId, type RandomState } from '../../../core/index.ts'
import type { RaftOptions } from '../options.ts'
import { World } from './world.ts'

/** How one random run went. */
export interface Outcome {
  readonly world: World
  readonly steps: number
  /** How often each thing that is worth testing was met. */
  readonly met: Record<string, number>
}

/**
 * One random run of a small world: loss, duplication, reordering, partitions both ways and one way, loss of power with
 * unsynced records, snapshots, transfers, reads; at the end the world is healed, and must elect and decide. With
 * `damage`, one member's disk loses records, or its snapshot, while it is down.
 */
export function chaos(seed: number, steps: number, damage = false): Outcome {
  const dice = seeded(seed * 7919 + 1)
  const flip = (): boolean => choose(dice, 2) === 0
  const members = ['a', 'b', 'c', 'd', 'e'].slice(0, choose(dice, 3) === 0 ? 5 : 3)
  const raft: Partial<RaftOptions> = {
    electionTimeoutMin: 100,
    heartbeatInterval: 20,
    preVote: flip(),
    checkQuorum: flip(),
    maxMessageBytes: 300,
    maxInflightMessages: 1 + choose(dice, 4),
    maxUncommittedBytes: 2000,
  }
  const world = new World({
    seed,
    members,
    raft,
    delay: [1, 1 + choose(dice, 40)],
    sync: [1, 1 + choose(dice, 20)],
    lost: choose(dice, 150),
    duplicated: choose(dice, 100),
  })
  const run: Run = {
    world,
    dice,
    members,
    sequence: 0,
    met: {},
    damaged: damage ? members[choose(dice, members.length)] : undefined,
  }
  if (damage) world.ignore('monotonicity', 'durable quorum')
  world.startAll()
  for (let step = 0; step < steps; step++) {
    disturb(run)
    world.run(random(dice) * 60)
  }
  settle(run)
  return { world, steps, met: run.met }
}

interface Run {
  readonly world: World
  readonly dice: RandomState
  readonly members: readonly NodeId[]
  readonly met: Record<string, number>
  /** The member whose disk may lose what was durable. */
  readonly damaged: NodeId | undefined
  sequence: number
}

function meet(run: Run, what: string): void {
  run.met[what] = (run.met[what] ?? 0) + 1
}

function disturb(run: Run): void {
  const { world, dice, members } = run
  const member = members[choose(dice, members.length)] ?? 'a'
  const { up, machine, state } = world.member(member)
  const one = world.leader() ?? member
  const draw = choose(dice, 100)
  if (draw < 45) {
    for (let many = choose(dice, 4); many >= 0; many--) if (world.propose(one, ++run.sequence)) meet(run, 'proposed')
  } else if (draw < 60) {
    if (world.read(flipTo(dice, one, member), ++run.sequence)) meet(run, 'read')
  } else if (draw < 70 && up) {
    world.crash(member, choose(dice, 3))
    meet(run, 'crash')
    if (member === run.damaged) corrupt(run, member)
  } else if (draw < 80) {
    for (const id of members) if (!world.member(id).up) world.start(id)
  } else if (draw < 85) {
    const left = members.filter(() => choose(dice, 2) === 0)
    world.partition(
      left,
      members.filter((id) => !left.includes(id)),
    )
    meet(run, 'partition')
  } else if (draw < 88) {
    const to = members[choose(dice, members.length)] ?? 'a'
    if (to !== member) world.cut.add(`${member}>${to}`)
  } else if (draw < 93) world.heal()
  else if (
    draw < 96 &&
    up &&
    machine.applied > state.compacted.index &&
    machine.applied > (state.snapshot?.index ?? 0)
  ) {
    world.compact(member, choose(dice, 3))
    meet(run, 'compaction')
  } else if (draw < 98 && up) {
    if (world.raft(one).transfer()) meet(run, 'transfer')
  } else if (up) world.raft(member).resign()
}

/** Records that were durable, the last one among them, can no longer be read; or the newest snapshot cannot. */
function corrupt(run: Run, id: NodeId): void {
  const { world, dice } = run
  const member = world.member(id)
  if (choose(dice, 4) === 0 && member.state.snapshot !== undefined) {
    member.snapshotUnreadable = true
    meet(run, 'snapshot lost')
  } else if (choose(dice, 2) === 0) {
    for (let first = 1 + choose(dice, member.journal.length - 1), many = choose(dice, 3); many >= 0; many--) {
      if (first + many < member.journal.length) member.unreadable.add(first + many)
    }
    meet(run, 'records lost')
  } else if (choose(dice, 3) === 0) {
    // It was a cable, not the disk: what could not be read can be read again.
    member.unreadable.clear()
  }
}

function flipTo(dice: RandomState, one: NodeId, other: NodeId): NodeId {
  return choose(dice, 2) === 0 ? one : other
}

/** Nothing is lost any more: a leader must be there soon, a new command decided everywhere, and a read answered. */
function settle(run: Run): void {
  const { world, members } = run
  world.heal()
  const calm: World = Object.assign(world, { options: { ...world.options, lost: 0, duplicated: 0 } })
  calm.startAll()
  for (let tries = 0; tries < 200; tries++) {
    calm.run(50)
    const leader = calm.leader()
    if (leader !== undefined && calm.propose(leader, ++run.sequence)) break
  }
  const probe = ++run.sequence
  const isEverywhere = (): boolean =>
    members.every((id) => calm.member(id).machine.commands.some((command) => command.slice(1) === `${probe}`))
  let asked: NodeId | undefined
  for (let tries = 0; tries < 200 && !isEverywhere(); tries++) {
    const leader = calm.leader()
    if (leader !== undefined && leader !== asked && calm.propose(leader, probe)) asked = leader
    calm.run(50)
  }
  assert(isEverywhere(), 'liveness: once healed, the cluster elects a leader and decides')
  calm.run(1000)
  const [first] = members
  for (const id of members) {
    assert(
      calm.member(id).machine.commands.join() === calm.member(first ?? 'a').machine.commands.join(),
      'agreement: all members have applied the same commands',
    )
  }
  for (const { type } of calm.happenings) meet(run, type)
  if (run.damaged !== undefined && !calm.raft(run.damaged).standing.repairing) meet(run, 'whole')
}
