import { crc32, encodeUtf8, openFrame, Writer, type NodeId } from '../core/index.ts'
import { readWire } from '../member/index.ts'
import {
  defaultMultiPaxosOptions,
  MultiPaxos,
  multiPaxosCodec,
  type Durable as MultiPaxosDurable,
  type Message as MultiPaxosMessage,
} from '../protocols/multi-paxos/index.ts'
import {
  defaultRaftOptions,
  Raft,
  raftCodec,
  type Durable as RaftDurable,
  type Message as RaftMessage,
} from '../protocols/raft/index.ts'
import type { DiskFaults } from '../simulator/index.ts'
import { encodePut, putOf, rangeOf, ReplicatedStore, type StoreContext } from '../store/index.ts'
import { MemberWorld, type EngineParts } from './member-world.ts'
import { fastRaftOptions } from './raft-world.ts'

/** A script of puts and elections, during which one machine loses its power after one disk operation of its own. */
export interface PowerCut {
  readonly seed: number
  readonly puts: number
  /**
   * Which machine, and after how many operations that changed its disk; undefined: nobody. `all`: the others lose their
   * power at the same instant.
   */
  readonly cut: { readonly node: NodeId; readonly after: number; readonly all?: boolean } | undefined
  readonly disk?: DiskFaults
  /** By default Raft. */
  readonly engine?: 'raft' | 'multi-paxos'
}

export interface Outcome {
  /** What went against the promises, in words; empty if nothing did. */
  readonly violations: readonly string[]
  readonly acknowledged: number
  readonly unknown: number
  readonly elections: number
  /** Operations that changed each machine's disk. */
  readonly operations: Readonly<Record<NodeId, number>>
  readonly happened: boolean
}

const nodes = ['a', 'b', 'c'] as const
const clients = 4
const darkness = 40

/** What a message gives away: who is promised a term, and who leads it. */
interface Heard {
  readonly voter?: NodeId
  readonly candidate?: NodeId
  readonly leader?: NodeId
  readonly term: number
}

interface Powered<Message, Durable> extends EngineParts<Message, Durable> {
  hear(message: Message, from: NodeId, to: NodeId): Heard | undefined
}

/** A request for votes is a vote for oneself. */
const raft: Powered<RaftMessage, RaftDurable> = {
  codec: raftCodec,
  engine: (env) => new Raft(env, { ...defaultRaftOptions, ...fastRaftOptions }),
  hear: (message, from, to) => {
    if (message.type === 'vote' && message.granted && !message.preVote)
      return { voter: from, candidate: to, term: message.term }
    if (message.type === 'requestVote' && !message.preVote) return { voter: from, candidate: from, term: message.term }
    return message.type === 'appendEntries' ? { leader: from, term: message.term } : undefined
  },
}

const multiPaxos: Powered<MultiPaxosMessage, MultiPaxosDurable> = {
  codec: multiPaxosCodec,
  engine: (env) => new MultiPaxos(env, { ...defaultMultiPaxosOptions, ...timing, maxMessageBytes: 4096 }),
  // A round that somebody leads may be promised to its leader by whoever had promised it to a candidate.
  hear: (message, from) => (message.type === 'accept' ? { leader: from, term: message.ballot.round } : undefined),
}

const timing = { electionTimeoutMin: 150, heartbeatInterval: 15 }

/** Plays the script in a world of its own, and says what was broken. */
export function playPowerCut(options: PowerCut): Outcome {
  return options.engine === 'multi-paxos' ? played(new Play(options, multiPaxos)) : played(new Play(options, raft))
}

function played(play: Pick<Play<unknown, unknown>, 'run' | 'outcome'>): Outcome {
  play.run()
  return play.outcome()
}

class Play<Message, Durable> {
  private readonly options: PowerCut
  private readonly powered: Powered<Message, Durable>
  private readonly world: MemberWorld<Message, Durable, StoreContext>
  private readonly violations: string[] = []
  /** Revision of each acknowledged put. */
  private readonly acknowledged = new Map<number, number>()
  private readonly unknown = new Set<number>()
  private readonly votes = new Map<string, NodeId>()
  private readonly leaders = new Map<number, NodeId>()
  private readonly machines = new Map<NodeId, ReplicatedStore>()
  private next = 1
  private happened = false

  constructor(options: PowerCut, powered: Powered<Message, Durable>) {
    this.options = options
    this.powered = powered
    const machine = (id: NodeId): ReplicatedStore => {
      const made = new ReplicatedStore()
      this.machines.set(id, made)
      return made
    }
    const { codec, engine } = powered
    this.world = new MemberWorld(
      { seed: options.seed, nodes, disk: () => options.disk ?? {}, machine },
      { codec, engine },
    )
    this.world.onFrame = (from, to, frame) => {
      this.watch(from, to, frame)
      return true
    }
    const { cut } = options
    this.world.onDisk = (node) => {
      if (node.id !== cut?.node || node.operations !== cut.after) return
      this.happened = true
      for (const id of cut.all === true ? nodes : [node.id]) {
        this.world.powerCut(id)
        this.world.schedule.after(darkness, () => this.world.start(id))
      }
    }
  }

  run(): void {
    const { world } = this
    for (const id of nodes) world.start(id)
    if (!world.run(10_000, () => world.leader() !== undefined)) this.violations.push('no leader within ten seconds')
    for (let client = 0; client < clients; client++) this.put(client)
    const half = this.options.puts / 2
    world.run(20_000, () => this.settled >= half)
    // The second election.
    const leader = world.leader()
    if (leader !== undefined) world.member(leader)?.transfer()
    if (!world.run(40_000, () => this.settled === this.options.puts))
      this.violations.push(`${this.settled} puts of ${this.options.puts} came to an end`)
    world.run(2_000, () => this.agreed())
    this.judge()
  }

