import { voting, type Invariant } from '../../core/index.ts'
import { ActorSpace, type Explorable } from '../../explorer/index.ts'
import type { Situation, SituationNode, StepProperty, System } from '../../explorer/index.ts'
import {
  defaultRaftOptions,
  isDead,
  Raft,
  raftInvariants,
  type RaftEnvironment,
  type RaftNode,
  type RaftOptions,
  type RaftState,
} from '../../protocols/raft/index.ts'
import { brokenPromise, commandNumbered, enginePast, type EnginePast } from '../log-engine/engine-past.ts'

/** What of Raft is explored. */
export interface RaftBounds {
  readonly servers: number
  /** Nobody enters a later one. */
  readonly terms: number
  /** Rounds of heartbeats that a leader begins; its first entry is the first one. */
  readonly rounds: number
  /** Commands, each proposed once, wherever somebody leads. */
  readonly proposals: number
  readonly crashes: number
  /** Deliveries of which the message stays under way. */
  readonly duplicates: number
  /** How often a timer for an election fires, of all servers together. */
  readonly elections: number
  readonly preVote: boolean
  readonly checkQuorum: boolean
  /** Whether a sync is an event, or what is persisted is durable at once. */
  readonly lateDisk: boolean
  /** Servers' names are exchanged: what differs by them alone is one state. */
  readonly symmetric: boolean
}

