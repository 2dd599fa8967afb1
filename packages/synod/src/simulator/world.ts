import {
  choose,
  crc32,
  present,
  random,
  type Halt,
  type Host,
  type Milliseconds,
  type NodeId,
  type Ports,
  type RandomState,
} from '../core/index.ts'
import { Copies } from './copies.ts'
import { Draws, draw, type Duration } from './draws.ts'
import type { FaultName } from './faults.ts'
import { Schedule } from './schedule.ts'
import { traced, Trace } from './trace.ts'
import { VirtualDisk, type DiskFaults, type DiskOperation } from './virtual-disk.ts'
import { VirtualLink, type Deviation } from './virtual-link.ts'
import { VirtualNode } from './virtual-node.ts'
import { Arrival, Errand, type Visit } from './visit.ts'

/** What a world asks of whoever lives on its machines: a member, whatever its protocol and its state machine. */
export interface Inhabitant extends Host {
  /** Reads the disk; then its links may open. `undefined`: it cannot be used, and the ports were told why. */
  open(done: (opened: unknown) => void): void
  /** Of its disk, once that was read. */
  readonly diskId: string | undefined
  readonly options: { readonly cluster: string }
  readonly codec: { readonly protocol: string }
}

export interface WorldOptions<Dweller extends Inhabitant> {
  readonly seed: number
  /** Builds a member over the ports that the world hands in; called again at each restart. `diskId` is for a directory that has none yet. */
  readonly member: (id: NodeId, ports: Ports, diskId: string) => Dweller
  readonly nodes: readonly NodeId[]
  /** A frame's way; what an operation of the disk takes; what a sync takes. */
  readonly latency?: Duration
  readonly diskTime?: Duration
  readonly syncTime?: Duration
  readonly disk?: (id: NodeId) => DiskFaults
  /** What a machine's clock shows at the beginning. */
  readonly skew?: (id: NodeId) => Milliseconds
  readonly log?: (id: NodeId, level: string, message: string, fields: object | undefined) => void
  readonly trace?: Trace
}

const usual = {
  latency: { kind: 'uniform', min: 0.1, max: 1 },
  diskTime: { kind: 'uniform', min: 0.05, max: 0.3 },
  syncTime: { kind: 'uniform', min: 0.05, max: 0.3 },
} as const satisfies Record<string, Duration>

/** A greeting that was not answered, or that was put off, is tried again after so long. */
const greetAgain = 50

/**
 * A world of members over virtual ports: production's own protocol, journal, member and state machine, on disks, links
 * and clocks that a seed drives. Equal seeds give equal runs. There is no real time in it, and nothing is awaited.
 */
export class World<Dweller extends Inhabitant> {
  readonly schedule: Schedule = new Schedule()
  readonly options: WorldOptions<Dweller>
  readonly draws: Draws
  private readonly frames = new Copies()
  readonly trace: Trace
  readonly nodes: Map<NodeId, VirtualNode<Dweller>> = new Map()
  /** `from>to`: frames are lost on the way. For tests; faults trouble the links themselves. */
  readonly cut: Set<string> = new Set()
  /** How often each fault took effect. */
  readonly fired: Map<FaultName, number> = new Map()
  /** Told of each frame that is sent; false: it is lost on the way. */
  onFrame: ((from: NodeId, to: NodeId, frame: Uint8Array) => boolean) | undefined
  /** Told after each operation that changed a disk, with its number; may cut the power. */
  onDisk: ((node: VirtualNode<Dweller>, operation: DiskOperation) => void) | undefined
  /** Told after each event, with the node at which it happened; nothing else has changed. */
  onEvent: ((node: VirtualNode<Dweller>) => void) | undefined
  /** Told what chance made of a frame. */
  onDeviation: ((deviation: Deviation) => void) | undefined

  constructor(options: WorldOptions<Dweller>) {
    this.options = options
    this.draws = new Draws(options.seed)
    this.trace = options.trace ?? new Trace()
    for (const id of options.nodes) this.add(id)
  }

  /** Another machine, with an empty disk, not yet started. */
  add(id: NodeId): VirtualNode<Dweller> {
    const disks = this.draws.for(`disk of ${id}`)
    const idle = {
      random: disks,
      alive: () => true,
      schedule: () => undefined,
      happened: () => undefined,
      fault: (name: FaultName) => this.count(name),
    }
    const disk = new VirtualDisk(idle, this.options.disk?.(id))
    const skew = this.options.skew?.(id) ?? 0
    if (skew > 0) this.count('skew')
    const node: VirtualNode<Dweller> = new VirtualNode(id, this.nodes.size, disk, this.schedule, skew, () =>
      this.enter(node, node.life, traced.alarm, 0, () => node.member?.alarm()),
    )
    this.nodes.set(id, node)
    for (const other of this.nodes.keys()) {
      if (other === id) continue
      this.node(other).links.set(id, this.newLink(other, id))
      node.links.set(other, this.newLink(id, other))
    }
    return node
  }

