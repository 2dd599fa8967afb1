import {
  assert,
  choose,
  present,
  random,
  seeded,
  voting,
  type ChangeRefused,
  type Command,
  type Index,
  type Membership,
  type MembershipChange,
  type NodeId,
  type RandomState,
  type SnapshotId,
  type Term,
  type TimerName,
  type Watch,
} from '../../../core/index.ts'
import { loseRecords, loseSnapshot, restore } from '../durable.ts'
import type { RaftNode } from '../glance.ts'
import { raftInvariants } from '../invariants.ts'
import { entryAt } from '../log.ts'
import type { Durable, Message, PlacedMembership } from '../messages.ts'
import { defaultRaftOptions, type RaftOptions } from '../options.ts'
import { Raft } from '../raft.ts'
import type { RaftEnvironment } from '../replica.ts'
import { initialState, type RaftState } from '../state.ts'

/** How unkind a small world is. Times are virtual milliseconds, [min, max). */
export interface WorldOptions {
  readonly seed: number
  readonly members: readonly NodeId[]
  readonly raft: Partial<RaftOptions>
  readonly delay: readonly [number, number]
  readonly sync: readonly [number, number]
  /** Parts of a thousand messages. */
  readonly lost: number
  readonly duplicated: number
}

/** What happened, for scripts that are read as a conversation. */
export type Happening =
  | { type: 'sent'; from: NodeId; to: NodeId; message: Message; lost: boolean }
  | { type: 'led'; node: NodeId; by: NodeId | undefined; term: Term }
  | { type: 'decided'; node: NodeId; index: Index; term: Term; command: Command | undefined; membership: boolean }
  | { type: 'readable'; node: NodeId; id: number; index: Index }
  | { type: 'unreadable'; node: NodeId; id: number }
  | { type: 'installed'; node: NodeId; snapshot: SnapshotId }
  | { type: 'reconfigured'; node: NodeId; membership: Membership; before: Membership; back: boolean }

interface Packet {
  at: number
  order: number
  from: NodeId
  to: NodeId
  message: Message
}

/** The state machine of these worlds: the commands in the order of their decision. */
interface Machine {
  applied: Index
  commands: string[]
}

function copyOf({ applied, commands }: Machine): Machine {
  return { applied, commands: [...commands] }
}

/** One member with its disk. */
export interface Member extends RaftNode {
  readonly state: RaftState
  raft: Raft
  up: boolean
  incarnation: number
  durable: RaftState
  journal: Durable[]
  /** How many records of the journal are durable. */
  synced: number
  /** When the sync under way ends, and how much it makes durable. */
  syncing: { from: number; at: number; through: number } | undefined
  held: { after: number; to: NodeId; message: Message }[]
  timers: Map<TimerName, number>
  machine: Machine
  /** The records that the next start cannot read, by position, and whether the snapshot's file is gone. */
  unreadable: Set<number>
  snapshotUnreadable: boolean
  /** The membership that it was told last. */
  goesBy: PlacedMembership | undefined
}

/** A command that says its own name. */
export function commandOf(origin: NodeId, sequence: number, size = 1): Command {
  return { origin, sequence, checksum: sequence, bytes: new Uint8Array(size) }
}

/** A few members on virtual disks, links and clocks; every event is followed by all invariants. The same seed is the same run. */
export class World {
  readonly options: WorldOptions
  readonly members: Map<NodeId, Member> = new Map()
  /** The first one. */
  readonly membership: Membership
  readonly cut: Set<string> = new Set()
  readonly snapshots: Map<Index, Machine> = new Map()
  /** Options and disks of single members, where they differ. */
  readonly raftOf: Map<NodeId, Partial<RaftOptions>> = new Map()
  readonly syncOf: Map<NodeId, readonly [number, number]> = new Map()
  readonly happenings: Happening[] = []
  readonly random: RandomState
  packets: Packet[] = []
  /** By how much a message is later than others. */
  slow: (sent: { from: NodeId; to: NodeId; message: Message }) => number = () => 0
  now: number = 0
  private order: number = 0
  private watches: { name: string; watch: Watch<RaftNode> }[]
  /** What must be in the state that answers a read: everything known to be decided when it was asked. */
  private readonly readFloors = new Map<string, Index>()

