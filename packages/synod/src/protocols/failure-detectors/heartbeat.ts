import type { Milliseconds, NodeId, PartEnvironment, TimerName } from '../../core/index.ts'
import {
  initialDetectorState,
  without,
  type DetectorClass,
  type DetectorState,
  type FailureDetector,
} from './detector.ts'
import { Listening, type HeartbeatInterval } from './listening.ts'
import type { DetectorMessage } from './messages.ts'

export interface HeartbeatOptions extends HeartbeatInterval {
  /** After so long a silence somebody is suspected, at first. */
  readonly timeout: Milliseconds
  /** And after so much longer, for each time that this was a mistake. 0: its accuracy never becomes eventual. */
  readonly growth: Milliseconds
  /**
   * After a timeout what has arrived already is heard first, so that a process that stood still itself suspects nobody
   * for it (the idea of Lifeguard's local health, Dadgar and others 2018).
   */
  readonly grace: Milliseconds
}

export interface HeartbeatState extends DetectorState {
  /** Of each, as long as it has become. */
  readonly timeouts: Readonly<Record<NodeId, Milliseconds>>
}

export const initialHeartbeatState: HeartbeatState = { ...initialDetectorState, timeouts: {} }

/**
 * ◊P by heartbeats, and timeouts that grow with each mistake (Chandra and Toueg 1996, figure 10): once a timeout is
 * longer than what the network ever takes from then on, there are no more mistakes, whatever that bound is.
 */
export class HeartbeatDetector extends Listening<HeartbeatState> implements FailureDetector {
  static readonly promises: DetectorClass = {
    name: '◊P',
    completeness: 'strong',
    accuracy: 'eventual strong',
    assumes: 'from some unknown moment on, messages among correct processes take at most some unknown time',
  }
  private readonly options: HeartbeatOptions

  constructor(
    env: PartEnvironment<DetectorMessage>,
    nodes: readonly NodeId[],
    options: HeartbeatOptions,
    place: () => HeartbeatState,
  ) {
    super(env, nodes, options, place)
    this.options = options
  }

  start(incarnation: number): void {
    this.begin(incarnation)
    Object.assign(this.own, { timeouts: Object.fromEntries(this.others.map((id) => [id, this.options.timeout])) })
    this.beat()
    for (const id of this.others) this.await(id)
  }

  receive(message: DetectorMessage, from: NodeId): void {
    const fresh = this.hear(message, from)
    if (fresh === 'stale') return
    // Who was down, and was started again, was rightly suspected.
    if (fresh === 'newer' && this.suspects(from)) this.learn(from)
    this.become({ suspected: without(this.own.suspected, from) })
    this.env.clearTimer(`doubt ${from}`)
    this.await(from)
  }

  timeout(timer: TimerName): void {
    if (timer === 'beat') return this.beat()
    const [what = '', ...rest] = timer.split(' ')
    const id = rest.join(' ')
    if (what === 'silence') this.env.setTimer(`doubt ${id}`, this.options.grace, this.options.grace)
    else this.suspect(id)
  }

  /** "q did not crash: the timeout was too short" (figure 10, line 12). */
  private learn(id: NodeId): void {
    const { timeouts } = this.own
    Object.assign(this.own, { timeouts: { ...timeouts, [id]: (timeouts[id] ?? 0) + this.options.growth } })
  }

  private await(id: NodeId): void {
    const timeout = this.own.timeouts[id] ?? this.options.timeout
    this.env.setTimer(`silence ${id}`, timeout, timeout)
  }
}
