import { choose, random, type Milliseconds, type NodeId, type RandomState } from '../core/index.ts'
import { draw, type Draws, type Duration } from './draws.ts'
import type { FaultName } from './faults.ts'

/** What is wrong with a link for a while. Several may hold at once; the worst of each kind counts. */
export interface LinkTrouble {
  /** Nothing passes. */
  readonly cut?: boolean
  /** Shares of the frames, from 0 to 1. */
  readonly loss?: number
  readonly duplication?: number
  readonly corruption?: number
  /** Each frame takes its own time, and may overtake others. */
  readonly reordering?: boolean
  /** How long a frame takes, instead of what is usual. */
  readonly latency?: Duration
}

/** What became of one frame, by its number on its link: the random fates of a run, written down one by one. */
export interface Deviation {
  readonly link: string
  readonly frame: number
  readonly fate: 'lost' | 'doubled' | 'damaged'
}

/** Where a link leads to. */
export interface LinkEnd {
  /** A copy of a frame will arrive at that time. */
  arrives(at: Milliseconds, frame: Uint8Array): void
  /** A fault met a frame. */
  befell(fault: FaultName, fate?: Deviation['fate']): void
}

const healthy: LinkTrouble = {}

/** One direction between two machines: its own streams of randomness, its own troubles. */
export class VirtualLink {
  readonly name: string
  /** Frames that were sent over it. */
  sent = 0
  private readonly usual: Duration
  private readonly end: LinkEnd
  private readonly times: RandomState
  private readonly fates: RandomState
  private readonly troubles = new Set<LinkTrouble>()
  private trouble: LinkTrouble = healthy
  private lastArrival: Milliseconds = 0
  /** Frames whose fate is decided already. */
  readonly planned: Map<number, Deviation['fate']> = new Map()

  constructor(from: NodeId, to: NodeId, usual: Duration, draws: Draws, end: LinkEnd) {
    this.end = end
    this.name = `${from}>${to}`
    this.usual = usual
    this.times = draws.for(`latency of ${this.name}`)
    this.fates = draws.for(`fates on ${this.name}`)
  }

  get isCut(): boolean {
    return this.trouble.cut === true
  }

  impose(trouble: LinkTrouble): void {
    this.troubles.add(trouble)
    this.trouble = worst(this.troubles)
  }

  lift(trouble: LinkTrouble): void {
    this.troubles.delete(trouble)
    this.trouble = worst(this.troubles)
  }

  /** How long a greeting takes, on a way of its own. */
  latency(): Milliseconds {
    return draw(this.times, this.trouble.latency ?? this.usual)
  }

  /** The next frame sets out at `now`; the end is told of each copy that will arrive. */
  send(now: Milliseconds, frame: Uint8Array): void {
    const number = this.sent++
    const { trouble, end } = this
    // Drawn for every frame: what becomes of one does not shift what becomes of the next.
    const time = this.latency()
    const fate = (this.planned.size > 0 ? this.planned.get(number) : undefined) ?? this.fate()
    if (trouble.cut === true) return end.befell('partition')
    if (fate === 'lost') return end.befell('loss', fate)
    if (trouble.latency !== undefined) end.befell('latency')
    if (fate === 'damaged') {
      end.befell('corruption', fate)
      frame = damaged(frame, number)
    }
    end.arrives(this.arrival(now + time), frame)
    if (fate === 'doubled') {
      end.befell('duplication', fate)
      end.arrives(this.arrival(now + 2 * time), frame.slice())
    }
  }

  private fate(): Deviation['fate'] | undefined {
    if (this.trouble === healthy) return undefined
    const { loss = 0, duplication = 0, corruption = 0 } = this.trouble
    if (loss + duplication + corruption === 0) return undefined
    const drawn = random(this.fates)
    if (drawn < loss) return 'lost'
    if (drawn < loss + duplication) return 'doubled'
    return drawn < loss + duplication + corruption ? 'damaged' : undefined
  }

  /** In the order of sending, as over one connection, unless this link is in that trouble, too. */
  private arrival(at: Milliseconds): Milliseconds {
    if (this.trouble.reordering === true) {
      if (at < this.lastArrival) this.end.befell('reordering')
      return at
    }
    this.lastArrival = Math.max(this.lastArrival, at)
    return this.lastArrival
  }
}

function worst(troubles: ReadonlySet<LinkTrouble>): LinkTrouble {
  if (troubles.size === 0) return healthy
  let all: LinkTrouble = healthy
  for (const trouble of troubles) {
    const latency = trouble.latency ?? all.latency
    all = {
      cut: trouble.cut === true || all.cut === true,
      reordering: trouble.reordering === true || all.reordering === true,
      loss: Math.max(trouble.loss ?? 0, all.loss ?? 0),
      duplication: Math.max(trouble.duplication ?? 0, all.duplication ?? 0),
      corruption: Math.max(trouble.corruption ?? 0, all.corruption ?? 0),
      ...(latency === undefined ? {} : { latency }),
    }
  }
  return all
}

/** One bit is wrong; which one depends on the frame's number alone. */
function damaged(frame: Uint8Array, number: number): Uint8Array {
  const copy = frame.slice()
  const bit = choose({ x: number, y: 1, z: 2, w: frame.length | 1 }, 8 * copy.length)
  const at = bit >> 3
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7))
  return copy
}
