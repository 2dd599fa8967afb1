import {
  choose,
  membersOf,
  random,
  seeded,
  type MembershipChange,
  type NodeId,
  type RandomState,
} from '../core/index.ts'
import { TallyCluster } from './tally-cluster.ts'
import { tallyOperation } from './tally-machine.ts'

/** How a play went. */
export interface ComingAndGoing {
  /** What went against the promises, in words; empty if nothing did. */
  readonly violations: readonly string[]
  /** How often each thing happened. */
  readonly counts: Readonly<Record<string, number>>
}

const first = ['a', 'b', 'c']
const steps = 60

/** What happens in a step, each as often as it stands in the list. */
const happenings = [
  'put',
  'put',
  'put',
  'add a voter',
  'add a voter',
  'add a learner',
  'promote',
  'remove',
  'cut the power',
  'kill',
  'part two',
  'heal',
  'exchange a disk',
  'transfer',
] as const

/** Members come and go, crash, lose disks and miss each other, while clients write; then all is mended. */
export function playComingAndGoing(seed: number): ComingAndGoing {
  const play = new Play(seed)
  play.run()
  return { violations: play.violations, counts: play.counts }
}

class Play {
  readonly violations: string[] = []
  readonly counts: Record<string, number> = {}
  private readonly dice: RandomState
  private readonly world: TallyCluster
  /** Where each acknowledged value is. */
  private readonly acknowledged = new Map<number, number>()
  private readonly added = new Set<NodeId>()
  private readonly refused = new Set<NodeId>()
  private readonly removed = new Set<NodeId>()
  private readonly asked = new Set<NodeId>()
  private readonly wiped = new Set<NodeId>()
  private value = 0
  private fresh = 0

  constructor(seed: number) {
    this.dice = seeded(seed ^ 0x2545f491)
    // The memberships of sixty changes, with all their contacts, are in the head of every segment.
    this.world = new TallyCluster({ seed, nodes: first, options: { segmentBytes: 128 * 1024 } })
  }

  run(): void {
    const { world } = this
    world.startAll()
    for (let step = 0; step < steps; step++) {
      this.happen()
      world.run(random(this.dice) ** 2 * 800)
    }
    this.mend()
    if (!world.run(60_000, () => this.settled())) this.violations.push(`it does not settle: ${this.describe()}`)
    this.judge()
  }

