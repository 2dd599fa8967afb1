import { Part, type Command, type NodeId, type PartEnvironment, type TimerName } from '../../core/index.ts'
import { parameter, ActorSpace, type Explorable } from '../../explorer/index.ts'
import type { HistoryFold, Output, System } from '../../explorer/index.ts'
import {
  ChandraToueg,
  chandraTouegInvariants,
  isDead,
  type ChandraTouegEnvironment,
  type ChandraTouegOptions,
  type ChandraTouegState,
} from '../../protocols/chandra-toueg/index.ts'
import type { DetectorMessage, DetectorState, FailureDetector } from '../../protocols/failure-detectors/index.ts'
import { betweenTwo, inOneSituation } from '../in-one-situation.ts'

/** What is explored. */
export interface ChandraTouegBounds {
  readonly servers: number
  /** Nobody enters a later one. */
  readonly rounds: number
  /** Values, each proposed once, by anybody. */
  readonly proposals: number
  readonly crashes: number
  /** How often a coordinator is suspected, of all processes together, whether or not it has crashed. */
  readonly suspicions: number
  /** Whether a sync is an event, or what is persisted is durable at once. */
  readonly lateDisk: boolean
}

/** What was decided, ever, by whomever. */
export interface ChandraTouegPast {
  readonly decided?: number
  readonly broken?: string
}

const suspicion = 'suspicion'

/**
 * No detector at all: it suspects whoever coordinates at the moment, right or wrong, whenever the explorer says so. What holds with
 * it holds with any detector.
 */
class ArbitraryDetector extends Part<DetectorState> implements FailureDetector {
  private readonly env: PartEnvironment<DetectorMessage>
  private readonly coordinator: () => NodeId

  constructor(env: PartEnvironment<DetectorMessage>, place: () => DetectorState, coordinator: () => NodeId) {
    super(place)
    this.env = env
    this.coordinator = coordinator
  }

  get suspected(): readonly NodeId[] {
    return this.own.suspected
  }

  suspects(id: NodeId): boolean {
    return this.own.suspected.includes(id)
  }

  start(): void {
    this.env.setTimer(suspicion, 0, 0)
  }

  receive(): void {
    return undefined
  }

  /** One at a time: what it thought before is forgotten. */
  timeout(_timer: TimerName): void {
    Object.assign(this.own, { suspected: [this.coordinator()] })
    this.env.setTimer(suspicion, 0, 0)
  }
}

/** The production class, with a detector that may say anything. */
export function chandraTouegModel(
  bounds: ChandraTouegBounds,
  make: new (
    env: ChandraTouegEnvironment,
    nodes: readonly NodeId[],
    options: ChandraTouegOptions,
  ) => ChandraToueg = ChandraToueg,
): System<ChandraToueg, ChandraTouegEnvironment, ChandraTouegPast> {
  const nodes = Array.from({ length: bounds.servers }, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  const coordinatorOf = (round: number): NodeId => nodes[round % nodes.length] ?? ''
  const { rounds, proposals, crashes, suspicions, lateDisk } = bounds
  const invariants = chandraTouegInvariants(nodes.length)
  return {
    nodes,
    make: (env) => {
      const process: ChandraToueg = new make(env, nodes, {
        detector: (own, _, place) =>
          new ArbitraryDetector(
            own,
            () => place().output,
            () => coordinatorOf(process.state.round),
          ),
        againMin: 1,
        againMax: 2,
      })
      return process
    },
    abilities: ['decide'],
    network: 'set',
    sync: lateDisk ? 'event' : 'at once',
    history: past,
    properties: [
      { kind: 'always', name: 'agreement', brokenHistory: ({ broken }) => broken },
      ...invariants
        .filter(({ name }) => situational.has(name))
        .map((invariant) => inOneSituation<ChandraTouegState, ChandraTouegPast>(invariant)),
      { kind: 'sometimes', name: 'decided', seen: ({ history }) => history.decided !== undefined },
      {
        kind: 'sometimes',
        name: 'all decided',
        seen: ({ nodes: all }) => all.every(({ state }) => state.decided !== undefined),
      },
      {
        kind: 'sometimes',
        name: 'decided in a later round',
        seen: ({ nodes: all }) =>
          all.some(({ state }) => state.decided !== undefined && state.proposal !== undefined && state.round > 1),
      },
      { kind: 'sometimes', name: 'a nack', sent: ({ type }) => type === 'nack' },
    ],
    steps: invariants.filter(({ name }) => stepwise.has(name)).map(betweenTwo<ChandraTouegState>),
    bounds: {
      crashes,
      timeouts: { again: 0, [`detector:${suspicion}`]: suspicions },
      fires: (timer, { round, decided }) => timer === `detector:${suspicion}` && round > 0 && decided === undefined,
      firesText: 'a suspicion before the first round and after the decision: nothing comes of it',
      inputs: Array.from({ length: proposals }, (_, i) => ({
        name: `propose ${i + 1}`,
        call: (process: ChandraToueg) => void process.propose(command(i + 1)),
      })),
      within: ({ round }) => round <= rounds,
      withinText: `round ${rounds}`,
    },
    dead: isDead,
  }
}

function command(sequence: number): Command {
  return { origin: '', sequence, checksum: sequence, bytes: new Uint8Array(0) }
}

const past: HistoryFold<ChandraTouegPast> = {
  initial: {},
  record: (history, { node, arguments: [, , what] }: Output) => {
    const { sequence = 0 } = (what ?? {}) as { sequence?: number }
    if (history.decided === undefined) return { ...history, decided: sequence }
    if (history.decided === sequence || history.broken !== undefined) return history
    return { ...history, broken: `${node} decides ${sequence}, and somebody has decided ${history.decided}` }
  },
}

/** These say something about participants beside each other; `locked value` remembers rounds, and agreement says what it is for. */
const situational: ReadonlySet<string> = new Set(['counts what is durable'])
/** And this about one, before and after an event. */
const stepwise: ReadonlySet<string> = new Set(['monotonicity', 'one proposal a round'])

/** Chandra-Toueg for whoever asks for it by name. */
export const explorableChandraToueg: Explorable = {
  name: 'chandra-toueg',
  description: 'Consensus over a failure detector that may say anything (Chandra and Toueg 1996, figure 6)',
  parameters: [
    parameter('servers', 'that take part', 3, 2, 5),
    parameter('rounds', 'nobody enters a later one', 2, 1, 9),
    parameter('proposals', 'values, each proposed once, by anybody', 2, 0, 4),
    parameter('suspicions', 'of a coordinator, whether or not it has crashed, of all processes together', 1, 0, 15),
    parameter('crashes', 'of all processes together', 0, 0, 15),
    parameter('late-disk', '1: a sync may be late, or never come', 0, 0, 1),
  ],
  space: (chosen) => {
    const { servers = 3, rounds = 2, proposals = 2, suspicions = 1, crashes = 0 } = chosen
    const lateDisk = chosen['late-disk'] === 1
    return new ActorSpace(chandraTouegModel({ servers, rounds, proposals, suspicions, crashes, lateDisk }))
  },
}