/** The production class, as a server runs it, but for reads, snapshots and changes of the membership. */
export function raftModel(bounds: RaftBounds): System<Raft, RaftEnvironment, EnginePast> {
  const nodes = Array.from({ length: bounds.servers }, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  const { preVote, checkQuorum, terms, rounds, elections, proposals, crashes, duplicates, lateDisk, symmetric } = bounds
  const options: RaftOptions = { ...defaultRaftOptions, preVote, checkQuorum }
  const membership = voting(nodes)
  return {
    nodes,
    make: (env) => new Raft(env, options),
    abilities: ['decide', 'led', 'readable', 'unreadable', 'reconfigured', 'install'],
    bootstrap: (raft) => [raft.bootstrap(membership)],
    network: 'set',
    symmetric,
    sets: ['voters', 'outgoing', 'learners', 'learnersNext'],
    sync: lateDisk ? 'event' : 'at once',
    history: enginePast,
    properties: [
      { kind: 'always', name: 'election safety, state machine safety', brokenHistory: brokenPromise },
      ...raftInvariants.filter(({ name }) => situational.has(name)).map(inOneSituation),
      { kind: 'sometimes', name: 'a leader', seen: anyNode(({ role }) => role === 'leader') },
      { kind: 'sometimes', name: 'an entry is decided', seen: anyNode(({ commitIndex }) => commitIndex > 0) },
      { kind: 'sometimes', name: 'a command is decided', seen: anyNode(({ commitIndex }) => commitIndex > 1) },
      { kind: 'sometimes', name: 'leaders of two terms', seen: twoLeaders },
      { kind: 'sometimes', name: 'an entry is overwritten', seen: ({ nodes: all }) => all.some(isBehind) },
    ],
    steps: raftInvariants.filter(({ name }) => stepwise.has(name)).map(betweenTwo),
    bounds: {
      crashes,
      duplicates,
      timeouts: { election: elections },
      inputs: Array.from({ length: proposals }, (_, i) => ({
        name: `propose ${i + 1}`,
        call: (raft: Raft) => void raft.propose(commandNumbered(i + 1)),
      })),
      within: ({ currentTerm, round }) => currentTerm <= terms && round <= rounds,
      ...(!checkQuorum && {
        fires: (timer: string, { role }: RaftState) => timer !== 'election' || role !== 'leader',
        firesText: 'a leader that looks whether it still has a quorum: nothing comes of it',
      }),
      withinText: `term ${terms} or ${rounds} rounds of heartbeats`,
    },
    dead: (message, from, state) => isDead(message, from, state),
  }
}

/** These say something about one member before and after an event. */
const stepwise: ReadonlySet<string> = new Set(['leader append-only', 'monotonicity', 'one vote a term'])

/**
 * These say something about members beside each other. Not looked at are those about memberships and snapshots, which never
 * change here, and "elected by a quorum": a vote of an earlier term is in no state any more.
 */
const situational: ReadonlySet<string> = new Set([
  'election safety',
  'log matching',
  'state machine safety',
  'leader completeness',
  'durable quorum',
])

function asRaftNode({ id, state, durable }: SituationNode<RaftState>, incarnation: number): RaftNode {
  return { id, state, durable, incarnation }
}

/** An invariant of a run remembers what it has seen: here that is the state before. */
function betweenTwo({ name, watch }: Invariant<RaftNode>): StepProperty<RaftState> {
  return {
    name,
    broken(before, after) {
      const look = watch()
      const [was, is] = [asRaftNode(before, before.up ? 1 : 0), asRaftNode(after, 1)]
      return look(was, [was]) ?? look(is, [is])
    },
  }
}

/** Here it has seen all members as they are, followers first, and each leader after those of earlier terms. */
function inOneSituation({ name, watch }: Invariant<RaftNode>): {
  readonly kind: 'always'
  readonly name: string
  readonly broken: (situation: Situation<RaftState, EnginePast>) => string | undefined
} {
  return {
    kind: 'always',
    name,
    broken({ nodes }) {
      const look = watch()
      const reign = ({ state }: RaftNode): number => (state.role === 'leader' ? state.currentTerm : 0)
      const all = nodes.map((node) => asRaftNode(node, 1)).toSorted((a, b) => reign(a) - reign(b))
      for (const node of all) {
        const broken = look(node, all)
        if (broken !== undefined) return broken
      }
      return undefined
    },
  }
}

function anyNode(is: (state: RaftState) => boolean): (situation: Situation<RaftState, EnginePast>) => boolean {
  return ({ nodes }) => nodes.some(({ state }) => is(state))
}

function twoLeaders({ history: { leaders } }: Situation<RaftState, EnginePast>): boolean {
  return Object.keys(leaders).length > 1
}

/** Its disk has an entry that its memory has replaced. */
function isBehind({ state, durable }: SituationNode<RaftState>): boolean {
  return durable.log.some((entry, i) => state.log[i] !== undefined && state.log[i].term !== entry.term)
}

function parameter(
  name: string,
  description: string,
  fallback: number,
  least: number,
  most: number,
): Explorable['parameters'][number] {
  return { name, description, fallback, least, most }
}

/** Raft for whoever asks for it by name. */
export const explorableRaft: Explorable = {
  name: 'raft',
  description: "Raft, as Synod's servers run it",
  parameters: [
    parameter('servers', 'that form the cluster', 3, 1, 5),
    parameter('terms', 'nobody enters a later one', 1, 1, 9),
    parameter('rounds', 'of heartbeats that a leader begins; the first is its first entry', 1, 1, 9),
    parameter('elections', 'how often an election timer fires, of all servers together', 2, 1, 15),
    parameter('proposals', 'commands, each proposed once', 1, 0, 8),
    parameter('crashes', 'of all servers together', 0, 0, 15),
    parameter('duplicates', 'messages that arrive twice', 0, 0, 15),
    parameter('pre-vote', '1: they ask before they campaign', 0, 0, 1),
    parameter('check-quorum', '1: a leader without a quorum steps down', 0, 0, 1),
    parameter('symmetry', '1: what differs by names alone is one state', 0, 0, 1),
    parameter('late-disk', '1: a sync may be late, or never come', 0, 0, 1),
  ],
  space: (chosen) => {
    const { servers = 3, terms = 1, rounds = 1, elections = 2, proposals = 1, crashes = 0, duplicates = 0 } = chosen
    const isOn = (name: string): boolean => chosen[name] === 1
    return new ActorSpace(
      raftModel({
        servers,
        terms,
        rounds,
        elections,
        proposals,
        crashes,
        duplicates,
        preVote: isOn('pre-vote'),
        checkQuorum: isOn('check-quorum'),
        lateDisk: isOn('late-disk'),
        symmetric: isOn('symmetry'),
      }),
    )
  },
}
