import {
  isJoint,
  membersOf,
  present,
  random,
  voting,
  Rejected,
  type Codec,
  type Invariant,
  type LogEngine,
  type Membership,
  type NodeId,
  type Ports,
  type RandomState,
} from '../core/index.ts'
import { check, store as storeModel, type StoreOperation, type StoreRequest } from '../history/index.ts'
import { defaultMemberOptions, Member, type EngineEnvironment, type MemberOptions } from '../member/index.ts'
import type { Answer, Plan, Play, Situation, Stage } from '../simulator/index.ts'
import { ReplicatedStore, type StoreContext } from '../store/index.ts'
import { ChangesJudge } from './raft/changes-judge.ts'
import { DecidedMembership, quorumOfAll, type KnownMemberships } from './raft/core.ts'
import { changesOf, type RaftErrand } from './raft/raft-errands.ts'
import { noHoleWithoutDamage, nothingUnwritten, type MayRepair } from './raft/holes.ts'
import { removedStopped } from './raft/situations.ts'
import { StoreClients } from './raft/store-client.ts'

export type StoreMember<Message, Durable> = Member<Message, Durable, StoreContext>

/** A log engine, as a play puts it into members and watches it. */
export interface TestedEngine<Message, Durable, Node extends MayRepair> {
  readonly codec: Codec<Message, Durable>
  readonly invariants: readonly Invariant<Node>[]
  readonly situations: readonly Situation<Node>[]
  /** Those that runs in which an administrator changes the membership must have come through, too. */
  readonly membershipSituations: readonly Situation<Node>[]
  /** By the settings of a plan. */
  observe(id: NodeId, settings: unknown): ObservedEngine<Message, Durable, Node>
}

/** One member's engine as the invariants see it, through all its lives. */
export interface ObservedEngine<Message, Durable, Node> {
  readonly node: Node
  readonly incarnation: number
  /** The memberships that it knows, and how many of them are decided. */
  readonly known: KnownMemberships
  /** What it asks the others for at the moment, for people. */
  readonly asks: string
  /** Something that invariants and situations read is other than when this was last asked. */
  changed(): boolean
  /** Another life begins. `count`: how many of its records are durable. */
  engine(env: EngineEnvironment<Message, Durable>, count: () => number): LogEngine<unknown, Message, Durable>
}

const keys = ['a', 'b', 'c', 'd', 'e']
/** Election timeouts and the like are about so long. */
export const pace = 1000
/** Where an administrator adds some, so many may wait to be promoted. */
const learnersMax = 3

/** What a seed draws for the members around an engine. */
export interface DrawnForMembers {
  readonly electionTimeoutMin: number
  readonly entries: number
  readonly keepEntries: number
  readonly segmentBytes: number
  readonly chunkBytes: number
}

/** Small ones take snapshots, roll segments over and cut the journal within a short run. */
export function memberSettings({
  electionTimeoutMin,
  entries,
  keepEntries,
  segmentBytes,
  chunkBytes,
}: DrawnForMembers): Partial<MemberOptions> {
  return {
    electionTimeout: electionTimeoutMin,
    segmentBytes,
    retry: electionTimeoutMin / 4,
    proposals: { ...defaultMemberOptions.proposals, commandBytes: 1024, patience: 7 * electionTimeoutMin },
    snapshots: {
      ...defaultMemberOptions.snapshots,
      entries,
      keepEntries,
      bytes: 64 * 1024,
      keepBytes: 32 * 1024,
      chunkBytes,
      retry: electionTimeoutMin / 2,
    },
  }
}

/** What a client asks of a store. */
export function drawOperation(stream: RandomState): StoreOperation {
  const number = (below: number): number => Math.floor(below * random(stream))
  const key = (): string => keys[number(keys.length)] ?? 'a'
  const value = (): string => String(number(10_000))
  const draw = number(100)
  if (draw < 40) return { type: 'put', key: key(), value: value() }
  if (draw < 75) return { type: 'get', key: key() }
  if (draw < 80) return { type: 'get', key: 'a', end: 'z' }
  if (draw < 87) return { type: 'delete', key: key() }
  if (draw < 98) {
    const [watched, written] = [key(), key()]
    const write: StoreRequest = { type: 'put', key: written, value: value() }
    const isNew = { key: watched, target: 'version', is: '=', operand: 0 } as const
    return { type: 'txn', compare: [isNew], success: [write], failure: [{ type: 'delete', key: watched }] }
  }
  // What is far behind by the time it comes, in most runs.
  return { type: 'compact', revision: 2 + number(200) }
}

