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
  type Invariant,
  type LogEngine,
  type Membership,
  type MembershipChange,
  type Milliseconds,
  type NodeId,
  type RandomState,
  type SnapshotId,
  type Term,
  type TimerName,
  type Watch,
} from '../../core/index.ts'
import type { EngineEnvironment } from '../../member/index.ts'

/** One participant as invariants see it. */
export interface EngineNode<State> {
  readonly id: NodeId
  readonly state: State
  /** What a loss of power would leave of it. */
  readonly durable: State
  readonly incarnation: number
}

/** A log engine, as the suite puts it into small worlds. */
export interface LogEngineParts<State, Message, Durable, Node> {
  readonly name: string
  /** With an election timeout of `electionTimeout`, and as many bytes in a message as a few commands have. */
  create(env: EngineEnvironment<Message, Durable>): LogEngine<State, Message, Durable>
  readonly invariants: readonly Invariant<Node>[]
  /** What its invariants want to know beyond that. */
  look(node: EngineNode<State>): Node
}

/** T of the engines in these worlds: they elect after a time from [T, 2T). */
export const electionTimeout: Milliseconds = 100

/** How unkind a small world is. Times are virtual milliseconds, [min, max). */
export interface EngineWorldOptions {
  readonly seed: number
  readonly members: readonly NodeId[]
  readonly delay: readonly [number, number]
  readonly sync: readonly [number, number]
  /** Parts of a thousand messages. */
  readonly lost: number
  readonly duplicated: number
  /** A member keeps news back for so long, for entries that say as much; here they leave then, whatever else has. */
  readonly newsDelay: Milliseconds
}

interface Packet<Message> {
  readonly at: number
  readonly order: number
  readonly from: NodeId
  readonly to: NodeId
  readonly message: Message
}

/** What is heard of a world. */
export type Happening<Message> =
  | { type: 'sent'; from: NodeId; to: NodeId; message: Message; lost: boolean }
  | { type: 'led'; node: NodeId; by: NodeId | undefined; term: Term }
  | { type: 'decided'; node: NodeId; index: Index; term: Term; command: Command | undefined }
  | { type: 'readable'; node: NodeId; id: number; index: Index }
  | { type: 'unreadable'; node: NodeId; id: number }
  | { type: 'installed'; node: NodeId; snapshot: SnapshotId }
  | { type: 'reconfigured'; node: NodeId; membership: Membership; index: Index }

/** The state machine of these worlds: the commands in the order of their decision. */
interface Machine {
  applied: Index
  readonly commands: string[]
}

function copyOf({ applied, commands }: Machine): Machine {
  return { applied, commands: [...commands] }
}

/** One member with its disk. */
export interface EngineMember<State, Message, Durable> extends EngineNode<State> {
  engine: LogEngine<State, Message, Durable>
  /** Never started: what is durable is restored into it. */
  shadow: LogEngine<State, Message, Durable>
  up: boolean
  incarnation: number
  journal: Durable[]
  synced: number
  syncing: { readonly from: number; readonly at: number; through: number } | undefined
  held: { readonly after: number; readonly to: NodeId; readonly message: Message }[]
  readonly timers: Map<TimerName, number>
  machine: Machine
  /** The records that the next start cannot read, and whether the snapshot's file is gone. */
  readonly unreadable: Set<number>
  snapshotUnreadable: boolean
}

/** A few members of any log engine on virtual disks, links and clocks; every event is followed by all its invariants. The same seed is the same run. */
export class EngineWorld<State = unknown, Message = unknown, Durable = unknown, Node = unknown> {
  readonly parts: LogEngineParts<State, Message, Durable, Node>
  options: EngineWorldOptions
  readonly members: Map<NodeId, EngineMember<State, Message, Durable>> = new Map()
  readonly cut: Set<string> = new Set()
  readonly random: RandomState
  now: number = 0
  /** Reads that were answered, and that were given up, by id. */
  readonly answered: Map<number, Index> = new Map()
  /** Whom news were for. */
  readonly news: NodeId[] = []
  readonly dropped: Set<number> = new Set()
  /** How often members were handed a snapshot. */
  installed: number = 0
  /** Hears what happens, as it does. */
  listen: (happening: Happening<Message>) => void = () => undefined
  private packets: Packet<Message>[] = []
  private order: number = 0
  private readonly nodes = new Map<NodeId, Node>()
  private readonly watches: readonly { readonly name: string; readonly watch: Watch<Node> }[]
  private readonly snapshots = new Map<Index, Machine>()
  private readonly readFloors = new Map<number, { readonly id: NodeId; readonly floor: Index }>()

