import type { Clocked, Milliseconds, NodeId, PartEnvironment, TimerName } from '../../core/index.ts'
import {
  including,
  initialDetectorState,
  without,
  type DetectorClass,
  type DetectorState,
  type FailureDetector,
} from './detector.ts'
import { Listening, type HeartbeatInterval } from './listening.ts'
import type { DetectorMessage } from './messages.ts'
import { arrived, later, noArrivals, phi, type ArrivalOptions, type Arrivals, type Distribution } from './phi.ts'

export interface AccrualOptions extends HeartbeatInterval, ArrivalOptions {
  readonly distribution: Distribution
  /** From this φ on somebody is suspected: 8 is 5.612 deviations beyond the mean, or 18.42 means. */
  readonly threshold: number
  /** φ rises by itself: it is looked at so often. */
  readonly lookEvery: Milliseconds
}

export interface AccrualState extends DetectorState {
  readonly arrivals: Readonly<Record<NodeId, Arrivals>>
  /** When φ will be looked at next, by the own clock. */
  readonly nextLook: Milliseconds
}

export const initialAccrualState: AccrualState = { ...initialDetectorState, arrivals: {}, nextLook: 0 }

/**
 * The φ-accrual detector (Hayashibara, Défago, Yared and Katayama 2004): it says how unlikely a silence has become, and
 * whoever asks decides how unlikely is too much. Its timeout follows from what it has seen, in both directions.
 */
export class AccrualDetector extends Listening<AccrualState> implements FailureDetector {
  static readonly promises: DetectorClass = {
    name: '◊P',
    completeness: 'strong',
    accuracy: 'eventual strong',
    assumes: 'from some moment on, what is between two heartbeats stays within what the last ones make likely',
  }
  private readonly clock: Clocked
  private readonly options: AccrualOptions

  constructor(
    env: PartEnvironment<DetectorMessage> & Clocked,
    nodes: readonly NodeId[],
    options: AccrualOptions,
    place: () => AccrualState,
  ) {
    super(env, nodes, options, place)
    this.clock = env
    this.options = options
  }

  start(incarnation: number): void {
    this.begin(incarnation)
    const now = this.clock.now()
    Object.assign(this.own, {
      arrivals: Object.fromEntries(this.others.map((id) => [id, noArrivals(now, this.options)])),
    })
    this.beat()
    this.lookLater(now)
  }

  receive(message: DetectorMessage, from: NodeId): void {
    const fresh = this.hear(message, from)
    const before = this.own.arrivals[from]
    if (fresh === 'stale' || before === undefined) return
    // A mistake is learnt from: its interval is one of those that there are.
    this.put(from, arrived(before, this.clock.now(), fresh === 'another life', this.options))
    this.become({ suspected: without(this.own.suspected, from) })
  }

  timeout(timer: TimerName): void {
    if (timer === 'beat') return this.beat()
    const now = this.clock.now()
    this.excuse(now - this.own.nextLook)
    for (const id of this.others)
      if (this.phi(id) >= this.options.threshold) this.become({ suspected: including(this.own.suspected, id) })
    this.lookLater(now)
  }

  /** How unlikely its silence is, as a negative power of ten. */
  phi(id: NodeId): number {
    const arrivals = this.own.arrivals[id]
    return arrivals === undefined ? 0 : phi(arrivals, this.clock.now(), this.options.distribution)
  }

  /** Who is late oneself has heard nobody meanwhile: that is no silence of the others. */
  private excuse(late: Milliseconds): void {
    if (late < this.options.lookEvery) return
    for (const id of this.others) {
      const arrivals = this.own.arrivals[id]
      if (arrivals !== undefined) this.put(id, later(arrivals, late))
    }
  }

  private put(id: NodeId, arrivals: Arrivals): void {
    Object.assign(this.own, { arrivals: { ...this.own.arrivals, [id]: arrivals } })
  }

  private lookLater(now: Milliseconds): void {
    const { lookEvery } = this.options
    Object.assign(this.own, { nextLook: now + lookEvery })
    this.env.setTimer('look', lookEvery, lookEvery)
  }
}
