import type { Milliseconds, NodeId, PartEnvironment, TimerName } from '../../core/index.ts'
import type { DetectorClass, DetectorState, FailureDetector } from './detector.ts'
import { Listening, type HeartbeatInterval } from './listening.ts'
import type { DetectorMessage } from './messages.ts'

export interface PerfectOptions extends HeartbeatInterval {
  /** No heartbeat takes longer from its sender's timer to its receiver's handler, the first ones included. */
  readonly delayMax: Milliseconds
}

/**
 * P, where the world keeps its bounds: whoever is silent for longer than the longest interval and the longest delay
 * together has crashed. It never takes a suspicion back. Where a bound is broken, it is wrong for ever, and so may be
 * whatever relies on it.
 */
export class PerfectDetector extends Listening<DetectorState> implements FailureDetector {
  static readonly promises: DetectorClass = {
    name: 'P',
    completeness: 'strong',
    accuracy: 'strong',
    assumes: 'a synchronous world: known bounds hold from the beginning, and who crashed stays away',
  }
  private readonly silenceMax: Milliseconds

  constructor(
    env: PartEnvironment<DetectorMessage>,
    nodes: readonly NodeId[],
    options: PerfectOptions,
    place: () => DetectorState,
  ) {
    super(env, nodes, options, place)
    this.silenceMax = options.intervalMax + options.delayMax
  }

  start(incarnation: number): void {
    this.begin(incarnation)
    this.beat()
    for (const id of this.others) this.await(id)
  }

  receive(message: DetectorMessage, from: NodeId): void {
    if (this.hear(message, from) !== 'stale' && !this.suspects(from)) this.await(from)
  }

  timeout(timer: TimerName): void {
    if (timer === 'beat') this.beat()
    else this.suspect(timer.slice('silence '.length))
  }

  private await(id: NodeId): void {
    this.env.setTimer(`silence ${id}`, this.silenceMax, this.silenceMax)
  }
}