/** All memberships that are not compacted yet, with their contacts, stand in the head of every segment. */
function roomForChanges({ segmentBytes = 0 }: Partial<MemberOptions>): Partial<MemberOptions> {
  const changes = { ...defaultMemberOptions.changes, learners: learnersMax }
  return { changes, segmentBytes: Math.max(segmentBytes, 128 * 1024) }
}

function membershipInWords(membership: Membership): string {
  const { voters, outgoing, learners } = membership
  const joint = isJoint(membership) ? ` and ${outgoing.join(' ')}` : ''
  return `${voters.join(' ')}${joint}${learners.length === 0 ? '' : `, learners ${learners.join(' ')}`}`
}

/** One run of a log engine that production runs, with all that surrounds it there. */
export class StorePlay<Message, Durable, Node extends MayRepair> implements Play<StoreMember<Message, Durable>, Node> {
  readonly invariants: readonly Invariant<Node>[]
  readonly situations: readonly Situation<Node>[]
  private readonly tested: TestedEngine<Message, Durable, Node>
  private readonly plan: Plan
  private readonly settings: Partial<MemberOptions>
  private readonly stage: Stage<StoreMember<Message, Durable>>
  private readonly observed = new Map<NodeId, ObservedEngine<Message, Durable, Node>>()
  private readonly machines = new Map<NodeId, ReplicatedStore>()
  private readonly clients: StoreClients
  private readonly changes = new ChangesJudge()
  private readonly decided = new DecidedMembership()
  private probes = new Map<NodeId, 'under way' | 'ok'>()

  constructor(tested: TestedEngine<Message, Durable, Node>, plan: Plan, stage: Stage<StoreMember<Message, Durable>>) {
    this.tested = tested
    this.invariants = [
      ...tested.invariants,
      nothingUnwritten,
      noHoleWithoutDamage((id) => stage.world.node(id).disk.isDamaged),
    ]
    this.plan = plan
    this.settings = (plan.settings as { readonly member: Partial<MemberOptions> }).member
    this.stage = stage
    this.clients = new StoreClients(stage.now)
    const { nodes } = stage.world
    const isStopped = (): boolean => [...nodes.values()].some(({ halted }) => halted?.code === 'removed')
    const stopped = { name: removedStopped, watch: () => isStopped }
    const { situations, membershipSituations } = tested
    this.situations = plan.errands.length === 0 ? situations : [...situations, ...membershipSituations, stopped]
  }

  member(id: NodeId, ports: Ports, diskId: string): StoreMember<Message, Durable> {
    const observed = this.observed.get(id) ?? this.tested.observe(id, this.plan.settings)
    this.observed.set(id, observed)
    const machine = new ReplicatedStore()
    this.machines.set(id, machine)
    machine.observe({
      changed: (revision, changes) => {
        const broken = this.clients.changed(id, revision, changes)
        if (broken !== undefined) this.stage.violation('stores agree', broken)
      },
    })
    const options = this.settings
    const member: StoreMember<Message, Durable> = new Member({
      ports,
      codec: this.tested.codec,
      machine,
      engine: (env) => observed.engine(env, () => member.journal.durable - 1),
      options: {
        ...defaultMemberOptions,
        ...options,
        ...(this.plan.errands.length > 0 && roomForChanges(options)),
        cluster: '00000000000000c1',
        self: id,
        ...this.beginning(id),
        diskId,
      },
    })
    return member
  }

  /** Who comes later is told of its cluster by the members that there are by then. */
  private beginning(id: NodeId): Pick<MemberOptions, 'membership'> & Partial<Pick<MemberOptions, 'introducers'>> {
    const { nodes } = this.plan
    if (nodes.includes(id)) return { membership: voting(nodes) }
    const { newest } = this.decided
    const members = newest === undefined ? nodes : membersOf(newest)
    const introducers = Object.fromEntries(members.filter((other) => other !== id).map((other) => [other, '']))
    return { membership: voting([]), introducers }
  }