  private get settled(): number {
    return this.acknowledged.size + this.unknown.size
  }

  /** One put after the other; a client whose member dies goes to the next one. */
  private put(client: number): void {
    if (this.next > this.options.puts) return
    const home = nodes[(client + this.next) % nodes.length] ?? 'a'
    const node = this.world.node(home)
    const { life, member } = node
    if (member === undefined || node.halted !== undefined) return this.world.schedule.after(5, () => this.put(client))
    const operation = this.next++
    let answered = false
    const done = (): void => {
      answered = true
      this.put(client)
    }
    this.world.member(home)?.submit(putOperation(operation), {
      applied: (result) => {
        if (result.type === 'put') this.acknowledged.set(operation, result.revision)
        else this.violations.push(`put ${operation} was answered as ${result.type}`)
        done()
      },
      failed: () => {
        this.unknown.add(operation)
        done()
      },
      readable: () => this.violations.push('a put was answered as a read'),
    })
    // A client notices that its connection is gone; what became of its put it cannot know.
    const look = (): void => {
      if (answered) return
      if (node.life === life) return this.world.schedule.after(10, look)
      this.unknown.add(operation)
      done()
    }
    this.world.schedule.after(10, look)
  }

  /** Votes, or promises, as the others see them. */
  private watch(from: NodeId, to: NodeId, frame: Uint8Array): void {
    const wire = readWire(openFrame(frame, crc32), this.powered.codec)
    if (wire.type !== 'protocol') return
    const heard = this.powered.hear(wire.message, from, to)
    if (heard === undefined) return
    const { voter, candidate, leader, term } = heard
    if (voter !== undefined && candidate !== undefined) this.vote(voter, term, candidate)
    if (leader !== undefined) this.lead(leader, term)
  }

  private vote(voter: NodeId, term: number, candidate: NodeId): void {
    const earlier = this.votes.get(`${voter} in ${term}`)
    if (earlier !== undefined && earlier !== candidate)
      this.violations.push(`${voter} voted for ${earlier} and ${candidate} in term ${term}`)
    this.votes.set(`${voter} in ${term}`, candidate)
  }

  private lead(leader: NodeId, term: number): void {
    const earlier = this.leaders.get(term)
    if (earlier !== undefined && earlier !== leader) this.violations.push(`${earlier} and ${leader} lead term ${term}`)
    this.leaders.set(term, leader)
  }

  /** Somebody leads, and everybody has applied all that is in its log: after a restart of all, nothing counts as applied. */
  private agreed(): boolean {
    const leader = this.world.leader()
    const standing = leader === undefined ? undefined : this.world.member(leader)?.standing
    if (standing === undefined || standing.decided < standing.lastIndex) return false
    const applied = nodes.map((id) => this.world.member(id)?.applied ?? -1)
    const decided = nodes.map((id) => this.world.member(id)?.standing.decided ?? -2)
    return new Set([...applied, ...decided]).size === 1
  }

  private judge(): void {
    for (const id of nodes) {
      const { halted } = this.world.node(id)
      if (halted !== undefined) this.violations.push(`${id} refuses to run: ${halted.message}`)
    }
    if (!this.agreed()) this.violations.push('the members do not agree in the end')
    for (const id of nodes) {
      const machine = this.machines.get(id)
      if (machine !== undefined) this.judgeStore(id, machine.store)
    }
    const states = nodes.map((id) => stateOf(this.machines.get(id)))
    if (new Set(states).size > 1) this.violations.push(`the stores differ: ${states.join(', ')}`)
  }

  private judgeStore(id: NodeId, store: ReplicatedStore['store']): void {
    for (let put = 1; put <= this.options.puts; put++) {
      const revision = this.acknowledged.get(put)
      const found = store.range(rangeOf(keyOf(put), { serializable: true }))
      const kv = found.type === 'range' ? found.kvs[0] : undefined
      if (revision !== undefined && kv?.modRevision !== revision) {
        this.violations.push(`${id} has lost put ${put}, acknowledged at revision ${revision}`)
      }
      if (kv !== undefined && kv.version !== 1) this.violations.push(`${id} has applied put ${put} twice`)
    }
  }

  outcome(): Outcome {
    const operations: Record<NodeId, number> = {}
    for (const [id, node] of this.world.nodes) operations[id] = node.operations
    return {
      violations: this.violations,
      acknowledged: this.acknowledged.size,
      unknown: this.unknown.size,
      elections: this.leaders.size,
      operations,
      happened: this.happened,
    }
  }
}

function keyOf(put: number): Uint8Array {
  return encodeUtf8(`key/${put}`)
}

/** Each put has a key of its own: a second version of it would mean that it was applied twice. */
function putOperation(put: number): Uint8Array {
  const out = new Writer()
  encodePut(out, putOf(keyOf(put), encodeUtf8(`value of ${put}`)))
  return out.control.slice(0, out.length)
}

/** The whole state, as one number. */
function stateOf(machine: ReplicatedStore | undefined): string {
  const hash = machine?.store.hashKv(0)
  if (hash === undefined || 'type' in hash) return 'none'
  for (;;) {
    const sum = hash.step(1024 * 1024)
    if (sum !== undefined) return `${machine?.store.revision}:${sum}`
  }
}
