import {
  assert,
  choose,
  membersOf,
  present,
  random,
  seeded,
  type MembershipChange,
  type NodeId,
  type RandomState,
} from '../../core/index.ts'
import { electionTimeout, EngineWorld, type LogEngineParts } from './engine-world.ts'

/** What else may happen in a random run. */
export interface Dangers {
  /** One member's disk loses records, or its snapshot, while it is down. */
  readonly damage?: boolean
  /** Members come and go. */
  readonly changes?: boolean
  /** Invariants that such a run is meant to break. */
  readonly ignored?: readonly string[]
}

/** How often each thing that is worth testing was met. */
export type Met = Record<string, number>

/**
 * One random run of a small world: loss, duplication, reordering, partitions both ways and one way, loss of power with
 * unsynced records, snapshots, transfers, reads; at the end the world is healed, and must elect and decide.
 */
export function randomWorld<State, Message, Durable, Node>(
  parts: LogEngineParts<State, Message, Durable, Node>,
  seed: number,
  { damage = false, changes = false, ignored = [] }: Dangers = {},
): Met {
  const dice = seeded(seed * 7919 + 1)
  const members = ['a', 'b', 'c', 'd', 'e'].slice(0, choose(dice, 3) === 0 ? 5 : 3)
  const options = {
    seed,
    members,
    delay: [1, 1 + choose(dice, 40)] as const,
    sync: [1, 1 + choose(dice, 20)] as const,
    lost: choose(dice, 150),
    duplicated: choose(dice, 100),
  }
  const damaged = damage ? members[choose(dice, members.length)] : undefined
  const run = new RandomRun(new EngineWorld(parts, options, ignored), dice, members, changes, damaged)
  for (let step = 0; step < 50; step++) run.disturb()
  run.settle()
  return run.met
}

const spare = ['f', 'g', 'h']

class RandomRun<State, Message, Durable, Node> {
  readonly met: Met = {}
  private readonly world: EngineWorld<State, Message, Durable, Node>
  private readonly dice: RandomState
  /** Everybody who is, was, or may become a member. */
  private readonly machines: NodeId[]
  private readonly changes: boolean
  /** The member whose disk may lose what was durable. */
  private readonly damaged: NodeId | undefined
  private sequence = 0

  constructor(
    world: EngineWorld<State, Message, Durable, Node>,
    dice: RandomState,
    machines: NodeId[],
    changes: boolean,
    damaged: NodeId | undefined,
  ) {
    this.world = world
    this.dice = dice
    this.machines = [...machines]
    this.changes = changes
    this.damaged = damaged
    world.startAll()
  }

  private meet(what: string): void {
    this.met[what] = (this.met[what] ?? 0) + 1
  }

  private any(): NodeId {
    return present(this.machines[choose(this.dice, this.machines.length)], 'there is a machine')
  }

  disturb(): void {
    if (this.changes && choose(this.dice, 5) === 0) this.changeSome()
    else this.disturbOne()
    this.world.run(random(this.dice) * 60)
  }

  private disturbOne(): void {
    const { world, dice, machines } = this
    const id = this.any()
    const { up, machine, engine } = world.member(id)
    const leader = world.leader() ?? id
    const draw = choose(dice, 100)
    if (draw < 45) {
      for (let many = choose(dice, 4); many >= 0; many--)
        if (world.propose(leader, ++this.sequence)) this.meet('proposed')
    } else if (draw < 60) {
      if (world.read(choose(dice, 2) === 0 ? leader : id, ++this.sequence)) this.meet('read')
    } else if (draw < 70 && up) {
      world.crash(id, choose(dice, 3))
      this.meet('crash')
      if (id === this.damaged) this.damage(id)
    } else if (draw < 80) this.startSome(() => true)
    else if (draw < 85) {
      const left = machines.filter(() => choose(dice, 2) === 0)
      world.partition(
        left,
        machines.filter((other) => !left.includes(other)),
      )
      this.meet('partition')
    } else if (draw < 88) {
      const to = this.any()
      if (to !== id) world.cut.add(`${id}>${to}`)
    } else if (draw < 93) world.heal()
    else if (draw < 96 && up) {
      const { compacted, snapshot } = engine.standing
      if (machine.applied <= Math.max(compacted, snapshot?.index ?? 0)) return
      world.compact(id, choose(dice, 3))
      this.meet('compaction')
    } else if (draw < 98 && up) {
      if (world.engine(leader).transfer()) this.meet('transfer')
    } else if (up) engine.resign()
  }

