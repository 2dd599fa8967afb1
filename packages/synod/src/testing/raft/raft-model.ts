import { voting } from '../../core/index.ts'
import { parameter, ActorSpace, type Explorable, type System } from '../../explorer/index.ts'
import {
  defaultRaftOptions,
  isDead,
  Raft,
  type Durable,
  type RaftEnvironment,
  type RaftOptions,
  type RaftState,
} from '../../protocols/raft/index.ts'
import { beginnings } from './raft-beginnings.ts'
import { changes, raftInputs, type RaftInputs } from './raft-inputs.ts'
import { enginePast, type AsksReads, type EnginePast } from '../log-engine/engine-past.ts'
import { raftProperties, raftSteps } from './raft-properties.ts'

/** What of Raft is explored. */
export interface RaftBounds extends RaftInputs {
  readonly servers: number
  /** Nobody enters a later one. */
  readonly terms: number
  /** Rounds that a leader begins, for heartbeats and reads; its first entry is the first one. */
  readonly rounds: number
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
  /** All begin behind a snapshot of so many entries. */
  readonly behind: number
  /** An append has one entry at most. */
  readonly oneEntry: boolean
  /** Messages that can no longer matter are delivered like others. */
  readonly dead: boolean
  /** Which of `beginnings` has happened; 0: nothing. */
  readonly begin: number
}

/** What most searches do without. */
export const plainRaft: Omit<RaftBounds, 'servers' | 'terms' | 'rounds' | 'elections' | 'proposals'> = {
  crashes: 0,
  duplicates: 0,
  reads: 0,
  change: 0,
  snapshots: 0,
  preVote: false,
  checkQuorum: false,
  lateDisk: false,
  symmetric: false,
  behind: 0,
  oneEntry: false,
  dead: false,
  begin: 0,
}

/** The production class, as a server runs it, but for repair, forwarding and the transfer of leadership. */
export function raftModel(bounds: RaftBounds): System<Raft, RaftEnvironment & AsksReads, EnginePast> {
  const nodes = Array.from({ length: bounds.servers }, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  const { preVote, checkQuorum, terms, rounds, elections, crashes, duplicates, lateDisk, symmetric } = bounds
  const maxMessageBytes = bounds.oneEntry ? 1 : defaultRaftOptions.maxMessageBytes
  const options: RaftOptions = { ...defaultRaftOptions, preVote, checkQuorum, maxMessageBytes }
  const { events: before } = beginnings[bounds.begin - 1] ?? { events: [] }
  return {
    nodes,
    make: (env) => new Raft(env, options),
    abilities: ['decide', 'led', 'readable', 'unreadable', 'reconfigured', 'install', 'asked'],
    bootstrap: (raft) => bootstrap(raft, nodes, bounds.behind),
    network: 'set',
    symmetric,
    sets: ['voters', 'outgoing', 'learners', 'learnersNext'],
    sync: lateDisk ? 'event' : 'at once',
    history: enginePast,
    properties: raftProperties,
    steps: raftSteps,
    bounds: {
      crashes,
      duplicates,
      timeouts: { election: elections },
      inputs: raftInputs(nodes, bounds),
      within: ({ currentTerm, round }) => currentTerm <= terms && round <= rounds,
      ...(!checkQuorum && {
        fires: (timer: string, { role }: RaftState) => timer !== 'election' || role !== 'leader',
        firesText: 'a leader that looks whether it still has a quorum: nothing comes of it',
      }),
      withinText: `term ${terms} or ${rounds} rounds`,
    },
    before,
    ...(!bounds.dead && { dead: (message, from, state) => isDead(message, from, state) }),
  }
}

/** A first membership; and so many entries that all of them have, in a snapshot. */
function bootstrap(raft: Raft, nodes: readonly string[], behind: number): Durable[] {
  const membership = voting(nodes)
  const begun = raft.bootstrap(membership)
  if (behind === 0) return [begun]
  const [index, term] = [behind, 0]
  const snapshot = { index, term, membership }
  return [
    {
      type: 'checkpoint',
      currentTerm: 0,
      votedFor: undefined,
      last: { index, term },
      snapshot,
      memberships: [{ index, membership }],
      repair: undefined,
    },
  ]
}

/** Raft for whoever asks for it by name. */
export const explorableRaft: Explorable = {
  name: 'raft',
  description: "Raft, as Synod's servers run it",
  parameters: [
    parameter('servers', 'that form the cluster', 3, 1, 5),
    parameter('terms', 'nobody enters a later one', 1, 1, 9),
    parameter('rounds', 'that a leader begins, of heartbeats or reads; the first is its first entry', 1, 1, 9),
    parameter('elections', 'how often an election timer fires, of all servers together', 2, 1, 15),
    parameter('proposals', 'commands, each proposed once', 1, 0, 8),
    parameter('reads', 'each asked for once', 0, 0, 4),
    parameter(
      'change',
      `of the membership: ${changes.map(({ what }, i) => `${i + 1}: ${what}`).join('; ')}`,
      0,
      0,
      changes.length,
    ),
    parameter('snapshots', 'how often somebody takes one', 0, 0, 4),
    parameter('crashes', 'of all servers together', 0, 0, 15),
    parameter('duplicates', 'messages that arrive twice', 0, 0, 15),
    parameter('pre-vote', '1: they ask before they campaign', 0, 0, 1),
    parameter('check-quorum', '1: a leader without a quorum steps down', 0, 0, 1),
    parameter('symmetry', '1: what differs by names alone is one state', 0, 0, 1),
    parameter('late-disk', '1: a sync may be late, or never come', 0, 0, 1),
    parameter('behind', 'entries before the first, in a snapshot that all have', 0, 0, 99),
    parameter('one-entry', '1: a message has one entry at most', 0, 0, 1),
    parameter('dead', '1: messages that can no longer matter are delivered', 0, 0, 1),
    parameter('begin', 'which run has happened already, of those in docs/state-counts.md', 0, 0, beginnings.length),
  ],
  space: (chosen) => {
    const { servers = 3, terms = 1, rounds = 1, elections = 2, proposals = 1, crashes = 0, duplicates = 0 } = chosen
    const { reads = 0, change = 0, snapshots = 0, behind = 0, begin = 0 } = chosen
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
        reads,
        change,
        snapshots,
        behind,
        begin,
        preVote: isOn('pre-vote'),
        checkQuorum: isOn('check-quorum'),
        lateDisk: isOn('late-disk'),
        symmetric: isOn('symmetry'),
        oneEntry: isOn('one-entry'),
        dead: isOn('dead'),
      }),
    )
  },
}
