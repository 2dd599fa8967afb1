import { voting, type Invariant, type NodeId, type TimerName } from '../../core/index.ts'
import { parameter, ActorSpace, type Explorable, type Situation, type System } from '../../explorer/index.ts'
import {
  defaultMultiPaxosOptions,
  isDead,
  MultiPaxos,
  multiPaxosInvariants,
  type Message,
  type MultiPaxosEnvironment,
  type MultiPaxosNode,
  type MultiPaxosOptions,
  type MultiPaxosState,
} from '../../protocols/multi-paxos/index.ts'
import { betweenTwo, inOneSituation } from '../in-one-situation.ts'
import { brokenPromise, commandNumbered, enginePast, type EnginePast } from '../log-engine/engine-past.ts'

/** What of Multi-Paxos is explored. */
export interface MultiPaxosBounds {
  readonly servers: number
  /** Rounds of ballots: nobody begins, or canvasses for, a later one. */
  readonly ballots: number
  /** Rounds of heartbeats that a leader begins; the first begins its ballot. 0: whatever proposes nothing is lost. */
  readonly rounds: number
  /** α: slots that may be open at a time. */
  readonly alpha: number
  /** Commands, each proposed once, wherever somebody leads. */
  readonly proposals: number
  /** How often whoever leads is asked to hand over, to a member of its choice. */
  readonly transfers: number
  readonly crashes: number
  /** Deliveries of which the message stays under way. */
  readonly duplicates: number
  /** How often a timer for an election fires, of all servers together. */
  readonly elections: number
  /** Without, whoever campaigns is supported by all at once: phase 1 begins whenever it could, and more often. */
  readonly canvass: boolean
  readonly checkQuorum: boolean
  /** Whether a sync is an event, or what is persisted is durable at once. */
  readonly lateDisk: boolean
}

type MultiPaxosSituation = Situation<MultiPaxosState, EnginePast>

