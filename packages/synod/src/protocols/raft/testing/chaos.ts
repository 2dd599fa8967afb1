import {
  assert,
  choose,
  isJoint,
  membersOf,
  present,
  random,
  seeded,
  tally,
  type MembershipChange,
  type NodeId,
  type RandomState,
} from '../../../core/index.ts'
import { membershipOf } from '../log.ts'
import type { RaftOptions } from '../options.ts'
import { World, type Happening } from './world.ts'

/** How one random run went. */
export interface Outcome {
  readonly world: World
  readonly steps: number
  /** How often each thing that is worth testing was met. */
  readonly met: Record<string, number>
}

/** What else may happen in a run. */
export interface Dangers {
  readonly damage?: boolean
  readonly changes?: boolean
}

/**
 * One random run of a small world: loss, duplication, reordering, partitions both ways and one way, loss of power with
 * unsynced records, snapshots, transfers, reads; at the end the world is healed, and must elect and decide. With
 * `damage`, one member's disk loses records, or its snapshot, while it is down; with `changes`, members come and go.
 */
export function chaos(seed: number, steps: number, { damage = false, changes = false }: Dangers = {}): Outcome {
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
    machines: members,
    changes,
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
  /** Everybody who is, was, or may become a member. */
  readonly machines: NodeId[]
  readonly changes: boolean
  readonly met: Record<string, number>
  /** The member whose disk may lose what was durable. */
  readonly damaged: NodeId | undefined
  sequence: number
}

function meet(run: Run, what: string): void {
  run.met[what] = (run.met[what] ?? 0) + 1
}

function disturb(run: Run): void {
  const { world, dice, machines: members } = run
  if (run.changes && choose(dice, 5) === 0) return changeSome(run)
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

const spare = ['f', 'g', 'h']

/** One to three changes at once, of members and of machines that are none yet. */
function changeSome(run: Run): void {
  const { world, dice, machines } = run
  const leader = world.leader()
  if (leader === undefined) return
  const changes: MembershipChange[] = []
  for (let many = choose(dice, 3); many >= 0; many--) {
    const all = [...new Set([...machines, ...spare])]
    const id = all[choose(dice, all.length)] ?? 'a'
    const types = ['addVoter', 'addVoter', 'addLearner', 'promote', 'demote', 'remove', 'update'] as const
    const type = types[choose(dice, types.length)] ?? 'remove'
    changes.push({ type, id, contact: `${run.sequence++}` })
  }
  const outcome = world.change(leader, ...changes)
  meet(run, 'code' in outcome ? outcome.code : 'changed')
  if ('code' in outcome) return
  for (const { type, id } of changes) {
    if (type.startsWith('add') && !machines.includes(id)) {
      machines.push(id)
      world.add(id)
    }
  }
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

/** What kind of change a member goes by from now on. */
function turnOf({ membership, before, back }: Extract<Happening, { type: 'reconfigured' }>): string {
  if (back) return 'taken back'
  if (isJoint(membership)) return 'joint'
  if (isJoint(before)) return 'left'
  return before.joining.some((id) => membership.voters.includes(id)) ? 'promoted' : 'simple'
}

/** All members run; a machine that was removed does not: where neither Pre-Vote nor CheckQuorum is on it could depose leaders for ever. */
function switchOff(world: World): void {
  const leader = world.leader()
  const { membership, decided } = world.raft(leader ?? 'a').standing
  const knows = leader !== undefined && decided >= world.state(leader).termStart
  for (const { id, up } of world.members.values()) {
    const stays = !knows || membersOf(membership).includes(id)
    if (stays && !up) world.start(id)
    else if (!stays && up) world.crash(id)
  }
}

/** The damaged member does not vote, and a membership that somebody goes by has no quorum without it: as if it were down. */
function isHopeless({ world, damaged }: Run): boolean {
  if (damaged === undefined || !world.raft(damaged).standing.repairing) return false
  const others = Object.fromEntries([...world.members.keys()].filter((id) => id !== damaged).map((id) => [id, true]))
  return [...world.members.values()].some(({ state }) => tally(membershipOf(state), others) !== 'won')
}

/** Nothing is lost any more: a leader must be there soon, a new command decided everywhere, and a read answered. */
function settle(run: Run): void {
  const { world } = run
  world.heal()
  const calm: World = Object.assign(world, { options: { ...world.options, lost: 0, duplicated: 0 } })
  for (let tries = 0; tries < 200; tries++) {
    switchOff(calm)
    calm.run(50)
    const leader = calm.leader()
    if (leader !== undefined && calm.propose(leader, ++run.sequence)) break
  }
  if (isHopeless(run)) return meet(run, 'hopeless')
  const probe = ++run.sequence
  const members = (): NodeId[] => membersOf(calm.raft(calm.leader() ?? 'a').standing.committedMembership)
  const isEverywhere = (): boolean =>
    members().every((id) => calm.member(id).machine.commands.some((command) => command.slice(1) === `${probe}`))
  let asked: NodeId | undefined
  for (let tries = 0; tries < 200 && !isEverywhere(); tries++) {
    const leader = calm.leader()
    if (leader !== undefined && leader !== asked && calm.propose(leader, probe)) asked = leader
    switchOff(calm)
    calm.run(50)
  }
  assert(isEverywhere(), 'liveness: once healed, the cluster elects a leader and decides')
  for (let times = 0; times < 200 && (times < 20 || calm.leader() === undefined); times++) {
    switchOff(calm)
    calm.run(50)
  }
  const leader = present(calm.leader(), 'liveness: the leader stays')
  const { membership, committedMembership } = calm.raft(leader).standing
  assert(
    membership === committedMembership && !isJoint(membership) && membership.joining.length === 0,
    'liveness: changes of the membership are completed',
  )
  for (const id of members()) {
    assert(
      calm.member(id).machine.commands.join() === calm.member(leader).machine.commands.join(),
      'agreement: all members have applied the same commands',
    )
  }
  for (const happening of calm.happenings) {
    meet(run, happening.type)
    if (happening.type === 'reconfigured') meet(run, turnOf(happening))
  }
  if (run.damaged !== undefined && !calm.raft(run.damaged).standing.repairing) meet(run, 'whole')
}