  constructor(options: Partial<WorldOptions> & Pick<WorldOptions, 'members'>) {
    this.options = { seed: 1, raft: {}, delay: [1, 1], sync: [1, 1], lost: 0, duplicated: 0, ...options }
    this.random = seeded(this.options.seed)
    this.membership = voting(this.options.members)
    this.watches = raftInvariants.map(({ name, watch }) => ({ name, watch: watch() }))
    for (const id of this.membership.voters) this.members.set(id, this.newMember(id, this.membership))
  }

  /** For worlds that are meant to break some invariants. */
  ignore(...names: readonly string[]): void {
    this.watches = this.watches.filter(({ name }) => !names.includes(name))
  }

  /** A machine with an empty disk; it knows nobody. */
  add(id: NodeId): void {
    assert(!this.members.has(id), `${id} is new`)
    this.members.set(id, this.newMember(id, voting([])))
  }

  private newMember(id: NodeId, membership: Membership): Member {
    const raft = this.newRaft(id)
    const bootstrap = raft.bootstrap(membership)
    const durable = initialState()
    restore(durable, bootstrap)
    return {
      id,
      raft,
      durable,
      get state(): RaftState {
        return this.raft.state
      },
      up: false,
      incarnation: 0,
      journal: [bootstrap],
      synced: 1,
      syncing: undefined,
      held: [],
      timers: new Map(),
      machine: { applied: 0, commands: [] },
      unreadable: new Set(),
      snapshotUnreadable: false,
      goesBy: undefined,
    }
  }

  private newRaft(id: NodeId): Raft {
    return new Raft(this.environment(id), {
      ...defaultRaftOptions,
      ...this.options.raft,
      ...this.raftOf.get(id),
    })
  }

  member(id: NodeId): Member {
    return present(this.members.get(id), `the world has a member ${id}`)
  }

  raft(id: NodeId): Raft {
    return this.member(id).raft
  }

  state(id: NodeId): RaftState {
    return this.raft(id).state
  }

  private environment(id: NodeId): RaftEnvironment {
    const member = (): Member => this.member(id)
    return {
      self: id,
      persist: (record) => {
        member().journal.push(record)
        this.beginSync(member())
      },
      send: (to, message) => {
        const { journal, synced, held } = member()
        if (journal.length === synced) this.transmit(id, to, message)
        else held.push({ after: journal.length, to, message })
      },
      sendAhead: (to, message) => this.transmit(id, to, message),
      setTimer: (timer, min, max) => {
        member().timers.set(timer, this.now + min + random(this.random) * (max - min))
      },
      clearTimer: (timer) => {
        member().timers.delete(timer)
      },
      choose: (alternatives) => choose(this.random, alternatives),
      decide: (index, term, command) => {
        const { machine } = member()
        assert(index === machine.applied + 1, `${id} decides in order: ${index} after ${machine.applied}`)
        machine.applied = index
        if (command !== undefined) machine.commands.push(`${command.origin}${command.sequence}`)
        // The first entry of all repeats the first membership; for a reader it is the no-op of its leader.
        const membership = index > 1 && entryAt(member().state, index).membership !== undefined
        this.happenings.push({ type: 'decided', node: id, index, term, command, membership })
      },
      led: (by, term) => void this.happenings.push({ type: 'led', node: id, by, term }),
      readable: (read, index) => {
        const floor = present(this.readFloors.get(`${id} ${read}`), `read ${read} was asked at ${id}, and once`)
        this.readFloors.delete(`${id} ${read}`)
        assert(index >= floor, `linearizable reads: ${id} answers at ${index} what must contain ${floor}`)
        this.happenings.push({ type: 'readable', node: id, id: read, index })
      },
      unreadable: (read) => {
        assert(this.readFloors.delete(`${id} ${read}`), `read ${read} was asked at ${id}, and once`)
        this.happenings.push({ type: 'unreadable', node: id, id: read })
      },
      reconfigured: (membership, index) => this.reconfigured(id, { membership, index }),
      install: (snapshot) => {
        const machine = present(this.snapshots.get(snapshot.index), `snapshot ${snapshot.index} is on a disk`)
        member().machine = copyOf(machine)
        this.happenings.push({ type: 'installed', node: id, snapshot })
      },
    }
  }

