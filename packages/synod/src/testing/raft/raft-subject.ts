import { majority, present, random, voting, type NodeId, type Ports, type RandomState } from '../../core/index.ts'
import { check, store as storeModel, type StoreOperation, type StoreRequest } from '../../history/index.ts'
import { defaultMemberOptions, Member, type MemberOptions } from '../../member/index.ts'
import {
  defaultRaftOptions,
  raftCodec,
  raftInvariants,
  type Durable,
  type Message,
  type RaftNode,
  type RaftOptions,
} from '../../protocols/raft/index.ts'
import type { Answer, Plan, Play, Stage, Subject } from '../../simulator/index.ts'
import { ReplicatedStore, type StoreContext } from '../../store/index.ts'
import { ObservedRaft } from './observed-raft.ts'
import { raftSituations } from './situations.ts'
import { StoreClients } from './store-client.ts'

/** What a seed draws for Raft and its members; written into the plan. */
export interface RaftSettings {
  readonly raft: Partial<RaftOptions>
  readonly member: Partial<MemberOptions>
}

type StoreMember = Member<Message, Durable, StoreContext>

const keys = ['a', 'b', 'c', 'd', 'e']
const pace = 1000

/** The store that production replicates, over Raft: production's own classes from the journal to the store. */
export const raftSubject: Subject<StoreMember, RaftNode> = {
  name: 'raft',
  sizes: [1, 2, 3, 3, 3, 4, 5, 5, 7],
  pace,
  durable: true,
  // A majority keeps its disks.
  frail: (nodes) => nodes - majority(nodes),
  settings: drawSettings,
  operation: drawOperation,
  play: (plan, stage) => new RaftPlay(plan, stage),
}

function drawSettings(stream: RandomState): RaftSettings {
  const among = <T>(choices: readonly T[]): T =>
    present(choices[Math.floor(choices.length * random(stream))], 'there is a choice')
  // Mostly as in production. Smaller ones make many more events an hour, and of the same kinds.
  const electionTimeoutMin = random(stream) < 0.8 ? pace : among([pace / 2, pace / 5])
  const entries = among([20, 50, 200, 100_000])
  const keepEntries = among([5, 20, 1000])
  const segmentBytes = among([16, 32, 64, 256]) * 1024
  return {
    raft: {
      electionTimeoutMin,
      heartbeatInterval: electionTimeoutMin / 10,
      // A record fits into a small segment.
      maxMessageBytes: Math.min(segmentBytes / 4, among([512, 4096, 65_536])),
      maxInflightMessages: among([1, 2, 16, 256]),
      maxUncommittedBytes: among([1024, 64 * 1024, 64 * 1024 * 1024]),
    },
    member: {
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
        chunkBytes: among([256, 1024, 65_536]),
        retry: electionTimeoutMin / 2,
      },
    },
  }
}

function drawOperation(stream: RandomState): StoreOperation {
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

class RaftPlay implements Play<StoreMember, RaftNode> {
  readonly invariants = raftInvariants
  readonly situations = raftSituations
  private readonly plan: Plan
  private readonly settings: RaftSettings
  private readonly stage: Stage<StoreMember>
  private readonly observed = new Map<NodeId, ObservedRaft>()
  private readonly machines = new Map<NodeId, ReplicatedStore>()
  private readonly clients: StoreClients
  /** Nodes that a fault of the plan may leave unable to start. */
  private readonly frail: ReadonlySet<NodeId>
  private readonly wiped: ReadonlySet<NodeId>
  private probes = new Map<NodeId, 'under way' | 'ok'>()

  constructor(plan: Plan, stage: Stage<StoreMember>) {
    this.plan = plan
    this.settings = plan.settings as RaftSettings
    this.stage = stage
    this.clients = new StoreClients(stage.now)
    const victims = (types: readonly string[]): Set<NodeId> =>
      new Set(plan.faults.flatMap((fault) => ('node' in fault && types.includes(fault.type) ? [fault.node] : [])))
    this.wiped = victims(['wipe'])
    this.frail = victims(['wipe', 'bitFlip', 'misdirectedWrite'])
  }

  member(id: NodeId, ports: Ports, diskId: string): StoreMember {
    const observed = this.observed.get(id) ?? new ObservedRaft(id)
    this.observed.set(id, observed)
    const machine = new ReplicatedStore()
    this.machines.set(id, machine)
    machine.observe({
      changed: (revision, changes) => {
        const broken = this.clients.changed(id, revision, changes)
        if (broken !== undefined) this.stage.violation('stores agree', broken)
      },
    })
    const { raft, member: options } = this.settings
    const member: StoreMember = new Member({
      ports,
      codec: raftCodec,
      machine,
      engine: (env) => observed.engine(env, { ...defaultRaftOptions, ...raft }, () => member.journal.durable - 1),
      options: {
        ...defaultMemberOptions,
        ...options,
        cluster: '00000000000000c1',
        self: id,
        membership: voting(this.plan.nodes),
        diskId,
      },
    })
    return member
  }

  node(id: NodeId): RaftNode | undefined {
    const observed = this.observed.get(id)
    return observed === undefined || observed.incarnation === 0 ? undefined : observed
  }

  changed(id: NodeId): boolean {
    return this.observed.get(id)?.changed() ?? true
  }

  submit(id: NodeId, client: string, operation: unknown, answer: (how: Answer) => void): void {
    const { member } = this.stage.world.node(id)
    const machine = present(this.machines.get(id), `${id} has a store`)
    if (member === undefined) return
    this.clients.submit(member, machine, client, operation as StoreOperation, answer)
  }

  abandoned(client: string): void {
    this.clients.abandoned(client)
  }

  mayHalt(id: NodeId, code: string): boolean {
    switch (code) {
      case 'disk':
        return this.plan.faults.some(({ type }) => type === 'failingSync' || type === 'fullDisk')
      case 'lost-disk':
        return this.wiped.has(id)
      case 'corrupt':
      case 'incompatible':
        return this.frail.has(id)
      default:
        return false
    }
  }

  /** A majority that is whole: those that are being repaired may have to wait for nodes outside. */
  core(candidates: readonly NodeId[]): readonly NodeId[] | undefined {
    const whole = candidates.filter((id) => {
      const member = this.stage.world.node(id).member
      return member?.phase === 'running' && !member.standing.repairing
    })
    const size = majority(this.plan.nodes.length)
    if (whole.length < size) return undefined
    // As small as it may be, and any of those that there are: drawn by the seed.
    const first = this.plan.seed % whole.length
    return [...whole.slice(first), ...whole.slice(0, first)].slice(0, size).toSorted()
  }

  /**
   * Each of the core has had a write answered, and all have applied the same. Where a quorum has formed around a leader
   * outside the core, which not all of it can hear, nobody of it can depose that one (§5.2, §9.6): then one answered write is all
   * that Raft promises.
   */
  settled(core: readonly NodeId[]): boolean {
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
    const { role: raftRole, votes } = this.observed.get(id)?.state ?? {}
    const asks =
      raftRole === 'candidate' || raftRole === 'preCandidate' ? `, ${raftRole} with ${JSON.stringify(votes)}` : ''
    return `${state}${asks}${repairing ? ', is being repaired' : ''}${this.probes.get(id) === 'ok' ? '' : ', its write is unanswered'}`
  }

  judge(): void {
    this.judgeStores()
    const verdict = check(this.clients.recorder.history(), storeModel(), { steps: 1_000_000 })
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
