import { ActorSpace } from '../actors/actor-space.ts'
import { ModelSpace } from '../model-space.ts'
import type { Space } from '../space.ts'
import { lamportPaxos } from './lamport-paxos.ts'
import { lamportVoting } from './lamport-voting.ts'
import { multiPaxosSmr } from './multi-paxos-smr.ts'
import { pingPong } from './ping-pong.ts'
import { abdRegister } from './register/attiya-bar-noy-dolev.ts'
import { paxosRegister } from './register/paxos-register.ts'
import type { RegisterBounds } from './register/register-system.ts'
import { singleCopyRegister } from './register/single-copy.ts'
import { transactionCommit } from './transaction-commit.ts'
import { twoPhaseCommit } from './two-phase-commit.ts'

/** What of a model can be chosen. */
export interface Parameter {
  readonly name: string
  readonly description: string
  readonly fallback: number
  readonly least: number
  readonly most: number
}

/** A choice of each; 0 and 1 are no and yes where a parameter says so. */
export type Chosen = Readonly<Record<string, number>>

/** A model that can be asked for by its name. */
export interface Explorable {
  readonly name: string
  readonly description: string
  readonly parameters: readonly Parameter[]
  readonly space: (chosen: Chosen) => Space
}

/** `fallback`: where nobody chooses. `least` and `most`: between which one may. */
export function parameter(name: string, description: string, fallback: number, least = 1, most = 9): Parameter {
  return { name, description, fallback, least, most }
}

const clients = parameter('clients', 'each puts a value and then gets one', 2)
const servers = parameter('servers', 'that keep the register', 3)
const ordered = parameter('ordered', '1: messages of a pair arrive in order', 0, 0, 1)
const symmetric = parameter('symmetry', '1: what differs by names alone is one state', 0, 0, 1)

function registerOf({ clients: asking = 2, servers: asked = 1, ordered: inOrder = 0 }: Chosen): RegisterBounds {
  return { clients: asking, servers: asked, network: inOrder === 1 ? 'ordered' : 'multiset' }
}

/** The specifications of others, with the numbers of states that they publish (docs/state-counts.md). */
export const catalogue: readonly Explorable[] = [
  {
    name: 'paxos-register',
    description: 'single-decree Paxos behind a register, messages neither lost nor doubled',
    parameters: [clients, servers, ordered],
    space: (chosen) => new ActorSpace(paxosRegister(registerOf({ servers: 3, ...chosen }))),
  },
  {
    name: 'abd-register',
    description: 'a register without consensus (Attiya, Bar-Noy, Dolev)',
    parameters: [clients, { ...servers, fallback: 2 }, ordered],
    space: (chosen) => new ActorSpace(abdRegister(registerOf({ servers: 2, ...chosen }))),
  },
  {
    name: 'single-copy-register',
    description: 'a register on one server; on two it is none',
    parameters: [clients, { ...servers, fallback: 1 }, ordered],
    space: (chosen) => new ActorSpace(singleCopyRegister(registerOf(chosen))),
  },
  {
    name: 'ping-pong',
    description: 'two nodes that count together',
    parameters: [
      parameter('max-count', 'how far', 5),
      parameter('duplicating', '1: messages may be doubled', 0, 0, 1),
      parameter('lossy', '1: messages may be lost', 0, 0, 1),
    ],
    space: ({ 'max-count': maxCount = 5, duplicating = 0, lossy = 0 }) =>
      new ActorSpace(
        pingPong({ maxCount, network: duplicating === 1 ? 'duplicating' : 'multiset', lossy: lossy === 1 }),
      ),
  },
  {
    name: 'two-phase-commit',
    description: 'Gray and Lamport: a transaction manager and those whom it asks',
    parameters: [parameter('managers', 'resource managers', 3), symmetric],
    space: ({ managers = 3, symmetry = 0 }) => new ModelSpace(twoPhaseCommit(managers, symmetry === 1)),
  },
  {
    name: 'transaction-commit',
    description: 'Gray and Lamport: what a commit must come to',
    parameters: [parameter('managers', 'resource managers', 3)],
    space: ({ managers = 3 }) => new ModelSpace(transactionCommit(managers)),
  },
  {
    name: 'lamport-paxos',
    description: "Lamport's specification of Paxos: acceptors and the set of all messages",
    parameters: [
      parameter('acceptors', 'how many', 3),
      parameter('values', 'that may be proposed', 2),
      parameter('max-ballot', 'ballots are 0 to this', 1, 0),
    ],
    space: ({ acceptors = 3, values = 2, 'max-ballot': maxBallot = 1 }) =>
      new ModelSpace(lamportPaxos({ acceptors, values, maxBallot })),
  },
  {
    name: 'lamport-voting',
    description: "Lamport's Voting: what Paxos implements",
    parameters: [
      parameter('acceptors', 'how many', 3, 1, 5),
      parameter('values', 'that may be voted for', 2, 1, 5),
      parameter('max-ballot', 'ballots are 0 to this', 1, 0),
      symmetric,
    ],
    space: ({ acceptors = 3, values = 2, 'max-ballot': maxBallot = 1, symmetry = 0 }) =>
      new ModelSpace(lamportVoting({ acceptors, values, maxBallot, symmetric: symmetry === 1 })),
  },
  {
    name: 'multi-paxos-smr',
    description: 'MultiPaxos-SMR of the examples of TLA+, replicas renamed',
    parameters: [
      parameter('replicas', 'how many', 3, 1, 5),
      parameter('writes', 'commands that write', 1),
      parameter('reads', 'commands that read', 1, 0),
      parameter('max-ballot', 'ballots are 1 to this', 2),
    ],
    space: ({ replicas = 3, writes = 1, reads = 1, 'max-ballot': maxBallot = 2 }) =>
      new ModelSpace(multiPaxosSmr({ replicas, writes, reads, maxBallot })),
  },
]