  /** The first entry repeats the first membership, and a start says what was known before: neither is news. */
  private reconfigured(node: NodeId, placed: PlacedMembership): void {
    const member = this.member(node)
    const { goesBy } = member
    member.goesBy = placed
    if (goesBy === undefined || JSON.stringify(goesBy.membership) === JSON.stringify(placed.membership)) return
    const [before, back] = [goesBy.membership, placed.index < goesBy.index]
    this.happenings.push({ type: 'reconfigured', node, membership: placed.membership, before, back })
  }

  private transmit(from: NodeId, to: NodeId, message: Message): void {
    if (from === to) {
      this.packets.push({ at: this.now, order: this.order++, from, to, message })
      return
    }
    const chance = (thousandths: number): boolean => thousandths > 0 && choose(this.random, 1000) < thousandths
    const lost = this.cut.has(`${from}>${to}`) || !this.members.has(to) || chance(this.options.lost)
    this.happenings.push({ type: 'sent', from, to, message, lost })
    const copies = lost ? 0 : chance(this.options.duplicated) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const at = this.now + this.draw(this.options.delay) + this.slow({ from, to, message })
      this.packets.push({ at, order: this.order++, from, to, message })
    }
  }

  private draw([min, max]: readonly [number, number]): number {
    return min + random(this.random) * (max - min)
  }

  private beginSync(member: Member): void {
    const { syncing, journal } = member
    // What one turn writes is synced together.
    if (syncing?.from === this.now) syncing.through = journal.length
    if (syncing !== undefined || member.synced === journal.length) return
    const time = this.draw(this.syncOf.get(member.id) ?? this.options.sync)
    member.syncing = { from: this.now, at: this.now + time, through: journal.length }
  }

  private endSync(member: Member, through: number): void {
    for (const record of member.journal.slice(member.synced, through)) restore(member.durable, record)
    member.synced = through
    member.syncing = undefined
    const due = member.held.filter(({ after }) => after <= through)
    member.held = member.held.filter(({ after }) => after > through)
    for (const { to, message } of due) this.transmit(member.id, to, message)
    this.beginSync(member)
  }

  start(id: NodeId): void {
    const member = this.member(id)
    assert(!member.up, `${id} is down`)
    member.up = true
    member.incarnation++
    member.goesBy = undefined
    member.raft = this.newRaft(id)
    member.durable = initialState()
    for (const [position, record] of member.journal.entries()) {
      if (member.unreadable.has(position)) {
        member.raft.lost('records')
        loseRecords(member.durable)
      } else {
        member.raft.restore(record)
        restore(member.durable, record)
      }
    }
    if (member.snapshotUnreadable) {
      member.raft.lost('snapshot')
      loseSnapshot(member.durable)
    }
    member.snapshotUnreadable = false
    const { snapshot } = member.raft.state
    member.machine = copyOf(this.snapshots.get(snapshot?.index ?? 0) ?? { applied: 0, commands: [] })
    member.raft.start()
    this.check()
  }

  startAll(): void {
    for (const id of this.members.keys()) if (!this.member(id).up) this.start(id)
  }

  /** Everybody runs, and `id` leads. */
  elect(id: NodeId): void {
    this.startAll()
    this.fire(id, 'election')
    this.deliver()
    assert(this.state(id).role === 'leader', `${id} was elected`)
  }

  /** What was sent, of one type. */
  sent<Type extends Message['type']>(type: Type): (Extract<Message, { type: Type }> & { from: NodeId; to: NodeId })[] {
    return this.happenings.flatMap((happening) => {
      if (happening.type !== 'sent' || happening.message.type !== type) return []
      const { from, to, message } = happening
      return [{ ...(message as Extract<Message, { type: Type }>), from, to }]
    })
  }

  /** Power fails: what was not synced may be there, as far as the disk happened to come. */
  crash(id: NodeId, keep = 0): void {
    const member = this.member(id)
    member.up = false
    member.journal.length = Math.min(member.journal.length, member.synced + keep)
    member.synced = member.journal.length
    member.syncing = undefined
    member.held = []
    member.timers.clear()
    for (const floor of this.readFloors.keys()) if (floor.startsWith(`${id} `)) this.readFloors.delete(floor)
  }

  /** The next event: an arrival, the end of a sync, a timer; false: there is none (before `until`). */
  step(until: number, timers = true): boolean {
    let at = until
    let event: (() => void) | undefined
    let order = Infinity
    const consider = (when: number, then: () => void, tie = Infinity): void => {
      if (when > at || (when === at && event !== undefined && tie >= order)) return
      at = when
      order = tie
      event = then
    }
    for (const packet of this.packets) consider(packet.at, () => this.arrive(packet), packet.order)
    for (const member of this.members.values()) {
      const { syncing } = member
      if (syncing !== undefined) consider(syncing.at, () => this.endSync(member, syncing.through))
      if (!timers) continue
      for (const [timer, when] of member.timers) consider(when, () => this.fire(member.id, timer))
    }
    if (event === undefined) return false
    this.now = Math.max(this.now, at)
    event()
    this.check()
    return true
  }

  private arrive(packet: Packet): void {
    this.packets.splice(this.packets.indexOf(packet), 1)
    const { from, to, message } = packet
    const member = this.member(to)
    if (member.up && (from === to || !this.cut.has(`${from}>${to}`))) member.raft.receive(message, from)
  }

  /** Lets a timer fire, whenever it is due. */
  fire(id: NodeId, timer: TimerName): void {
    const member = this.member(id)
    member.timers.delete(timer)
    member.raft.timeout(timer)
    this.check()
  }

  run(time: number): void {
    const until = this.now + time
    while (this.step(until));
    this.now = until
  }

  /** Until nothing is under way, neither on a link nor to a disk; no timer fires. */
  deliver(): void {
    while (this.step(Infinity, false));
  }

  /** Event by event until something is so; no timer fires meanwhile. */
  until(isSo: () => boolean, timers = false): void {
    let steps = 0
    while (!isSo()) assert(this.step(Infinity, timers) && ++steps < 10_000, 'what is waited for happens')
  }

  propose(id: NodeId, sequence: number, size = 1): boolean {
    const member = this.member(id)
    const taken = member.up && member.raft.propose(commandOf(id, sequence, size))
    this.check()
    return taken
  }

  change(id: NodeId, ...changes: readonly MembershipChange[]): { readonly index: Index } | ChangeRefused {
    const outcome = this.raft(id).change(changes)
    this.check()
    return outcome
  }

  read(id: NodeId, read: number): boolean {
    const member = this.member(id)
    if (!member.up) return false
    let floor = 0
    for (const { state } of this.members.values()) floor = Math.max(floor, state.commitIndex)
    this.readFloors.set(`${id} ${read}`, floor)
    const taken = member.raft.read(read)
    if (!taken) this.readFloors.delete(`${id} ${read}`)
    this.check()
    return taken
  }

  /** Takes a snapshot of what is applied, durable at once, and compacts all but the last `keep` entries before it. */
  compact(id: NodeId, keep = 0): void {
    const { raft, machine } = this.member(id)
    const snapshot = raft.snapshotAt(machine.applied)
    this.snapshots.set(snapshot.index, copyOf(machine))
    raft.compact(snapshot, Math.max(raft.state.compacted.index, snapshot.index - keep))
    this.check()
  }

  /** Nothing passes between different groups; who is in none is alone. */
  partition(...groups: readonly (readonly NodeId[])[]): void {
    this.cut.clear()
    const group = (id: NodeId): number => groups.findIndex((members) => members.includes(id))
    for (const from of this.members.keys()) {
      for (const to of this.members.keys()) {
        if (from !== to && (group(from) < 0 || group(from) !== group(to))) this.cut.add(`${from}>${to}`)
      }
    }
  }

  heal(): void {
    this.cut.clear()
  }

  leader(): NodeId | undefined {
    let leader: Member | undefined
    for (const member of this.members.values()) {
      if (!member.up || member.state.role !== 'leader') continue
      if (leader === undefined || member.state.currentTerm > leader.state.currentTerm) leader = member
    }
    return leader?.id
  }

  check(): void {
    const nodes = [...this.members.values()]
    for (const { name, watch } of this.watches) {
      for (const node of nodes) {
        const broken = watch(node, nodes)
        if (broken !== undefined) assert(false, `${name}: ${broken}`)
      }
    }
  }
}
