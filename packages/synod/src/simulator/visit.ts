import type { NodeId } from '../core/index.ts'
import { Happening } from './schedule.ts'
import { traced } from './trace.ts'
import type { VirtualNode } from './virtual-node.ts'
import type { Inhabitant } from './world.ts'

/** Lets a visit in when it is its turn. */
export interface Host<Dweller extends Inhabitant> {
  visit(visit: Visit<Dweller>): void
}

/** Something that happens at a node, to one of its lives: each is a turn of the member there. */
export abstract class Visit<Dweller extends Inhabitant> extends Happening {
  readonly host: Host<Dweller>
  readonly node: VirtualNode<Dweller>
  readonly life: number
  /** For the trace. */
  readonly kind: number
  readonly detail: number

  constructor(host: Host<Dweller>, node: VirtualNode<Dweller>, life: number, kind: number, detail: number) {
    super()
    this.host = host
    this.node = node
    this.life = life
    this.kind = kind
    this.detail = detail
  }

  override happen(): void {
    this.host.visit(this)
  }

  abstract call(): void
}

/** An alarm, a completion of the disk, a greeting, a client's operation. */
export class Errand<Dweller extends Inhabitant> extends Visit<Dweller> {
  private readonly errand: () => void

  constructor(
    host: Host<Dweller>,
    node: VirtualNode<Dweller>,
    life: number,
    kind: number,
    detail: number,
    errand: () => void,
  ) {
    super(host, node, life, kind, detail)
    this.errand = errand
  }

  override call(): void {
    this.errand()
  }
}

/** A frame. */
export class Arrival<Dweller extends Inhabitant> extends Visit<Dweller> {
  private readonly from: NodeId
  private readonly frame: Uint8Array

  constructor(host: Host<Dweller>, node: VirtualNode<Dweller>, from: NodeId, frame: Uint8Array) {
    super(host, node, node.life, traced.frame, checksumOf(frame))
    this.from = from
    this.frame = frame
  }

  override call(): void {
    this.node.member?.arrived(this.from, this.frame)
  }
}

/** The checksum that a frame begins with stands for all of it. */
function checksumOf(frame: Uint8Array): number {
  return (frame[0] ?? 0) | ((frame[1] ?? 0) << 8) | ((frame[2] ?? 0) << 16) | ((frame[3] ?? 0) << 24)
}
