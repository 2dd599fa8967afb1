import { Part, type Milliseconds, type NodeId, type PartEnvironment, type TimerName } from '../../core/index.ts'
import {
  freshness,
  including,
  initialDetectorState,
  without,
  type DetectorClass,
  type DetectorState,
  type FailureDetector,
} from './detector.ts'
import type { HeartbeatInterval } from './listening.ts'
import type { DetectorMessage, Stamp } from './messages.ts'

/** As for heartbeats: what is timed is the silence after a question. */
export interface RingOptions extends HeartbeatInterval {
  readonly timeout: Milliseconds
  readonly growth: Milliseconds
  readonly grace: Milliseconds
}

export interface RingState extends DetectorState {
  readonly timeouts: Readonly<Record<NodeId, Milliseconds>>
}

export const initialRingState: RingState = { ...initialDetectorState, timeouts: {} }

/**
 * ◊W for two messages a process and interval: everybody asks its successors on the ring, up to the first that it trusts,
 * and suspects those before it (Larrea, Arévalo, Fernández 1999). So who crashed is suspected by somebody, by the nearest
 * correct process before it, and the others know nothing of it.
 */
export class RingDetector extends Part<RingState> implements FailureDetector {
  static readonly promises: DetectorClass = {
    name: '◊W',
    completeness: 'weak',
    accuracy: 'eventual weak',
    assumes: 'as ◊P by heartbeats; the accuracy is even strong, eventually',
  }
  private readonly env: PartEnvironment<DetectorMessage>
  /** All others, the next one first. */
  private readonly successors: readonly NodeId[]
  private readonly options: RingOptions

  constructor(
    env: PartEnvironment<DetectorMessage>,
    nodes: readonly NodeId[],
    options: RingOptions,
    place: () => RingState,
  ) {
    super(place)
    const self = nodes.indexOf(env.self)
    this.env = env
    this.successors = [...nodes.slice(self + 1), ...nodes.slice(0, self)]
    this.options = options
  }

  get suspected(): readonly NodeId[] {
    return this.own.suspected
  }

  suspects(id: NodeId): boolean {
    return this.own.suspected.includes(id)
  }

  start(incarnation: number): void {
    const timeouts = Object.fromEntries(this.successors.map((id) => [id, this.options.timeout]))
    this.become({ ...initialRingState, incarnation, timeouts })
    this.ask()
    this.await()
  }

  receive(message: DetectorMessage, from: NodeId): void {
    if (message.type === 'ask') this.env.send(from, { type: 'alive', ...this.stamp() })
    else this.heard(message, from)
  }

  timeout(timer: TimerName): void {
    if (timer === 'ask') return this.ask()
    const [what = '', ...rest] = timer.split(' ')
    const id = rest.join(' ')
    if (what === 'silence') return this.env.setTimer(`doubt ${id}`, this.options.grace, this.options.grace)
    this.become({ suspected: including(this.own.suspected, id) })
    this.await()
  }

  private heard({ incarnation, sequence }: Stamp, from: NodeId): void {
    const stamp = { incarnation, sequence }
    const fresh = freshness(this.own, stamp, from)
    if (fresh === 'stale') return
    this.become({ heard: { ...this.own.heard, [from]: stamp } })
    if (fresh === 'newer' && this.suspects(from)) this.learn(from)
    const isNearer = this.suspects(from)
    if (!isNearer && from !== this.target) return
    // Whoever lies beyond it is for others to judge.
    this.become({ suspected: without(this.own.suspected, from) })
    for (const id of this.successors.slice(this.successors.indexOf(from) + 1)) {
      this.become({ suspected: without(this.own.suspected, id) })
      this.env.clearTimer(`silence ${id}`)
      this.env.clearTimer(`doubt ${id}`)
    }
    this.env.clearTimer(`doubt ${from}`)
    this.await()
  }

  private learn(id: NodeId): void {
    const { timeouts } = this.own
    this.become({ timeouts: { ...timeouts, [id]: (timeouts[id] ?? 0) + this.options.growth } })
  }

  /** The first that is trusted; undefined: none is. */
  private get target(): NodeId | undefined {
    return this.successors.find((id) => !this.suspects(id))
  }

  /** Those that are suspected as well: it may be a mistake. */
  private ask(): void {
    const { intervalMin, intervalMax } = this.options
    const { target } = this
    const through = target === undefined ? this.successors.length : this.successors.indexOf(target) + 1
    const stamp = this.stamp()
    for (const id of this.successors.slice(0, through)) this.env.send(id, { type: 'ask', ...stamp })
    this.env.setTimer('ask', intervalMin, intervalMax)
  }

  private await(): void {
    const { target } = this
    if (target === undefined) return
    const timeout = this.own.timeouts[target] ?? this.options.timeout
    this.env.setTimer(`silence ${target}`, timeout, timeout)
  }

  private stamp(): Stamp {
    const { incarnation, sequence } = this.own
    this.become({ sequence: sequence + 1 })
    return { incarnation, sequence: sequence + 1 }
  }

  private become(change: Partial<RingState>): void {
    Object.assign(this.own, change)
  }
}
