/**
 * Whom to follow, by a failure detector: everybody follows the first process that it does not suspect. Sooner or later that is the same
 * one everywhere (Ω of ◊P), which is all that many protocols need. The detector is a part: its state lies in this protocol's, its messages
 * and timers go through this protocol's hands.
 *
 *     npx synod simulate examples/lowest-leader.ts
 */
import { lend, timerOf, type NodeId, type Protocol } from 'synod'
import {
  HeartbeatDetector,
  initialHeartbeatState,
  type DetectorMessage,
  type HeartbeatState,
  type Life,
} from 'synod/failure-detectors'
import { describeProtocol, type ParticipantEnvironment, type ParticipantNode } from 'synod/simulator'

interface Message {
  readonly type: 'detector'
  readonly message: DetectorMessage
}

type Environment = ParticipantEnvironment<Message, Life>

interface State {
  incarnation: number
  detector: HeartbeatState
  leader: NodeId
}

class LowestLeader implements Protocol<State, Message, Life> {
  state: State
  private readonly env: Environment
  private readonly nodes: readonly NodeId[]
  private readonly detector: HeartbeatDetector

  constructor(env: Environment, nodes: readonly NodeId[]) {
    this.env = env
    this.nodes = nodes
    this.state = { incarnation: 0, detector: { ...initialHeartbeatState }, leader: env.self }
    this.detector = new HeartbeatDetector(
      lend<DetectorMessage, Message>(env, 'detector', (message) => ({ type: 'detector', message })),
      nodes,
      { intervalMin: 50, intervalMax: 100, timeout: 300, growth: 100, grace: 10 },
      () => this.state.detector,
    )
  }

  restore({ incarnation }: Life): void {
    this.state.incarnation = incarnation
  }

  start(): void {
    this.state.incarnation++
    this.env.persist({ type: 'life', incarnation: this.state.incarnation })
    this.detector.start(this.state.incarnation)
    this.follow()
  }

  receive({ message }: Message, from: NodeId): void {
    this.detector.receive(message, from)
    this.follow()
  }

  timeout(timer: string): void {
    this.detector.timeout(timerOf('detector', timer) ?? timer)
    this.follow()
  }

  private follow(): void {
    this.state.leader = this.nodes.find((id) => !this.detector.suspects(id)) ?? this.env.self
  }
}

type Node = ParticipantNode<State>

export const subject = describeProtocol({
  name: 'lowest-leader',
  make: (env: Environment, nodes: readonly NodeId[]) => new LowestLeader(env, nodes),
  pace: 1000,
  invariants: [],
  situations: [
    {
      name: 'two leaders at once',
      watch: () => (_, nodes) => nodes.filter(({ id, state }) => state.leader === id).length > 1,
    },
  ],
  // Who crashes stays away, and all that are left must come to follow one of them.
  recovers: false,
  quorum: 'all that work',
  settled: (core: readonly Node[]) => core.some(({ id }) => core.every(({ state }) => state.leader === id)),
})
