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
import type { DetectorMessage } from './messages.ts'

export interface GossipOptions {
  /** How often a process says whom its own detector suspects. */
  readonly gossipMin: Milliseconds
  readonly gossipMax: Milliseconds
}

/**
 * From weak to strong completeness (Chandra and Toueg 1996, figure 3; theorem 2): everybody tells everybody whom its own
 * detector suspects, and believes what it is told, but of whoever it is just told by. ◊W becomes ◊S, and W becomes S.
 */
export class GossipDetector extends Part<DetectorState> implements FailureDetector {
  static readonly promises: DetectorClass = {
    name: '◊S',
    completeness: 'strong',
    accuracy: 'eventual weak',
    assumes: 'a detector of ◊W below it, and links that do not lose everything',
  }
  private readonly env: PartEnvironment<DetectorMessage>
  private readonly others: readonly NodeId[]
  private readonly inner: FailureDetector
  private readonly options: GossipOptions

  /** Both speak through one environment: they say different things, and their timers have different names. */
  constructor(
    env: PartEnvironment<DetectorMessage>,
    nodes: readonly NodeId[],
    inner: FailureDetector,
    options: GossipOptions,
    place: () => DetectorState,
  ) {
    super(place)
    this.env = env
    this.others = nodes.filter((id) => id !== env.self)
    this.inner = inner
    this.options = options
  }

  get suspected(): readonly NodeId[] {
    return this.own.suspected
  }

  suspects(id: NodeId): boolean {
    return this.own.suspected.includes(id)
  }

  start(incarnation: number): void {
    Object.assign(this.own, { ...initialDetectorState, incarnation })
    this.inner.start(incarnation)
    this.gossip()
  }

  receive(message: DetectorMessage, from: NodeId): void {
    if (message.type !== 'suspicions') return this.inner.receive(message, from)
    const { suspected, incarnation, sequence } = message
    const stamp = { incarnation, sequence }
    if (freshness(this.own, stamp, from) === 'stale') return
    Object.assign(this.own, { heard: { ...this.own.heard, [from]: stamp } })
    this.believe(suspected, from)
  }

  timeout(timer: TimerName): void {
    if (timer === 'gossip') this.gossip()
    else this.inner.timeout(timer)
  }

  /** "output := (output ∪ suspects) − {q}": whoever says anything is alive. */
  private believe(suspected: readonly NodeId[], teller: NodeId): void {
    let output = this.own.suspected
    for (const id of suspected) if (id !== this.env.self) output = including(output, id)
    Object.assign(this.own, { suspected: without(output, teller) })
  }

  private gossip(): void {
    const { gossipMin, gossipMax } = this.options
    const { incarnation, sequence } = this.own
    Object.assign(this.own, { sequence: sequence + 1 })
    const { suspected } = this.inner
    for (const id of this.others)
      this.env.send(id, { type: 'suspicions', suspected, incarnation, sequence: sequence + 1 })
    this.believe(suspected, this.env.self)
    this.env.setTimer('gossip', gossipMin, gossipMax)
  }
}