  node(id: NodeId): Node | undefined {
    const observed = this.observed.get(id)
    return observed === undefined || observed.incarnation === 0 ? undefined : observed.node
  }

  changed(id: NodeId): boolean {
    const observed = this.observed.get(id)
    if (observed?.changed() === false) return false
    if (observed !== undefined && this.plan.errands.length > 0) this.decided.look(observed.known)
    return true
  }

  submit(id: NodeId, client: string, operation: unknown, answer: (how: Answer, said: string) => void): void {
    const { member } = this.stage.world.node(id)
    const machine = present(this.machines.get(id), `${id} has a store`)
    if (member === undefined) return
    this.clients.submit(member, machine, client, operation as StoreOperation, answer)
  }

  administer(id: NodeId, operation: unknown, answer: (how: Answer) => void): void {
    const { member } = this.stage.world.node(id)
    if (member === undefined) return
    const errand = operation as RaftErrand
    const { leader, membership } = member.standing
    if (errand.type === 'transfer') {
      const to = errand.of.find((voter) => voter !== leader && membership.voters.includes(voter))
      return this.transfer(leader ?? id, to, answer)
    }
    const isDown = (other: NodeId): boolean => !this.stage.world.isUp(other)
    const changes = changesOf(errand, { leader, membership, isDown })
    if (changes.length === 0) return answer('rejected')
    this.changes.asked(changes)
    member.change(changes, (outcome) => {
      const how = 'membership' in outcome ? 'ok' : outcome instanceof Rejected ? 'rejected' : 'unknown'
      this.changes.answered(changes, how)
      answer(how)
    })
  }

  /** Only a leader can hand over: whoever was asked says who that is. */
  private transfer(leader: NodeId, to: NodeId | undefined, answer: (how: Answer) => void): void {
    const { world } = this.stage
    if (!world.isUp(leader)) return answer('rejected')
    // It may die before its turn comes.
    world.schedule.after(10 * pace, () => answer('unknown'))
    world.act(leader, () => answer(world.node(leader).member?.transfer(to) === true ? 'ok' : 'rejected'))
  }

  abandoned(client: string): void {
    this.clients.abandoned(client)
  }

  mayHalt(id: NodeId, code: string): boolean {
    const { suffered, isDamaged } = this.stage.world.node(id).disk
    switch (code) {
      case 'disk':
        return suffered.has('failingSync') || suffered.has('fullDisk')
      case 'lost-disk':
        return suffered.has('wipe')
      case 'removed':
        return this.changes.isRemoved(id, this.decided.newest)
      case 'corrupt':
      case 'incompatible':
        return isDamaged
      default:
        return false
    }
  }

  /**
   * A quorum that is whole, for those that are being repaired may have to wait for nodes outside: of what is decided, and
   * of whatever may come into force yet.
   */
  core(candidates: readonly NodeId[]): readonly NodeId[] | undefined {
    const whole = candidates.filter((id) => this.takesPart(id))
    const electorates = this.plan.errands.length === 0 ? [this.plan.nodes] : this.decided.electoratesAhead(this.alive())
    // As small as it may be, and any of those that there are: drawn by the seed.
    const first = whole.length === 0 ? 0 : this.plan.seed % whole.length
    return quorumOfAll([...whole.slice(first), ...whole.slice(0, first)], electorates)
  }

  takesPart(id: NodeId): boolean {
    const { member } = this.stage.world.node(id)
    return member?.phase === 'running' && !member.standing.repairing
  }

  /**
   * Its disk was damaged or exchanged; or it was removed; or it is a first member that has not met all others yet, as it
   * must once.
   */
  mayBeMissing(id: NodeId): boolean {
    const { member, halted, disk } = this.stage.world.node(id)
    return disk.isDamaged || halted?.code === 'removed' || member?.phase === 'joining'
  }

