import {
  choose,
  crc32,
  random,
  seeded,
  type Halt,
  type Host,
  type Logger,
  type Milliseconds,
  type NodeId,
  type Ports,
  type RandomState,
} from '../core/index.ts'
import type { Member } from '../member/index.ts'
import { Schedule } from './schedule.ts'
import { VirtualDisk, type DiskFaults, type DiskOperation } from './virtual-disk.ts'

/** What a world asks of a member, whatever its protocol and its state machine. */
export type Inhabitant = Host & Pick<Member<unknown, unknown, unknown>, 'open' | 'diskId' | 'options'>

export interface WorldOptions<Dweller extends Inhabitant> {
  readonly seed: number
  /** Builds a member over the ports that the world hands in; called again at each restart. `diskId` is for a directory that has none yet. */
  readonly member: (id: NodeId, ports: Ports, diskId: string) => Dweller
  readonly nodes: readonly NodeId[]
  /** Bounds of a frame's way, of a sync and of another disk operation. */
  readonly latency?: readonly [Milliseconds, Milliseconds]
  readonly syncTime?: readonly [Milliseconds, Milliseconds]
  readonly diskTime?: readonly [Milliseconds, Milliseconds]
  readonly disk?: (id: NodeId) => DiskFaults
  readonly log?: (id: NodeId, level: string, message: string, fields: object | undefined) => void
}

/** One machine: a disk that outlives its members. */
export class VirtualNode<Dweller extends Inhabitant> {
  readonly id: NodeId
  readonly disk: VirtualDisk
  member: Dweller | undefined
  halted: Halt | undefined
  /** Counts the starts: what an earlier life scheduled never happens in a later one. */
  life = 0
  /** Operations that changed this disk, in all its lives. */
  operations = 0
  /** Who welcomed this life. */
  readonly welcomedBy: Set<NodeId> = new Set()
  /** With whom this life wants links, and what is known of them; undefined: its disk is still being read. */
  contacts: Readonly<Record<NodeId, string>> | undefined

  constructor(id: NodeId, disk: VirtualDisk) {
    this.id = id
    this.disk = disk
  }
}

/**
 * A world of members over virtual ports: production's own protocol, journal, member and state machine, on disks, links
 * and clocks that a seed drives. Equal seeds give equal runs.
 */
export class World<Dweller extends Inhabitant> {
  readonly schedule: Schedule = new Schedule()
  readonly options: WorldOptions<Dweller>
  readonly nodes: Map<NodeId, VirtualNode<Dweller>> = new Map()
  /** `from>to`: frames are lost on the way. */
  readonly cut: Set<string> = new Set()
  /** Told of each frame that is sent; false: it is lost on the way. */
  onFrame: ((from: NodeId, to: NodeId, frame: Uint8Array) => boolean) | undefined
  /** Told after each operation that changed a disk, with its number; may cut the power. */
  onDisk: ((node: VirtualNode<Dweller>, operation: DiskOperation) => void) | undefined
  /** One stream per purpose: what happens on the links does not shift what happens on the disks. */
  private readonly draws: { readonly links: RandomState; readonly disks: RandomState; readonly members: RandomState }

  constructor(options: WorldOptions<Dweller>) {
    this.options = options
    this.draws = {
      links: seeded(options.seed),
      disks: seeded(options.seed ^ 0x5bd1e995),
      members: seeded(options.seed ^ 0x1b873593),
    }
    for (const id of options.nodes) this.add(id)
  }

  /** Another machine, with an empty disk. */
  add(id: NodeId): void {
    const idle = { random: this.draws.disks, alive: () => true, schedule: () => undefined, happened: () => undefined }
    this.nodes.set(id, new VirtualNode<Dweller>(id, new VirtualDisk(idle, this.options.disk?.(id))))
  }

  get now(): Milliseconds {
    return this.schedule.now
  }

