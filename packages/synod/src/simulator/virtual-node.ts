import type { Halt, Milliseconds, NodeId } from '../core/index.ts'
import type { Schedule } from './schedule.ts'
import { VirtualClock } from './virtual-clock.ts'
import type { VirtualDisk } from './virtual-disk.ts'
import type { VirtualLink } from './virtual-link.ts'
import type { Visit } from './visit.ts'
import type { Inhabitant } from './world.ts'

/** One machine: a disk and a clock that outlive its members, and the links that lead away from it. */
export class VirtualNode<Dweller extends Inhabitant> {
  readonly id: NodeId
  /** Its place in the world, from 0. */
  readonly number: number
  readonly disk: VirtualDisk
  readonly clock: VirtualClock
  readonly links: Map<NodeId, VirtualLink> = new Map()
  member: Dweller | undefined
  halted: Halt | undefined
  /** Counts starts and deaths: what an earlier life scheduled never happens in a later one. */
  life = 0
  /** Operations that changed this disk, in all its lives. */
  operations = 0
  /** Who welcomed this life. */
  readonly welcomedBy: Set<NodeId> = new Set()
  /** With whom this life wants links, and what is known of them; undefined: its disk is still being read. */
  contacts: Readonly<Record<NodeId, string>> | undefined
  /** The member asked for `flush` at the end of its turn. */
  turnAsked = false
  /** Until then nothing is handled: the machine stands still, or its last turn goes on. */
  busyUntil: Milliseconds = 0
  /** What came meanwhile, in order. */
  waiting: Visit<Dweller>[] = []
  /** It stands still, rather than being slow. */
  stalled = false
  /** How long each turn takes. */
  turnTime: Milliseconds = 0
  /** No operation of the disk ends before. */
  diskStalledUntil: Milliseconds = 0

  constructor(id: NodeId, number: number, disk: VirtualDisk, schedule: Schedule, skew: Milliseconds, ring: () => void) {
    this.id = id
    this.number = number
    this.disk = disk
    this.clock = new VirtualClock(schedule, skew, ring)
  }

  /** Whether what was begun in that life may still happen. */
  lives(life: number): boolean {
    return this.life === life && this.halted === undefined
  }
}