  private count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  private pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[choose(this.dice, from.length)]
  }

  private running(): NodeId[] {
    return [...this.world.nodes.values()]
      .filter(({ member, halted }) => member?.phase === 'running' && halted === undefined)
      .map(({ id }) => id)
  }

  private down(): NodeId[] {
    return [...this.world.nodes.values()].filter(({ member }) => member === undefined).map(({ id }) => id)
  }

  private happen(): void {
    const at = this.pick(this.running())
    if (at === undefined) return
    const what = this.pick(happenings) ?? 'put'
    const members = membersOf(this.world.present(at).standing.committedMembership)
    switch (what) {
      case 'put':
        return this.put(at)
      case 'add a voter':
      case 'add a learner':
        return this.add(at, what === 'add a voter' ? 'addVoter' : 'addLearner')
      case 'promote':
      case 'remove': {
        // As an operator does: who has lost a disk is replaced before anybody else goes.
        const [lost] = this.lost()
        const id = what === 'remove' && lost !== undefined ? lost : this.pick(members)
        return id === undefined ? undefined : this.change(at, { type: what, id })
      }
      case 'cut the power':
      case 'kill':
        return this.crash(at, what === 'kill')
      case 'part two': {
        const other = this.pick(members)
        this.world.cut.add(`${at}>${other}`)
        if (choose(this.dice, 2) === 0) this.world.cut.add(`${other}>${at}`)
        return this.count(what)
      }
      case 'heal':
        this.world.heal()
        return this.count(what)
      case 'exchange a disk':
        return this.exchange(at)
      case 'transfer':
        if (this.world.present(at).transfer()) this.count(what)
        return undefined
    }
  }

  private put(at: NodeId): void {
    const value = ++this.value
    this.world.present(at).submit(tallyOperation(value), {
      applied: (position) => void this.acknowledged.set(value, position),
      failed: () => this.count('unknown or refused puts'),
      readable: () => undefined,
    })
  }

  /** Its machine is started in time, late, or never. */
  private add(at: NodeId, type: 'addVoter' | 'addLearner'): void {
    const id = `n${++this.fresh}`
    this.world.add(id)
    this.change(at, { type, id, contact: '{"v":1}' })
    if (choose(this.dice, 5) > 0) this.world.schedule.after(random(this.dice) * 1000, () => this.start(id))
  }

  private start(id: NodeId): void {
    if (this.world.node(id).member === undefined) this.world.start(id)
  }

  private change(at: NodeId, change: MembershipChange): void {
    // Whoever is asked may be gone before it can answer.
    if (change.type === 'remove') this.asked.add(change.id)
    this.world.present(at).change([change], (outcome) => {
      const done = 'membership' in outcome
      this.count(`${change.type}: ${done ? 'done' : `${outcome.name} ${outcome.detail.code}`}`)
      if (done && change.type === 'remove') this.removed.add(change.id)
      if (change.type !== 'addVoter' && change.type !== 'addLearner') return
      if (done) this.added.add(change.id)
      else if (outcome.name === 'Rejected') this.refused.add(change.id)
    })
  }

  private crash(id: NodeId, kill: boolean): void {
    this.count(kill ? 'kill' : 'cut the power')
    if (kill) this.world.kill(id)
    else this.world.powerCut(id)
    this.world.schedule.after(random(this.dice) * 1000, () => this.start(id))
  }

  private lost(): NodeId[] {
    return [...this.wiped].filter((id) => !this.removed.has(id))
  }

  /** Only of one that was added: the first members' disks are another test's. And never so that the quorum may be lost. */
  private exchange(id: NodeId): void {
    const { membership, committedMembership } = this.world.present(id).standing
    const spare = [membership, committedMembership].every(({ voters }) => voters.length >= 4)
    if (first.includes(id) || this.lost().length > 0 || !spare) return
    this.count('exchange a disk')
    this.world.kill(id)
    this.world.node(id).disk.wipe()
    this.wiped.add(id)
    this.world.schedule.after(random(this.dice) * 1000, () => this.start(id))
  }

  private mend(): void {
    this.world.heal()
    for (const id of this.down()) if (!this.wiped.has(id) || this.added.has(id)) this.start(id)
  }

  /** Somebody leads, and who takes part and has its disk has applied all that is decided. */
  private settled(): boolean {
    const leader = this.world.leader()
    if (leader === undefined || this.world.present(leader).phase !== 'running') return false
    const { committedMembership, membership, decided } = this.world.present(leader).standing
    if (membership !== committedMembership) return false
    return membersOf(committedMembership).every((id) => {
      const node = this.world.nodes.get(id)
      return this.wiped.has(id) || node?.halted !== undefined || (node?.member?.applied ?? -1) === decided
    })
  }

  private judge(): void {
    const leader = this.world.leader()
    if (leader === undefined) return
    const { committedMembership } = this.world.present(leader).standing
    const members = membersOf(committedMembership)
    const log = this.world.machines.get(leader)?.operations ?? []
    for (const [value, position] of this.acknowledged) {
      if (log[position - 1] !== value)
        this.violations.push(`${value} was acknowledged at ${position}, and is not there`)
    }
    for (const id of members) this.judgeMember(id, log)
    for (const id of this.added) {
      if (!members.includes(id) && !this.asked.has(id)) this.violations.push(`${id} was added, and is not there`)
    }
    for (const id of this.refused) {
      if (members.includes(id)) this.violations.push(`${id} was certainly not added, and is there`)
    }
    this.judgeHalts(members)
  }

  private judgeMember(id: NodeId, log: readonly number[]): void {
    if (this.removed.has(id)) this.violations.push(`${id} was removed, and is there`)
    if (this.wiped.has(id) || this.world.node(id).halted !== undefined) return
    const own = this.world.machines.get(id)?.operations ?? []
    if (own.join() !== log.join()) this.violations.push(`${id} has ${own.join()} instead of ${log.join()}`)
  }

  private judgeHalts(members: readonly NodeId[]): void {
    for (const { id, halted } of this.world.nodes.values()) {
      if (halted === undefined) continue
      this.count(`halted: ${halted.code}`)
      const rightly =
        (halted.code === 'removed' && !members.includes(id)) || (halted.code === 'lost-disk' && this.wiped.has(id))
      if (!rightly) this.violations.push(`${id} halted (${halted.code}): ${halted.message}`)
    }
  }

  private describe(): string {
    return [...this.world.nodes.values()]
      .map(({ id, member, halted }) => {
        const { term, decided, membership, leader } = member?.standing ?? {}
        return `${id}: ${halted?.code ?? member?.phase ?? 'down'} ${term} ${leader} ${decided} ${JSON.stringify(membership)}`
      })
      .join('\n')
  }
}