  private newLink(from: NodeId, to: NodeId): VirtualLink {
    const link: VirtualLink = new VirtualLink(from, to, this.options.latency ?? usual.latency, this.draws, {
      arrives: (at, frame) => this.schedule.add(at, new Arrival(this, this.node(to), from, frame)),
      befell: (fault, fate) => {
        this.count(fault)
        if (fate !== undefined) this.onDeviation?.({ link: link.name, frame: link.sent - 1, fate })
      },
    })
    return link
  }

  get now(): Milliseconds {
    return this.schedule.now
  }

  node(id: NodeId): VirtualNode<Dweller> {
    return present(this.nodes.get(id), 'there is such a node in this world')
  }

  /** The link written `from>to`. */
  link(name: string): VirtualLink {
    const [from = '', to = ''] = name.split('>')
    return present(this.node(from).links.get(to), `there is a link ${name} in this world`)
  }

  private linkBetween({ links }: VirtualNode<Dweller>, to: NodeId): VirtualLink {
    return present(links.get(to), 'there is a link to each node')
  }

  /** Its process runs. */
  isUp(id: NodeId): boolean {
    const node = this.nodes.get(id)
    return node?.member !== undefined && node.halted === undefined
  }

  hasLink(name: string): boolean {
    const [from = '', to = ''] = name.split('>')
    return this.nodes.get(from)?.links.has(to) === true
  }

  /** A fault took effect. */
  count(fault: FaultName): void {
    this.fired.set(fault, (this.fired.get(fault) ?? 0) + 1)
  }

  /** Runs for so long, or until `done` says so after an event. true: it did. */
  run(duration: Milliseconds, done?: () => boolean): boolean {
    const until = this.now + duration
    while (this.schedule.step(until)) if (done?.() === true) return true
    return done?.() ?? false
  }

  // Machines and processes

  start(id: NodeId): void {
    const node = this.node(id)
    const life = ++node.life
    node.halted = undefined
    // One that halted by itself was not killed: its connections end here, and what waited for it is for nobody now.
    this.disconnect(node)
    node.waiting = []
    this.mount(node, life)
    const diskId = randomHex(this.draws.for(`disk id ${life} of ${id}`))
    const member = this.options.member(id, this.ports(node, life), diskId)
    node.member = member
    this.trace.event(traced.start, this.now, node.number, life)
    member.open((opened) => {
      if (opened === undefined || !node.lives(life)) return
      for (const other of this.nodes.keys()) {
        this.connect(id, other)
        this.connect(other, id)
      }
    })
    this.endTurn(node, life)
  }

  /** The process dies; the page cache survives. */
  kill(id: NodeId): void {
    const node = this.node(id)
    node.life++
    node.member = undefined
    node.turnAsked = false
    node.busyUntil = 0
    node.waiting = []
    node.clock.disarm()
    this.disconnect(node)
    this.trace.event(traced.end, this.now, node.number, node.life)
    this.onEvent?.(node)
  }

  /** Both sides have to introduce themselves anew. */
  private disconnect(node: VirtualNode<Dweller>): void {
    node.welcomedBy.clear()
    node.contacts = undefined
    for (const other of this.nodes.values()) other.welcomedBy.delete(node.id)
  }

  /** The machine loses its power now: the process is gone, and of the disk what was not synced. */
  powerCut(id: NodeId): void {
    this.kill(id)
    this.node(id).disk.loseData()
  }

  /** Whatever happens at a node comes in here: in turn while the machine is slow or stands still, and to one life only. */
  enter(node: VirtualNode<Dweller>, life: number, kind: number, detail: number, errand: () => void): void {
    this.visit(new Errand(this, node, life, kind, detail, errand))
  }

  visit(visit: Visit<Dweller>): void {
    const { node, life } = visit
    if (!node.lives(life)) return
    if (node.busyUntil <= this.schedule.now && node.waiting.length === 0) return this.admit(visit)
    this.count(node.stalled ? 'stall' : 'slow')
    if (node.waiting.push(visit) === 1) this.schedule.at(node.busyUntil, () => this.admitNext(node, life))
  }

  private admit(visit: Visit<Dweller>): void {
    const { node, life, kind, detail } = visit
    const { now } = this.schedule
    if (node.turnTime > 0) node.busyUntil = now + node.turnTime
    this.trace.event(kind, now, node.number, detail)
    visit.call()
    this.endTurn(node, life)
  }

  /** One of those that wait at a busy node, the first that came; the others wait for its turn to end. */
  private admitNext(node: VirtualNode<Dweller>, life: number): void {
    if (!node.lives(life)) return
    if (node.busyUntil <= this.schedule.now) {
      const next = node.waiting.shift()
      if (next !== undefined) this.admit(next)
    }
    if (node.waiting.length > 0 && node.lives(life)) this.schedule.at(node.busyUntil, () => this.admitNext(node, life))
  }

  /** Something outside asks a node for something; nothing happens if it is not there. */
  act(id: NodeId, call: () => void): void {
    const node = this.node(id)
    if (node.member !== undefined) this.enter(node, node.life, traced.operation, 0, call)
  }

  private endTurn(node: VirtualNode<Dweller>, life: number): void {
    while (node.turnAsked && node.lives(life)) {
      this.schedule.goOn()
      node.turnAsked = false
      node.member?.flush()
    }
    this.onEvent?.(node)
  }

