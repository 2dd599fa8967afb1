import { assert, type Command, type NodeId } from '../../core/index.ts'
import {
  parameter,
  ActorSpace,
  type Explorable,
  type HistoryFold,
  type Situation,
  type System,
} from '../../explorer/index.ts'
import {
  defaultPaxosOptions,
  isDead,
  Paxos,
  paxosInvariants,
  type PaxosEnvironment,
  type PaxosOptions,
  type PaxosState,
} from '../../protocols/paxos/index.ts'
import { betweenTwo, inOneSituation } from '../in-one-situation.ts'

/** What of Paxos is explored. */
export interface PaxosBounds {
  readonly acceptors: number
  /** So many of them propose, each a value of its own, once. */
  readonly proposers: number
  /** Nobody begins a later round. */
  readonly rounds: number
  /** How often a proposer tries again, of all together. */
  readonly retries: number
  readonly crashes: number
  /** A quorum of phase 2; one of phase 1 is the smallest that meets each of these. */
  readonly acceptQuorum: number
  readonly acceptedTo: PaxosOptions['acceptedTo']
  /** Whether a sync is an event, or what is persisted is durable at once. */
  readonly lateDisk: boolean
}

/** What was decided, ever: by how many the state says. */
export interface PaxosPast {
  readonly decided: readonly string[]
}

/** The production class. */
export function paxosModel(bounds: PaxosBounds): System<Paxos, PaxosEnvironment, PaxosPast> {
  const { acceptors, proposers, rounds, retries, crashes, acceptQuorum, acceptedTo, lateDisk } = bounds
  assert(proposers <= acceptors, 'each proposer is one of the acceptors')
  const nodes = Array.from({ length: acceptors }, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  const quorums = { accept: acceptQuorum, prepare: acceptors - acceptQuorum + 1 }
  return {
    nodes,
    make: (env) => new Paxos(env, nodes, { ...defaultPaxosOptions, acceptedTo, quorums }),
    abilities: ['decide'],
    network: 'set',
    sync: lateDisk ? 'event' : 'at once',
    history: past,
    properties: [
      { kind: 'always', name: 'agreement', brokenHistory: ({ decided }) => disagreement(decided) },
      ...paxosInvariants
        .filter(({ name }) => !stepwise.has(name))
        .map((invariant) => inOneSituation<PaxosState, PaxosPast>(invariant)),
      { kind: 'sometimes', name: 'a value is chosen', seen: ({ history }) => history.decided.length > 0 },
      ...nodes.slice(0, proposers).map((id) => ({
        kind: 'sometimes' as const,
        name: `the value of ${id} is chosen`,
        seen: ({ history }: Situation<PaxosState, PaxosPast>) => history.decided.includes(id),
      })),
      { kind: 'sometimes', name: 'two ballots at once', seen: twoBallots },
      { kind: 'sometimes', name: 'a value of another ballot is proposed', seen: anyNode(isAdopted) },
    ],
    steps: paxosInvariants.filter(({ name }) => stepwise.has(name)).map(betweenTwo<PaxosState>),
    bounds: {
      crashes,
      timeouts: { retry: retries },
      fires: (_, state) => state.wish !== undefined,
      firesText: 'ballots of those who want to know what was chosen, and wish for nothing',
      inputs: nodes.slice(0, proposers).map((id) => ({
        name: `propose, if it is ${id}`,
        call: (paxos: Paxos) => {
          if (paxos.env.self === id) paxos.propose(valueOf(id))
        },
      })),
      within: ({ round }) => round <= rounds,
      withinText: `round ${rounds}`,
    },
    dead: (message, from, state) => isDead(message, from, state),
  }
}

function valueOf(id: NodeId): Command {
  return { origin: id, sequence: 1, checksum: 0, bytes: new Uint8Array(0) }
}

const past: HistoryFold<PaxosPast> = {
  initial: { decided: [] },
  record({ decided }, { arguments: [, , value] }) {
    const { origin } = value as Command
    return { decided: [...new Set([...decided, origin])].toSorted() }
  },
}

function disagreement(decided: readonly string[]): string | undefined {
  return decided.length > 1 ? `the values of ${decided.join(' and ')} are both decided` : undefined
}

/** These say something about one participant before and after an event. */
const stepwise: ReadonlySet<string> = new Set(['promises are kept', 'ballots are new'])

function anyNode(is: (state: PaxosState) => boolean): (situation: Situation<PaxosState, PaxosPast>) => boolean {
  return ({ nodes }) => nodes.some(({ state }) => is(state))
}

function twoBallots({ nodes }: Situation<PaxosState, PaxosPast>): boolean {
  return nodes.filter(({ state }) => state.attempt !== undefined).length > 1
}

function isAdopted({ attempt }: PaxosState): boolean {
  return attempt?.value !== undefined && Object.values(attempt.promises).some((report) => report !== null)
}

/** Paxos for whoever asks for it by name. */
export const explorablePaxos: Explorable = {
  name: 'paxos',
  description: 'single-decree Paxos: each node is proposer, acceptor and learner',
  parameters: [
    parameter('acceptors', 'how many', 3, 1, 5),
    parameter('proposers', 'of them; each wishes for a value of its own', 2, 1, 5),
    parameter('rounds', 'nobody begins a later one', 2, 1, 9),
    parameter('retries', 'how often a proposer tries again, of all together', 1, 0, 15),
    parameter('crashes', 'of all together', 0, 0, 15),
    parameter('accept-quorum', 'acceptors that choose a value', 2, 1, 5),
    parameter('broadcast', '1: what is accepted is told to everybody, 0: to its proposer', 0, 0, 1),
    parameter('late-disk', '1: a sync may be late, or never come', 0, 0, 1),
  ],
  space: ({
    acceptors = 3,
    proposers = 2,
    rounds = 2,
    retries = 1,
    crashes = 0,
    'accept-quorum': acceptQuorum = 2,
    broadcast = 0,
    'late-disk': lateDisk = 0,
  }) =>
    new ActorSpace(
      paxosModel({
        acceptors,
        proposers,
        rounds,
        retries,
        crashes,
        acceptQuorum,
        acceptedTo: broadcast === 1 ? 'everybody' : 'proposer',
        lateDisk: lateDisk === 1,
      }),
    ),
}