  node(id: NodeId): VirtualNode<Dweller> {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`there is no node ${id} in this world`)
    return node
  }

  /** Runs for so long, or until `done` says so after an event. true: it did. */
  run(duration: Milliseconds, done?: () => boolean): boolean {
    const until = this.now + duration
    while (this.schedule.step(until)) if (done?.() === true) return true
    return done?.() ?? false
  }

  start(id: NodeId): void {
    const node = this.node(id)
    const life = ++node.life
    node.halted = undefined
    node.contacts = undefined
    node.welcomedBy.clear()
    const alive = (): boolean => node.life === life && node.halted === undefined
    node.disk.world = {
      random: this.draws.disks,
      alive,
      schedule: (operation, step) => {
        const { syncTime } = node.disk.faults
        const slow = syncTime === undefined ? this.options.syncTime : ([syncTime, syncTime] as const)
        const [min, max] = (operation === 'sync' ? slow : this.options.diskTime) ?? [0.05, 0.3]
        this.schedule.after(min + (max - min) * random(this.draws.disks), () => {
          if (alive()) step()
        })
      },
      happened: (operation) => {
        node.operations++
        this.onDisk?.(node, operation)
      },
    }
    const diskId = Array.from({ length: 32 }, () => choose(this.draws.members, 16).toString(16)).join('')
    const member = this.options.member(id, this.ports(node, alive), diskId)
    node.member = member
    member.open((opened) => {
      if (opened === undefined || !alive()) return
      for (const other of this.nodes.keys()) {
        this.connect(id, other)
        this.connect(other, id)
      }
    })
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
      this.schedule.after(this.delay(), () => this.connect(peer, node.id))
  }

  /** The machine loses its power now: the process is gone, and of the disk what was not synced. */
  powerCut(id: NodeId): void {
    this.kill(id)
    this.node(id).disk.loseData()
  }

  /** The process dies; the page cache survives. */
  kill(id: NodeId): void {
    const node = this.node(id)
    node.life++
    node.member = undefined
    node.contacts = undefined
    node.welcomedBy.clear()
    for (const other of this.nodes.values()) other.welcomedBy.delete(id)
  }

  /** `from` introduces itself to `to`, and again until it is welcomed or refused for good. */
  private connect(from: NodeId, to: NodeId): void {
    const [node, peer] = [this.nodes.get(from), this.nodes.get(to)]
    if (from === to || node === undefined || peer === undefined || node.welcomedBy.has(to)) return
    const lives = [node.life, peer.life]
    const current = (): boolean =>
      node.life === lives[0] && peer.life === lives[1] && node.halted === undefined && peer.halted === undefined
    const diskId = node.member?.diskId
    if (diskId === undefined || node.contacts?.[to] === undefined || peer.member === undefined || !current()) return
    const contact = node.contacts[from] ?? ''
    const cluster = node.member?.options.cluster ?? ''
    const hello = { cluster, from, to, diskId, contact: contact === '' ? '{"v":1}' : contact }
    peer.member.greeted(hello, (refusal) => {
      this.schedule.after(this.delay(), () => {
        if (!current()) return
        if (refusal === undefined) {
          node.welcomedBy.add(to)
          node.member?.connected(to)
        } else {
          node.member?.refused(to, refusal)
          if (refusal.code === 'busy') this.schedule.after(20, () => (current() ? this.connect(from, to) : undefined))
        }
      })
    })
  }

  private delay(): Milliseconds {
    const [min, max] = this.options.latency ?? [0.1, 1]
    return min + (max - min) * random(this.draws.links)
  }

  private ports(node: VirtualNode<Dweller>, alive: () => boolean): Ports {
    let alarms = 0
    const logger = (level: string) => (message: string, fields?: object) =>
      this.options.log?.(node.id, level, message, fields)
    const log: Logger = { debug: logger('debug'), info: logger('info'), warn: logger('warn'), error: logger('error') }
    return {
      log,
      disk: node.disk,
      checksum: crc32,
      random: () => random(this.draws.members),
      clock: {
        now: () => this.now,
        alarm: (at) => {
          const alarm = ++alarms
          if (at === undefined) return
          this.schedule.after(Math.max(0, at - this.now), () => {
            if (alarm === alarms && alive()) node.member?.alarm()
          })
        },
      },
      endOfTurn: () =>
        this.schedule.after(0, () => {
          if (alive()) node.member?.flush()
        }),
      links: {
        send: (to, _channel, parts) => alive() && this.send(node, to, parts),
        reconfigure: (contacts) => this.reconfigure(node, contacts),
        estrange: (peer) => this.estrange(node, peer),
      },
      halt: (reason) => {
        node.halted ??= reason
      },
    }
  }

  private send(node: VirtualNode<Dweller>, to: NodeId, parts: readonly Uint8Array[]): boolean {
    if (!node.welcomedBy.has(to)) return false
    const frame = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      frame.set(part, at)
      at += part.length
    }
    const passes = this.onFrame?.(node.id, to, frame) ?? true
    if (!passes || this.cut.has(`${node.id}>${to}`)) return true
    const peer = this.node(to)
    const { life } = peer
    this.schedule.after(this.delay(), () => {
      if (peer.life === life && peer.halted === undefined) peer.member?.arrived(node.id, frame)
    })
    return true
  }
}