/** The production class, as a server runs it, but for reads, snapshots and changes of the membership. */
export function multiPaxosModel(bounds: MultiPaxosBounds): System<MultiPaxos, MultiPaxosEnvironment, EnginePast> {
  const nodes = Array.from({ length: bounds.servers }, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  const { ballots, rounds, alpha, elections, proposals, transfers } = bounds
  const { crashes, duplicates, canvass, checkQuorum, lateDisk } = bounds
  const options: MultiPaxosOptions = { ...defaultMultiPaxosOptions, alpha }
  const membership = voting(nodes)
  const invariants = multiPaxosInvariants.map((invariant) => withAlpha(invariant, alpha))
  return {
    nodes,
    make(env) {
      const heard = rounds > 0 ? env : withoutHeartbeats(env)
      return canvass ? new MultiPaxos(heard, options) : new Supported(heard, options, nodes)
    },
    abilities: ['decide', 'led', 'readable', 'unreadable', 'reconfigured', 'install'],
    bootstrap: (paxos) => [paxos.bootstrap(membership)],
    network: 'set',
    sync: lateDisk ? 'event' : 'at once',
    history: enginePast,
    properties: [
      { kind: 'always', name: 'one leader a round, one value a slot', brokenHistory: brokenPromise('safety') },
      ...invariants
        .filter(({ name }) => name !== stepwise)
        .map((invariant) => inOneSituation<MultiPaxosState, EnginePast>(invariant)),
      { kind: 'sometimes', name: 'a leader', seen: anyNode(({ role }) => role === 'leader') },
      { kind: 'sometimes', name: 'a slot is decided', seen: anyNode(({ decided }) => decided > 0) },
      { kind: 'sometimes', name: 'a command is decided', seen: ({ history }) => says(history, 'command') },
      { kind: 'sometimes', name: 'leaders of two ballots', seen: twoLeaders },
      {
        kind: 'sometimes',
        name: 'a later slot is accepted first',
        seen: anyNode(({ log }) => log.includes(undefined)),
      },
      { kind: 'sometimes', name: 'what an older ballot proposed is proposed again', seen: anyNode(proposesAgain) },
      { kind: 'sometimes', name: 'a hole is filled', seen: anyNode(fillsHole) },
    ],
    steps: invariants.filter(({ name }) => name === stepwise).map(betweenTwo<MultiPaxosState>),
    bounds: {
      crashes,
      duplicates,
      timeouts: { election: elections },
      inputs: [
        ...Array.from({ length: proposals }, (_, i) => ({
          name: `propose ${i + 1}`,
          call: (paxos: MultiPaxos) => void paxos.propose(commandNumbered(i + 1)),
        })),
        ...Array.from({ length: transfers }, () => ({
          name: 'hand over',
          call: (paxos: MultiPaxos) => void paxos.transfer(),
        })),
      ],
      within: ({ promised, round, role, seen }) =>
        promised.round <= ballots && round <= Math.max(1, rounds) && (role !== 'canvasser' || seen < ballots),
      withinText: `round ${ballots} of ballots or ${rounds} rounds of heartbeats`,
      fires: (timer, { role, promised }) => {
        if (timer === 'lease') return promised.round < ballots
        return timer !== 'election' || role !== 'leader' || checkQuorum
      },
      firesText: checkQuorum ? inTheLast : `${inTheLast}; a leader that looks whether it still has a quorum`,
    },
    dead: (message, from, state) => isDead(message, from, state),
  }
}

const inTheLast = 'a member that no longer hears the leader of the last ballot: nothing comes of it'

function withoutHeartbeats(env: MultiPaxosEnvironment): MultiPaxosEnvironment {
  const sendAhead = (to: NodeId, message: Message): void => {
    if (message.type !== 'accept' || message.proposals.length > 0) env.sendAhead(to, message)
  }
  return Object.assign(Object.create(env) as MultiPaxosEnvironment, { sendAhead })
}

/** Supported by everybody as soon as it asks: nothing of a canvass is sent. */
class Supported extends MultiPaxos {
  private readonly voters: readonly NodeId[]

  constructor(env: MultiPaxosEnvironment, options: MultiPaxosOptions, voters: readonly NodeId[]) {
    const send = (to: NodeId, message: Message): void => {
      if (message.type !== 'canvass' && message.type !== 'support') env.send(to, message)
    }
    super(Object.assign(Object.create(env) as MultiPaxosEnvironment, { send }), options)
    this.voters = voters
  }

  override timeout(timer: TimerName): void {
    super.timeout(timer)
    const { promised, seen, decided } = this.state
    const support = { type: 'support', round: seen + 1, granted: true, promised, decided } as const
    for (const id of this.voters) if (this.state.role === 'canvasser') this.receive(support, id)
  }
}

/** This one says something about one member before and after an event. */
const stepwise = 'monotonicity'

function withAlpha(
  { name, watch }: Invariant<MultiPaxosNode>,
  alpha: number,
): Invariant<Omit<MultiPaxosNode, 'alpha'>> {
  return {
    name,
    watch: () => {
      const look = watch()
      return (node, nodes) =>
        look(
          { ...node, alpha },
          nodes.map((other) => ({ ...other, alpha })),
        )
    },
  }
}

function anyNode(is: (state: MultiPaxosState) => boolean): (situation: MultiPaxosSituation) => boolean {
  return ({ nodes }) => nodes.some(({ state }) => is(state))
}

function says({ decided }: EnginePast, what: string): boolean {
  return Object.values(decided).some((text) => text.startsWith(what))
}

function twoLeaders({ history: { leaders } }: MultiPaxosSituation): boolean {
  return Object.keys(leaders).length > 1
}

function proposesAgain({ role, promised, log }: MultiPaxosState): boolean {
  const isOlder = (term: number): boolean => term > 0 && term < promised.round
  return role === 'leader' && log.some((one) => one?.ballot.round === promised.round && isOlder(one.value.term))
}

function fillsHole({ role, log }: MultiPaxosState): boolean {
  return role === 'leader' && log.some((one) => one?.value.term === 0)
}

/** Multi-Paxos for whoever asks for it by name. */
export const explorableMultiPaxos: Explorable = {
  name: 'multi-paxos',
  description: "Multi-Paxos, as Synod's servers run it",
  parameters: [
    parameter('servers', 'that form the cluster', 3, 1, 5),
    parameter('ballots', 'rounds of ballots; nobody begins a later one', 2, 1, 9),
    parameter('rounds', 'of heartbeats that a leader begins; the first begins its ballot; 0: all are lost', 0, 0, 9),
    parameter('alpha', 'slots that may be open at a time', 2, 1, 9),
    parameter('elections', 'how often an election timer fires, of all servers together', 2, 1, 15),
    parameter('proposals', 'commands, each proposed once', 0, 0, 8),
    parameter('transfers', 'how often whoever leads is asked to hand over', 0, 0, 4),
    parameter('crashes', 'of all servers together', 0, 0, 15),
    parameter('duplicates', 'messages that arrive twice', 0, 0, 15),
    parameter('canvass', '1: they ask before they campaign', 0, 0, 1),
    parameter('check-quorum', '1: a leader without a quorum steps down', 0, 0, 1),
    parameter('late-disk', '1: a sync may be late, or never come', 0, 0, 1),
  ],
  space: (chosen) => {
    const { servers = 3, ballots = 2, rounds = 0, alpha = 2, elections = 2 } = chosen
    const { proposals = 0, transfers = 0, crashes = 0, duplicates = 0 } = chosen
    const isOn = (name: string): boolean => chosen[name] === 1
    return new ActorSpace(
      multiPaxosModel({
        servers,
        ballots,
        rounds,
        alpha,
        elections,
        proposals,
        transfers,
        crashes,
        duplicates,
        canvass: isOn('canvass'),
        checkQuorum: isOn('check-quorum'),
        lateDisk: isOn('late-disk'),
      }),
    )
  },
}
