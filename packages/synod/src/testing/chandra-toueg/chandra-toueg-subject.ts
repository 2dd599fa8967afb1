import { choose, present, type Milliseconds, type NodeId, type RandomState } from '../../core/index.ts'
import {
  ChandraToueg,
  chandraTouegCodec,
  chandraTouegInvariants,
  StrongConsensus,
  strongCodec,
  type ChandraTouegEnvironment,
  type ChandraTouegState,
  type DetectorMaker,
  type Durable,
  type Message,
  type StrongEnvironment,
  type StrongMessage,
  type StrongState,
} from '../../protocols/chandra-toueg/index.ts'
import {
  GossipDetector,
  HeartbeatDetector,
  PerfectDetector,
  RingDetector,
  type HeartbeatState,
  type RingState,
} from '../../protocols/failure-detectors/index.ts'
import {
  consensusInvariants,
  describeProtocol,
  jsonCommand,
  type Json,
  type Participant,
  type ParticipantNode,
  type ProtocolDescription,
  type Situation,
  type Subject,
} from '../../simulator/index.ts'
import type { AsJson } from '../as-json.ts'

const pace: Milliseconds = 400
const interval = { intervalMin: pace / 8, intervalMax: pace / 4 }
const again = { againMin: pace / 4, againMax: pace / 2 }

/** What a seed draws. */
export interface ChandraTouegSettings {
  readonly detector: 'heartbeat' | 'gossip'
  /** The first one. A detector that has much to learn is wrong all the time at first. */
  readonly timeout: Milliseconds
}

/** The detectors of class ◊S that there are. */
function detectorOf({ detector, timeout }: ChandraTouegSettings): DetectorMaker {
  const patience = { ...interval, timeout, growth: pace / 50, grace: pace / 400 }
  const gossip = { gossipMin: interval.intervalMin, gossipMax: interval.intervalMax }
  if (detector === 'heartbeat')
    return (env, nodes, place) => new HeartbeatDetector(env, nodes, patience, () => place().output as HeartbeatState)
  return (env, nodes, place) => {
    const ring = new RingDetector(env, nodes, patience, () => place().inner as RingState)
    return new GossipDetector(env, nodes, ring, gossip, () => place().output)
  }
}

/** Links may be silent for a tenth of what progress is given, and that is four times the pace. */
const perfect: DetectorMaker = (env, nodes, place) =>
  new PerfectDetector(env, nodes, { ...interval, delayMax: 6 * pace }, () => place().output)

/** Asked with a value of JSON. */
export class AskedChandraToueg extends ChandraToueg {
  ask(value: string): boolean {
    return this.propose(jsonCommand(value))
  }
}

export class AskedStrongConsensus extends StrongConsensus {
  ask(value: string): boolean {
    return this.propose(jsonCommand(value))
  }
}

const colors = ['red', 'green', 'blue']

function color(stream: RandomState): string {
  return present(colors[choose(stream, colors.length)], 'there is a color')
}

type Node = ParticipantNode<ChandraTouegState>

/** So that others can make the same world with another class in it. */
export const chandraTouegDescription: ProtocolDescription<AskedChandraToueg, Message, Durable> = {
  name: 'chandra-toueg',
  make: (env: ChandraTouegEnvironment, nodes: readonly NodeId[], settings: Json) =>
    new AskedChandraToueg(env, nodes, { ...again, detector: detectorOf(settings as AsJson<ChandraTouegSettings>) }),
  codec: chandraTouegCodec,
  sizes: [1, 2, 3, 3, 4, 5, 5, 7],
  pace,
  inputs: { ask: color },
  settings: (stream: RandomState): Json => ({
    detector: (['heartbeat', 'gossip'] as const)[choose(stream, 2)] ?? 'heartbeat',
    timeout: [1, 4, 20, pace / 2][choose(stream, 4)] ?? 1,
  }),
  situations: situationsOf(),
}

/** Consensus over ◊S: of heartbeats, or of a ring and gossip. */
export const chandraTouegSubject: Subject<Participant<AskedChandraToueg, Message, Durable>, Node> = withInvariants(
  describeProtocol(chandraTouegDescription),
)

/** The algorithm's own invariants are about majorities of those that take part. */
function withInvariants(
  subject: Subject<Participant<AskedChandraToueg, Message, Durable>, Node>,
): Subject<Participant<AskedChandraToueg, Message, Durable>, Node> {
  return {
    ...subject,
    play(plan, stage) {
      const own = chandraTouegInvariants(plan.nodes.length)
      return Object.assign(subject.play(plan, stage), { invariants: [...own, ...consensusInvariants] })
    },
  }
}

/** The same paper's algorithm over S, of which P is one: processes crash, and all but one may, and links lose and repeat. */
export const strongConsensusSubject: Subject<
  Participant<AskedStrongConsensus, StrongMessage, never>,
  ParticipantNode<StrongState>
> = describeProtocol({
  name: 'chandra-toueg-strong',
  make: (env: StrongEnvironment, nodes: readonly NodeId[]) =>
    new AskedStrongConsensus(env, nodes, { ...again, detector: perfect }),
  codec: strongCodec,
  sizes: [1, 2, 3, 4, 5],
  pace,
  inputs: { ask: color },
  invariants: consensusInvariants,
  quorum: 'all that work',
  recovers: false,
  // A process that stands still for long is one that has crashed, to P: and then P is wrong.
  faults: ['crash', 'loss', 'duplication'],
  situations: [
    { name: 'fewer than half are left', watch: () => (node, nodes) => suspected(node) * 2 > nodes.length },
    { name: 'one is left', watch: () => (node, nodes) => nodes.length > 1 && suspected(node) === nodes.length - 1 },
    { name: 'one decides beside a crashed one', watch: () => (node) => node.decided.length > 0 && suspected(node) > 0 },
  ],
})

function suspected({ state }: { readonly state: { readonly detection: ChandraTouegState['detection'] } }): number {
  return state.detection.output.suspected.length
}

function situationsOf(): readonly Situation<Node>[] {
  return [
    {
      name: 'two estimates differ',
      watch: () => (_, nodes) => new Set(nodes.flatMap(({ state: { estimate } }) => estimate?.checksum ?? [])).size > 1,
    },
    {
      name: 'decided after the first round',
      watch:
        () =>
        ({ state }) =>
          state.decided !== undefined && state.round > 1,
    },
    {
      name: 'a proposal is taken over from an earlier round',
      watch:
        () =>
        ({ state }) =>
          state.proposal !== undefined && Object.values(state.estimates).some(({ timestamp }) => timestamp > 0),
    },
    {
      name: 'a nack',
      watch:
        () =>
        ({ state }) =>
          Object.values(state.answers).includes(false),
    },
    {
      name: 'a coordinator is suspected by mistake',
      watch: () => (node, nodes) =>
        nodes.some(
          ({ id, state }) =>
            id !== node.id && state.decided !== undefined && node.state.detection.output.suspected.includes(id),
        ),
    },
    {
      name: 'decided in two lives',
      watch:
        () =>
        ({ decided }) =>
          new Set(decided.map(({ incarnation }) => incarnation)).size > 1,
    },
    { name: 'taken along into a later round', watch: () => skipping() },
  ]
}

function skipping(): (node: Node) => boolean {
  const rounds = new Map<NodeId, number>()
  return ({ id, state: { round } }) => {
    const before = rounds.get(id) ?? round
    rounds.set(id, round)
    return before > 0 && round > before + 1
  }
}
