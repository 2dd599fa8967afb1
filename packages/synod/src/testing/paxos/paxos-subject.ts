import { choose, type NodeId, type RandomState } from '../../core/index.ts'
import {
  defaultPaxosOptions,
  Paxos,
  paxosCodec,
  paxosInvariants,
  quorumsOf,
  type Durable,
  type Message,
  type PaxosEnvironment,
  type PaxosOptions,
  type PaxosState,
} from '../../protocols/paxos/index.ts'
import {
  consensusInvariants,
  describeProtocol,
  jsonCommand,
  type Json,
  type Participant,
  type ParticipantNode,
  type Subject,
} from '../../simulator/index.ts'

/** The production class; clients ask for colours. */
export class AskedPaxos extends Paxos {
  ask(value: Json): void {
    this.propose(jsonCommand(value))
  }
}

export interface PaxosSettings {
  readonly paxos: PaxosOptions
}

/** Single-decree Paxos in a simulated world: `synod simulate paxos`. */
export const paxosSubject: Subject<
  Participant<AskedPaxos, Message, Durable>,
  ParticipantNode<PaxosState>
> = describeProtocol({
  name: 'paxos',
  make: (env: PaxosEnvironment, nodes: readonly NodeId[], settings: Json) =>
    new AskedPaxos(env, nodes, optionsOf(settings)),
  codec: paxosCodec,
  sizes: [1, 2, 3, 3, 4, 5],
  pace: 400,
  inputs: { ask: (stream) => ['red', 'green', 'blue'][choose(stream, 3)] ?? 'red' },
  settings: drawSettings,
  invariants: [...consensusInvariants, ...paxosInvariants],
  quorum: (nodes, settings) => {
    const { prepare, accept } = quorumsOf(optionsOf(settings), nodes)
    return Math.max(prepare, accept)
  },
  situations: [
    { name: 'two ballots at once', watch: () => (_, nodes) => nodes.filter(({ state }) => state.attempt).length > 1 },
    {
      name: 'a proposer is refused',
      watch:
        () =>
        ({ state }) =>
          state.refusals > 0,
    },
    {
      name: 'a value of another ballot is proposed',
      watch:
        () =>
        ({ state }) =>
          isAdopted(state),
    },
    { name: 'an acceptor accepts twice', watch: acceptsTwice },
    { name: 'what was chosen is told again after a restart', watch: () => isToldAgain },
    {
      name: 'a ballot of somebody without a wish',
      watch:
        () =>
        ({ state }) =>
          isInquiry(state),
    },
  ],
})

function optionsOf(settings: Json): PaxosOptions {
  return { ...defaultPaxosOptions, ...(settings as Partial<PaxosSettings> | null)?.paxos }
}

/** Some have quorums that are no majorities, some a distinguished proposer. */
function drawSettings(stream: RandomState, nodes: readonly NodeId[]): Json {
  const accept = 1 + choose(stream, nodes.length)
  const quorums = { accept, prepare: nodes.length - accept + 1 }
  const distinguished = nodes[choose(stream, nodes.length)] ?? ''
  return {
    paxos: {
      ...(choose(stream, 3) === 0 && { quorums }),
      ...(choose(stream, 3) === 0 && { distinguished }),
      ...(choose(stream, 2) === 0 && { acceptedTo: 'proposer' }),
    },
  }
}

function isAdopted({ attempt }: PaxosState): boolean {
  return attempt?.value !== undefined && Object.values(attempt.promises).some((report) => report !== null)
}

function isInquiry({ attempt, wish }: PaxosState): boolean {
  return attempt !== undefined && wish === undefined
}

function acceptsTwice(): (node: ParticipantNode<PaxosState>) => boolean {
  const first = new Map<NodeId, number>()
  return ({ id, state: { accepted } }) => {
    if (accepted === undefined) return false
    const round = first.get(id) ?? accepted.ballot.round
    first.set(id, round)
    return accepted.ballot.round > round
  }
}

function isToldAgain({ decided }: ParticipantNode<PaxosState>): boolean {
  return new Set(decided.map(({ incarnation }) => incarnation)).size > 1
}
