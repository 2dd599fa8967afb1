import { Part, type Milliseconds, type NodeId, type PartEnvironment } from '../../core/index.ts'
import { freshness, including, initialDetectorState, type DetectorState, type Freshness } from './detector.ts'
import type { DetectorMessage, Stamp } from './messages.ts'

/** How often a process says that it is alive: drawn anew each time, so that processes do not fall into step. */
export interface HeartbeatInterval {
  readonly intervalMin: Milliseconds
  readonly intervalMax: Milliseconds
}

/** What detectors that send heartbeats to all have in common: the heartbeats, and whose are fresh. */
export abstract class Listening<State extends DetectorState> extends Part<State> {
  protected readonly env: PartEnvironment<DetectorMessage>
  protected readonly others: readonly NodeId[]
  private readonly interval: HeartbeatInterval

  constructor(
    env: PartEnvironment<DetectorMessage>,
    nodes: readonly NodeId[],
    interval: HeartbeatInterval,
    place: () => State,
  ) {
    super(place)
    this.env = env
    this.others = nodes.filter((id) => id !== env.self)
    this.interval = interval
  }

  get suspected(): readonly NodeId[] {
    return this.own.suspected
  }

  suspects(id: NodeId): boolean {
    return this.own.suspected.includes(id)
  }

  protected become(change: Partial<DetectorState>): void {
    Object.assign(this.own, change)
  }

  /** A life begins: nothing is known of anybody. */
  protected begin(incarnation: number): void {
    this.become({ ...initialDetectorState, incarnation })
  }

  /** Sent by `send`: a life is on disk before anybody hears of it. */
  protected beat(): void {
    const { intervalMin, intervalMax } = this.interval
    const stamp = this.stamp()
    for (const id of this.others) this.env.send(id, { type: 'heartbeat', ...stamp })
    this.env.setTimer('beat', intervalMin, intervalMax)
  }

  protected stamp(): Stamp {
    const { incarnation, sequence } = this.own
    this.become({ sequence: sequence + 1 })
    return { incarnation, sequence: sequence + 1 }
  }

  /** Whether it says anything about now; if so, it is remembered. */
  protected hear({ incarnation, sequence }: Stamp, from: NodeId): Freshness {
    const fresh = freshness(this.own, { incarnation, sequence }, from)
    if (fresh !== 'stale') this.become({ heard: { ...this.own.heard, [from]: { incarnation, sequence } } })
    return fresh
  }

  protected suspect(id: NodeId): void {
    this.become({ suspected: including(this.own.suspected, id) })
  }
}