  // Ports

  private mount(node: VirtualNode<Dweller>, life: number): void {
    const { disk } = node
    const { diskTime = usual.diskTime, syncTime = usual.syncTime } = this.options
    const { random: stream } = disk.world
    disk.world = {
      random: stream,
      alive: () => node.lives(life),
      schedule: (operation, step) => {
        let time = draw(stream, operation === 'sync' ? syncTime : diskTime)
        if (operation === 'sync' && disk.faults.syncTime !== undefined) {
          time = disk.faults.syncTime
          this.count('slowDisk')
        }
        const at = this.now + time
        if (at < node.diskStalledUntil) this.count('stalledDisk')
        this.schedule.add(Math.max(at, node.diskStalledUntil), new Errand(this, node, life, traced.disk, 0, step))
      },
      happened: (operation, written) => {
        node.operations++
        if (written !== undefined) this.trace.event(traced.write, this.now, node.number, crc32(written))
        this.onDisk?.(node, operation)
      },
      fault: (name) => this.count(name),
    }
  }

  private ports(node: VirtualNode<Dweller>, life: number): Ports {
    const { log } = this.options
    const logger = (level: string) => (message: string, fields?: object) => log?.(node.id, level, message, fields)
    const stream = this.draws.for(`member ${node.id} in life ${life}`)
    return {
      log: { debug: logger('debug'), info: logger('info'), warn: logger('warn'), error: logger('error') },
      disk: node.disk,
      checksum: crc32,
      random: () => random(stream),
      clock: node.clock,
      endOfTurn: () => {
        node.turnAsked = node.lives(life)
      },
      links: {
        send: (to, _channel, parts) => node.lives(life) && this.send(node, to, parts),
        reconfigure: (contacts) => this.reconfigure(node, contacts),
        estrange: (peer) => this.estrange(node, peer),
      },
      halt: (reason: Halt) => {
        if (node.life === life) node.halted ??= reason
      },
    }
  }

  private reconfigure(node: VirtualNode<Dweller>, contacts: Readonly<Record<NodeId, string>>): void {
    const before = node.contacts ?? {}
    node.contacts = contacts
    for (const id of node.welcomedBy) if (!(id in contacts)) node.welcomedBy.delete(id)
    for (const id of Object.keys(contacts)) if (!(id in before)) this.schedule.after(0, () => this.connect(node.id, id))
  }

  /** What the peer has sent already still arrives; it introduces itself anew. */
  private estrange(node: VirtualNode<Dweller>, peer: NodeId): void {
    if (this.nodes.get(peer)?.welcomedBy.delete(node.id) === true)
      this.schedule.after(greetAgain, () => this.connect(peer, node.id))
  }

  private send(node: VirtualNode<Dweller>, to: NodeId, parts: readonly Uint8Array[]): boolean {
    if (!node.welcomedBy.has(to)) return false
    const frame = this.frames.joined(parts)
    const link = this.linkBetween(node, to)
    const passes = this.onFrame?.(node.id, to, frame) ?? true
    if (!passes || (this.cut.size > 0 && this.cut.has(link.name))) return true
    link.send(this.now, frame)
    return true
  }

  /** `from` introduces itself to `to`, and again until it is welcomed or refused for good. */
  private connect(from: NodeId, to: NodeId): void {
    const [node, peer] = [this.nodes.get(from), this.nodes.get(to)]
    if (from === to || node === undefined || peer === undefined || node.welcomedBy.has(to)) return
    const lives = [node.life, peer.life] as const
    const current = (): boolean => node.lives(lives[0]) && peer.lives(lives[1])
    const { member } = node
    const diskId = member?.diskId
    if (member === undefined || diskId === undefined || node.contacts?.[to] === undefined) return
    if (peer.member === undefined || !current()) return
    const [there, back] = [this.linkBetween(node, to), this.linkBetween(peer, from)]
    const again = (): void =>
      this.schedule.after(greetAgain, () => {
        if (current()) this.connect(from, to)
      })
    if (there.isCut || back.isCut || this.cut.has(there.name) || this.cut.has(back.name)) return again()
    const { cluster } = member.options
    const { protocol } = member.codec
    const contact = node.contacts[from] ?? ''
    const hello = { cluster, from, to, diskId, protocol, contact: contact === '' ? '{"v":1}' : contact }
    this.schedule.after(there.latency(), () => {
      if (!current()) return
      this.enter(peer, lives[1], traced.start, node.number, () =>
        peer.member?.greeted(hello, (refusal) => {
          this.schedule.after(back.latency(), () => {
            if (!current()) return
            if (refusal?.code === 'busy') again()
            this.enter(node, lives[0], traced.start, peer.number, () => {
              if (refusal !== undefined) return node.member?.refused(to, refusal)
              node.welcomedBy.add(to)
              return node.member?.connected(to)
            })
          })
        }),
      )
    })
  }
}

function randomHex(stream: RandomState): string {
  let text = ''
  for (let digit = 0; digit < 32; digit++) text += choose(stream, 16).toString(16)
  return text
}
