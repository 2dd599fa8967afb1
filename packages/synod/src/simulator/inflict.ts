import { choose, present, type Milliseconds, type NodeId } from '../core/index.ts'
import type { Fault } from './faults.ts'
import type { LinkTrouble } from './virtual-link.ts'
import type { VirtualNode } from './virtual-node.ts'
import type { Inhabitant, World } from './world.ts'

type HeldOnNode = Extract<Fault, { readonly node: NodeId; readonly for: Milliseconds }>

/** So long, again and again, a node with a write that nothing bears witness of is left alone. */
const witnessAfter = 25

/** Lets the faults of a plan happen to a world, each at its time, and ends each at its time. */
export class Inflictor<Dweller extends Inhabitant> {
  private readonly world: World<Dweller>
  /** By then all is over. */
  private readonly end: Milliseconds
  /** How many faults keep a node down. */
  private readonly downs = new Map<NodeId, number>()
  /** What is wrong with single nodes at the moment. */
  private readonly held = new Set<HeldOnNode>()
  /** Power cuts that wait for an operation of the disk. */
  private readonly armed = new Map<NodeId, { operations: number; readonly cut: () => void }[]>()

  constructor(world: World<Dweller>, end: Milliseconds) {
    this.world = world
    this.end = end
    world.onDisk = (node) => this.diskWorked(node)
  }

  isDown(id: NodeId): boolean {
    return (this.downs.get(id) ?? 0) > 0
  }

  inflict(fault: Fault): void {
    if (fault.at < this.end) this.world.schedule.at(fault.at, () => this.begin(fault))
  }

  private begin(fault: Fault): void {
    const { world } = this
    if ('node' in fault) {
      const node = world.nodes.get(fault.node)
      // A machine that was not brought in, or not switched on yet, has nothing to lose.
      return node === undefined || node.life === 0 ? undefined : this.troubleNode(fault, node)
    }
    switch (fault.type) {
      case 'partition':
        return this.trouble(fault, { cut: true })
      case 'loss':
        return this.trouble(fault, { loss: fault.share })
      case 'duplication':
        return this.trouble(fault, { duplication: fault.share })
      case 'corruption':
        return this.trouble(fault, { corruption: fault.share })
      case 'reordering':
        return this.trouble(fault, { reordering: true })
      case 'latency':
        return this.trouble(fault, { latency: fault.latency })
      case 'blackout':
        return this.blackOut(fault)
    }
  }

  /** Counted once, however many fall. */
  private blackOut(fault: Extract<Fault, { type: 'blackout' }>): void {
    const { world } = this
    let isCounted = false
    for (const { id, life } of world.nodes.values()) {
      if (life === 0) continue
      this.down(id, fault, () => {
        if (!isCounted) world.count('blackout')
        isCounted = true
        if (fault.except.includes(id)) world.kill(id)
        else world.powerCut(id)
      })
    }
  }

  private troubleNode(fault: Extract<Fault, { node: NodeId }>, node: VirtualNode<Dweller>): void {
    const { world } = this
    const { id, disk } = node
    switch (fault.type) {
      case 'jump':
        world.count('jump')
        return node.clock.jump(fault.by)
      case 'drift':
        world.count('drift')
        return this.hold(fault, (held) => node.clock.drift(farthestOff(held.map(({ rate }) => rate))))
      case 'slow':
        return this.hold(fault, (held) => (node.turnTime = Math.max(0, ...held.map(({ turn }) => turn))))
      case 'stall':
        node.busyUntil = Math.max(node.busyUntil, this.endOf(fault))
        return this.hold(fault, (held) => (node.stalled = held.length > 0))
      case 'crash':
        return this.down(id, fault, () => {
          world.count('crash')
          world.kill(id)
        })
      case 'powerCut': {
        const cut = (): void =>
          this.down(id, fault, () => {
            world.count('powerCut')
            world.powerCut(id)
          })
        if (fault.operations === 0) return cut()
        const arm = { operations: node.operations + fault.operations, cut }
        this.armed.set(id, [...(this.armed.get(id) ?? []), arm])
        return this.after(fault, () =>
          this.armed.set(
            id,
            (this.armed.get(id) ?? []).filter((other) => other !== arm),
          ),
        )
      }
      case 'wipe':
        return this.down(id, fault, () => {
          world.powerCut(id)
          disk.wipe()
        })
      case 'bitFlip':
        return this.flip(node, fault.flips)
      case 'unreadable':
        return this.spoil(node, fault.blocks)
      case 'misdirectedWrite':
        return this.hold({ ...fault, writes: 1, of: isData }, (held) => (disk.faults.misdirects = held))
      case 'failingSync':
        return this.hold(fault, (held) => {
          disk.faults.failsSync = held.length > 0 ? isData : undefined
          // Somebody looks after a member that has stopped.
          if (held.length === 0 && node.halted?.code === 'disk' && !this.isDown(id)) world.start(id)
        })
      case 'fullDisk': {
        let capacity = fault.spare
        for (const { bytes } of disk.files.values()) capacity += bytes.length
        return this.hold({ ...fault, capacity }, (held) => {
          disk.faults.capacity = held.length > 0 ? Math.min(...held.map((each) => each.capacity)) : undefined
        })
      }
      case 'stalledDisk':
        node.diskStalledUntil = Math.max(node.diskStalledUntil, this.endOf(fault))
        return undefined
      case 'slowDisk':
        return this.hold(fault, (held) => {
          disk.faults.syncTime = held.length > 0 ? Math.max(...held.map(({ syncTime }) => syncTime)) : undefined
        })
    }
  }