  private startSome(isMeant: (id: NodeId) => boolean): void {
    for (const id of this.machines) if (!this.world.member(id).up && isMeant(id)) this.world.start(id)
  }

  /** One to three changes at once, of members and of machines that are none yet. */
  private changeSome(): void {
    const { world, dice, machines } = this
    const leader = world.leader()
    if (leader === undefined) return
    const changes: MembershipChange[] = []
    for (let many = choose(dice, 3); many >= 0; many--) {
      const all = [...new Set([...machines, ...spare])]
      const id = all[choose(dice, all.length)] ?? 'a'
      const types = ['addVoter', 'addVoter', 'addLearner', 'promote', 'demote', 'remove', 'update'] as const
      const type = types[choose(dice, types.length)] ?? 'remove'
      changes.push({ type, id, contact: `${this.sequence++}` })
    }
    const outcome = world.change(leader, ...changes)
    this.meet('code' in outcome ? outcome.code : 'changed')
    if ('code' in outcome) return
    for (const { type, id } of changes) {
      if (!type.startsWith('add') || machines.includes(id)) continue
      machines.push(id)
      world.add(id)
    }
  }

  /** Records that were durable, the last one among them, can no longer be read; or the newest snapshot cannot. */
  private damage(id: NodeId): void {
    const { dice } = this
    const member = this.world.member(id)
    if (choose(dice, 4) === 0 && member.engine.standing.snapshot !== undefined) {
      member.snapshotUnreadable = true
      this.meet('snapshot lost')
    } else if (choose(dice, 2) === 0) {
      const first = 1 + choose(dice, Math.max(1, member.journal.length - 1))
      for (let many = choose(dice, 3); many >= 0; many--)
        if (first + many < member.journal.length) member.unreadable.add(first + many)
      this.meet('records lost')
    }
  }

  /** Nothing is lost any more: a leader must be there soon, a new command decided everywhere, and changes completed. */
  settle(): void {
    const { world } = this
    world.heal()
    world.options = { ...world.options, lost: 0, duplicated: 0 }
    this.startSome(() => true)
    const standing = (): ReturnType<typeof world.engine>['standing'] => world.engine(world.leader() ?? 'a').standing
    const electorate = (): NodeId[] => membersOf(standing().membership)
    let probe = 0
    const isEverywhere = (): boolean =>
      probe > 0 &&
      electorate().every((id) => world.member(id).machine.commands.some((command) => command.slice(1) === `${probe}`))
    for (let tries = 0; tries < 100 && !isEverywhere(); tries++) {
      const leader = world.leader()
      if (leader !== undefined && world.propose(leader, ++this.sequence)) probe = this.sequence
      world.until(isEverywhere, 4 * electionTimeout)
    }
    if (this.isHopeless()) return this.meet('hopeless')
    assert(isEverywhere(), 'liveness: once healed, the cluster elects a leader and decides')
    const isDone = (): boolean => {
      const { membership, committedMembership, leading } = standing()
      const { outgoing, joining } = membership
      return leading && membership === committedMembership && outgoing.length === 0 && joining.length === 0
    }
    assert(world.until(isDone), 'liveness: changes of the membership are completed')
    const applied = (): string[] => electorate().map((id) => world.member(id).machine.commands.join())
    assert(
      world.until(() => new Set(applied()).size === 1),
      'agreement: all members have applied the same commands',
    )
    this.met['answered'] = world.answered.size
    this.met['dropped'] = world.dropped.size
    this.met['installed'] = world.installed
    if (this.damaged !== undefined && !world.engine(this.damaged).standing.repairing) this.meet('whole')
  }

  /** The damaged member does not vote, and there may be no quorum without it. */
  private isHopeless(): boolean {
    return this.damaged !== undefined && this.world.engine(this.damaged).standing.repairing
  }
}