  constructor(
    parts: LogEngineParts<State, Message, Durable, Node>,
    options: Partial<EngineWorldOptions> & Pick<EngineWorldOptions, 'members'>,
    ignored: readonly string[] = [],
  ) {
    this.parts = parts
    this.options = { seed: 1, delay: [1, 1], sync: [1, 1], lost: 0, duplicated: 0, newsDelay: 0, ...options }
    this.random = seeded(this.options.seed)
    this.watches = parts.invariants
      .filter(({ name }) => !ignored.includes(name))
      .map(({ name, watch }) => ({ name, watch: watch() }))
    for (const id of this.options.members) this.install(id, voting(this.options.members))
  }

  /** A machine with an empty disk; it knows nobody. */
  add(id: NodeId): void {
    assert(!this.members.has(id), `${id} is new`)
    this.install(id, voting([]))
  }

  private install(id: NodeId, membership: Membership): void {
    const create = (): LogEngine<State, Message, Durable> => this.parts.create(this.environment(id))
    const engine = create()
    const bootstrap = engine.bootstrap(membership)
    const shadow = create()
    shadow.restore(bootstrap)
    const member: EngineMember<State, Message, Durable> = {
      id,
      engine,
      shadow,
      get state(): State {
        return this.engine.state
      },
      get durable(): State {
        return this.shadow.state
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
    }
    this.members.set(id, member)
    this.nodes.set(id, this.parts.look(member))
  }

  member(id: NodeId): EngineMember<State, Message, Durable> {
    return present(this.members.get(id), `the world has a member ${id}`)
  }

  engine(id: NodeId): LogEngine<State, Message, Durable> {
    return this.member(id).engine
  }

  private environment(id: NodeId): EngineEnvironment<Message, Durable> {
    const member = (): EngineMember<State, Message, Durable> => this.member(id)
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
      sendAhead: (to, message, isNews = false) => {
        if (isNews) this.news.push(to)
        this.transmit(id, to, message, isNews ? this.options.newsDelay : 0)
      },
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
        this.listen({ type: 'decided', node: id, index, term, command })
      },
      led: (by, term) => this.listen({ type: 'led', node: id, by, term }),
      readable: (read, index) => {
        const { floor } = present(this.readFloors.get(read), `read ${read} was asked, and is answered once`)
        this.readFloors.delete(read)
        assert(index >= floor, `linearizable reads: ${id} answers at ${index} what must contain ${floor}`)
        this.answered.set(read, index)
        this.listen({ type: 'readable', node: id, id: read, index })
      },
      unreadable: (read) => {
        assert(this.readFloors.delete(read), `read ${read} was asked, and is answered once`)
        this.dropped.add(read)
        this.listen({ type: 'unreadable', node: id, id: read })
      },
      reconfigured: (membership, index) => this.listen({ type: 'reconfigured', node: id, membership, index }),
      install: (snapshot) => {
        member().machine = copyOf(present(this.snapshots.get(snapshot.index), 'the snapshot is on a disk'))
        this.installed++
        this.listen({ type: 'installed', node: id, snapshot })
      },
    }
  }

  private transmit(from: NodeId, to: NodeId, message: Message, later: Milliseconds = 0): void {
    const push = (at: number): void => void this.packets.push({ at, order: this.order++, from, to, message })
    if (from === to) return push(this.now)
    const chance = (thousandths: number): boolean => thousandths > 0 && choose(this.random, 1000) < thousandths
    const lost = this.cut.has(`${from}>${to}`) || !this.members.has(to) || chance(this.options.lost)
    this.listen({ type: 'sent', from, to, message, lost })
    if (lost) return
    for (let copies = chance(this.options.duplicated) ? 2 : 1; copies > 0; copies--)
      push(this.now + later + this.draw(this.options.delay))
  }

  private draw([min, max]: readonly [number, number]): number {
    return min + random(this.random) * (max - min)
  }

  private beginSync(member: EngineMember<State, Message, Durable>): void {
    const { syncing, journal } = member
    // What one turn writes is synced together.
    if (syncing?.from === this.now) syncing.through = journal.length
    if (syncing !== undefined || member.synced === journal.length) return
    member.syncing = { from: this.now, at: this.now + this.draw(this.options.sync), through: journal.length }
  }

  private endSync(member: EngineMember<State, Message, Durable>, through: number): void {
    for (const record of member.journal.slice(member.synced, through)) member.shadow.restore(record)
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
    member.engine = this.parts.create(this.environment(id))
    member.shadow = this.parts.create(this.environment(id))
    for (const engine of [member.engine, member.shadow]) {
      for (const [position, record] of member.journal.entries()) {
        if (member.unreadable.has(position)) engine.lost('records')
        else engine.restore(record)
      }
      if (member.snapshotUnreadable) engine.lost('snapshot')
    }
    member.snapshotUnreadable = false
    const { snapshot } = member.engine.standing
    member.machine = copyOf(this.snapshots.get(snapshot?.index ?? 0) ?? { applied: 0, commands: [] })
    member.engine.start()
    this.check()
  }

  startAll(): void {
    for (const [id, { up }] of this.members) if (!up) this.start(id)
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
    for (const [read, asked] of this.readFloors) if (asked.id === id) this.readFloors.delete(read)
  }

  /** The next event: an arrival, the end of a sync, a timer; false: there is none before `until`. */
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

  private arrive(packet: Packet<Message>): void {
    this.packets.splice(this.packets.indexOf(packet), 1)
    const { from, to, message } = packet
    const member = this.member(to)
    if (member.up && (from === to || !this.cut.has(`${from}>${to}`))) member.engine.receive(message, from)
  }

  /** Lets a timer fire, whenever it is due. */
  fire(id: NodeId, timer: TimerName): void {
    const member = this.member(id)
    member.timers.delete(timer)
    member.engine.timeout(timer)
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

  /** Whatever is under way is lost. */
  drop(): void {
    this.packets = []
  }

  /** Runs until something is so; false: it did not come to be in so much time. */
  until(isSo: () => boolean, patience: Milliseconds = 100 * electionTimeout): boolean {
    const end = this.now + patience
    while (!isSo()) if (!this.step(end)) return isSo()
    return true
  }

  propose(id: NodeId, sequence: number, size = 1, origin: NodeId = id): boolean {
    const command: Command = { origin, sequence, checksum: sequence, bytes: new Uint8Array(size) }
    const { up, engine } = this.member(id)
    const taken = up && engine.propose(command)
    this.check()
    return taken
  }

  change(id: NodeId, ...changes: readonly MembershipChange[]): { readonly index: Index } | ChangeRefused {
    const outcome = this.engine(id).change(changes)
    this.check()
    return outcome
  }

  /** What is decided anywhere when it is asked has to be in the state that answers it. */
  read(id: NodeId, read: number): boolean {
    const { up, engine } = this.member(id)
    if (!up) return false
    this.readFloors.set(read, { id, floor: this.decided() })
    const taken = engine.read(read)
    if (!taken) this.readFloors.delete(read)
    this.check()
    return taken
  }

  /** The last index that anybody has decided. */
  decided(): Index {
    return Math.max(...[...this.members.values()].map(({ engine }) => engine.standing.decided))
  }

  /** Takes a snapshot of what is applied, durable at once, and compacts all but the last `keep` entries before it. */
  compact(id: NodeId, keep = 0): void {
    const { engine, machine } = this.member(id)
    const snapshot = engine.snapshotAt(machine.applied)
    this.snapshots.set(snapshot.index, copyOf(machine))
    engine.compact(snapshot, Math.max(engine.standing.compacted, snapshot.index - keep))
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

  /** Of those that lead, the one in the newest term. */
  leader(): NodeId | undefined {
    let leader: EngineMember<State, Message, Durable> | undefined
    for (const member of this.members.values()) {
      if (!member.up || !member.engine.standing.leading) continue
      if (leader === undefined || member.engine.standing.term > leader.engine.standing.term) leader = member
    }
    return leader?.id
  }

  private check(): void {
    const nodes = [...this.nodes.values()]
    for (const { name, watch } of this.watches) {
      for (const node of nodes) {
        const broken = watch(node, nodes)
        if (broken !== undefined) assert(false, `${name}: ${broken}`)
      }
    }
  }
}