  /** Several of a kind may hold on a node at once: `change` is told of all of them, as they begin and as they end. */
  private hold<Held extends HeldOnNode>(fault: Held, change: (held: readonly Held[]) => void): void {
    const isOfItsKind = (other: HeldOnNode): other is Held => other.type === fault.type && other.node === fault.node
    this.held.add(fault)
    change([...this.held].filter(isOfItsKind))
    this.after(fault, () => {
      this.held.delete(fault)
      change([...this.held].filter(isOfItsKind))
    })
  }

  private trouble(fault: Extract<Fault, { links: readonly string[] }>, trouble: LinkTrouble): void {
    const links = fault.links.filter((name) => this.world.hasLink(name)).map((name) => this.world.link(name))
    for (const link of links) link.impose(trouble)
    this.after(fault, () => {
      for (const link of links) link.lift(trouble)
    })
  }

  private endOf(fault: { at: Milliseconds; for: Milliseconds }): Milliseconds {
    return Math.min(this.end, fault.at + fault.for)
  }

  private after(fault: { at: Milliseconds; for: Milliseconds }, then: () => void): void {
    this.world.schedule.at(this.endOf(fault), then)
  }

  /** A node is down until the last of the faults that keep it down is over. */
  private down(id: NodeId, fault: { at: Milliseconds; for: Milliseconds }, fell: () => void): void {
    const { world } = this
    if (world.node(id).disk.unwitnessed !== undefined && !this.isDown(id)) {
      // Lost before anything is written behind it, a write is a torn one to whoever reads the disk: no promise covers that.
      if (world.now < this.endOf(fault)) world.schedule.after(witnessAfter, () => this.down(id, fault, fell))
      return
    }
    this.downs.set(id, (this.downs.get(id) ?? 0) + 1)
    fell()
    this.after(fault, () => {
      const left = present(this.downs.get(id), `${id} is down`) - 1
      this.downs.set(id, left)
      if (left === 0) this.world.start(id)
    })
  }

  private diskWorked(node: VirtualNode<Dweller>): void {
    const waiting = this.armed.get(node.id)
    if (waiting === undefined) return
    const due = waiting.filter(({ operations }) => operations <= node.operations)
    if (due.length === 0) return
    this.armed.set(
      node.id,
      waiting.filter(({ operations }) => operations > node.operations),
    )
    for (const { cut } of due) cut()
  }

  /** Nobody notices until it is read again: at a record, as most of a file may be empty yet. */
  private spoil({ disk }: VirtualNode<Dweller>, blocks: number): void {
    const { random } = disk.world
    const names = [...disk.files.keys()].filter(isData).toSorted()
    for (let block = 0; block < blocks && names.length > 0; block++) {
      const name = present(names[choose(random, names.length)], 'a file')
      const bytes = disk.files.get(name)?.bytes ?? new Uint8Array(0)
      disk.spoil(name, choose(random, bytes.findLastIndex((byte) => byte !== 0) + 1))
    }
  }

  /** Bits of what is durable turn over, and nobody notices until it is read again. */
  private flip(node: VirtualNode<Dweller>, flips: number): void {
    const { disk } = node
    const names = [...disk.files.keys()].filter(isData).toSorted()
    for (let flip = 0; flip < flips && names.length > 0; flip++) {
      const name = present(names[choose(disk.world.random, names.length)], 'a file')
      const length = disk.files.get(name)?.bytes.length ?? 0
      if (length === 0) continue
      const at = choose(disk.world.random, length)
      if (!disk.isWitnessed(name, at)) continue
      disk.corrupt(name, at, 1)
    }
  }
}

/** As with links, the worst of a kind counts: of rates, the one farthest from 1, faster or slower. */
function farthestOff(rates: readonly number[]): number {
  const off = (rate: number): number => Math.max(rate, 1 / rate)
  return rates.reduce((worst, rate) => (off(rate) > off(worst) ? rate : worst), 1)
}

/** Journals and snapshots, not the few bytes that say whose directory it is. */
function isData(name: string): boolean {
  return name.startsWith('journal-') || name.startsWith('snapshot-')
}
