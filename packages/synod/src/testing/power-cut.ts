import { crc32, encodeUtf8, openFrame, Writer, type NodeId } from '../core/index.ts'
import { readWire } from '../member/index.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import type { DiskFaults } from '../simulator/index.ts'
import { encodePut, rangeOf, ReplicatedStore, type StoreContext } from '../store/index.ts'
import { RaftWorld } from './raft-world.ts'

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

/** Plays the script in a world of its own, and says what was broken. */
export function playPowerCut(options: PowerCut): Outcome {
  const play = new Play(options)
  play.run()
  return play.outcome()
}

class Play {
  private readonly options: PowerCut
  private readonly world: RaftWorld<StoreContext>
  private readonly violations: string[] = []
  /** Revision of each acknowledged put. */
  private readonly acknowledged = new Map<number, number>()
  private readonly unknown = new Set<number>()
  private readonly votes = new Map<string, NodeId>()
  private readonly leaders = new Map<number, NodeId>()
  private readonly machines = new Map<NodeId, ReplicatedStore>()
  private next = 1
  private happened = false

  constructor(options: PowerCut) {
    this.options = options
    this.world = new RaftWorld<StoreContext>({
      seed: options.seed,
      nodes,
      disk: () => options.disk ?? {},
      machine: (id) => {
        const machine = new ReplicatedStore()
        this.machines.set(id, machine)
        return machine
      },
    })
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

  /** Votes as the others see them. A request for votes is a vote for oneself. */
  private watch(from: NodeId, to: NodeId, frame: Uint8Array): void {
    const wire = readWire(openFrame(frame, crc32), raftCodec)
    if (wire.type !== 'protocol') return
    const { message } = wire
    if (message.type === 'vote' && message.granted && !message.preVote) this.vote(from, message.term, to)
    if (message.type === 'requestVote' && !message.preVote) this.vote(from, message.term, from)
    if (message.type === 'appendEntries') this.lead(from, message.term)
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
  const options = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false }
  encodePut(out, { type: 'put', key: keyOf(put), value: encodeUtf8(`value of ${put}`), ...options })
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