  /** Of all that may say something yet, whether or not they are of the core. */
  private alive(): KnownMemberships[] {
    return [...this.observed].flatMap(([id, { known }]) =>
      this.stage.world.node(id).halted === undefined ? [known] : [],
    )
  }

  /**
   * Each of the core has had a write answered, and all have applied the same. Where a quorum has formed around a leader
   * outside the core, which not all of it can hear, nobody of it can depose that one (Ongaro §9.6): then one answered write is
   * all that is promised.
   */
  settled(whole: readonly NodeId[]): boolean {
    // What is decided meanwhile may remove some of it; and may not make members of all that were on the way to be some.
    const { newest } = this.decided
    const known = newest === undefined ? whole : membersOf(newest)
    const core = whole.filter((id) => known.includes(id))
    const members = core.map((id) => this.stage.world.node(id).member)
    for (const id of core) if (!this.probes.has(id)) this.probe(id)
    const answered = core.filter((id) => this.probes.get(id) === 'ok')
    const outsiders = answered.filter((id) => {
      const leader = this.stage.world.node(id).member?.standing.leader
      return leader !== undefined && !core.includes(leader)
    })
    if (outsiders.length > 0) return true
    return answered.length === core.length && new Set(members.map((member) => member?.applied)).size === 1
  }

  private probe(id: NodeId): void {
    const { world } = this.stage
    this.probes.set(id, 'under way')
    const client = `probe of ${id}`
    const operation = { type: 'put', key: 'probe', value: id }
    world.schedule.after(0, () =>
      world.act(id, () =>
        this.submit(id, client, operation, (how) => {
          if (how === 'ok') this.probes.set(id, 'ok')
          else world.schedule.after(pace / 4, () => this.probes.delete(id))
        }),
      ),
    )
  }

  waitsFor(id: NodeId): string {
    const { member } = this.stage.world.node(id)
    if (member === undefined) return 'is not running'
    const { term, leader, leading, decided, lastIndex, repairing } = member.standing
    const role = leading ? 'leads' : `follows ${leader ?? 'nobody'}`
    const state = `${role} in term ${term}, decided ${decided} of ${lastIndex}, applied ${member.applied}`
    const asks = this.observed.get(id)?.asks ?? ''
    const { membership } = member.standing
    const electorate = this.plan.errands.length === 0 ? '' : `, of ${membershipInWords(membership)}`
    return `${state}${electorate}${asks}${repairing ? ', is being repaired' : ''}${this.probes.get(id) === 'ok' ? '' : ', its write is unanswered'}`
  }

  judge(): void {
    this.judgeStores()
    const broken = this.changes.verdict(this.decided.newest)
    if (broken !== undefined) this.stage.violation('changes are answered truly', broken)
    // No limit of time, which would not be the same in every run: a clock that stands still is asked again and again.
    const clock = (): number => {
      this.stage.beat()
      return 0
    }
    const limits = { steps: 20_000_000, milliseconds: Infinity, clock }
    const verdict = check(this.clients.recorder.history(), storeModel(), limits)
    if (verdict.outcome === 'unknown')
      this.stage.violation(
        'judged in time',
        `twenty million steps did not judge what the clients saw: ${verdict.limit}`,
      )
    if (verdict.outcome === 'not-linearizable') {
      const { client, operation, result, invoked } = verdict.blocked
      this.stage.violation(
        'linearizability',
        `${client} at ${invoked} ms: ${storeModel().describe(operation, result)} cannot be placed among what happened before it`,
      )
    }
  }

  /** Equal revisions of two stores are equal states. */
  private judgeStores(): void {
    const sums = new Map<string, string>()
    for (const [id, machine] of this.machines) {
      if (this.stage.world.node(id).member === undefined) continue
      const hash = machine.store.hashKv(0)
      if ('type' in hash) continue
      let sum: number | undefined
      while (sum === undefined) sum = hash.step(1024 * 1024)
      const at = `${machine.store.revision} compacted ${machine.store.compacted}`
      const known = sums.get(at) ?? `${sum}`
      sums.set(at, known)
      if (known !== `${sum}`)
        this.stage.violation('stores agree', `at revision ${at}, ${id} holds another state than others`)
    }
  }
}
