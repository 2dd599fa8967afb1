import {
  defaultMultiPaxosOptions,
  MultiPaxos,
  multiPaxosCodec,
  type Durable as MultiPaxosDurable,
  type Message as MultiPaxosMessage,
} from 'synod/multi-paxos'
import {
  defaultRaftOptions,
  Raft,
  raftCodec,
  type Durable as RaftDurable,
  type Message as RaftMessage,
} from 'synod/raft'
import type { Inhabitant, Json } from 'synod/simulator'
import { benOrSubject, chandraTouegSubject, detectorSubject, paxosSubject, strongConsensusSubject } from 'synod/testing'
import { pace, QuietCluster, type EngineCost } from './log-engine.ts'
import { costOf, decidesWithout, messagesIn, type Cost, type OneDecision } from './one-decision.ts'

// All that docs/protocols.md compares, under the names that it uses.

/** Who has waited for so long does something about it: in a good run nobody has to. */
const far = 1_000_000

export interface Contender {
  readonly cost: (n: number) => Cost
  readonly decidesWithout: (n: number, crashed: number) => boolean
}

function contender<Dweller extends Inhabitant, Node>(one: OneDecision<Dweller, Node>, again: Json): Contender {
  return {
    cost: (n) => costOf(one, n),
    // Where some have crashed, waiting is of use.
    decidesWithout: (n, crashed) => decidesWithout({ ...one, settings: again }, n, crashed),
  }
}

function paxos(options: { readonly [name: string]: Json }): Contender {
  return contender(
    {
      subject: paxosSubject,
      settings: { paxos: { ...options, patience: far } },
      operation: { ask: 'red' },
      asked: 'one',
    },
    { paxos: options },
  )
}

function benOr(options: { readonly [name: string]: Json }): Contender {
  return contender(
    {
      subject: benOrSubject,
      settings: { benOr: { ...options, repeat: far }, liars: [] },
      operation: { propose: 1 },
      asked: 'all',
    },
    { benOr: options, liars: [] },
  )
}

const heartbeats = { detector: 'heartbeat', timeout: 200 }

export const onceDeciding: Readonly<Record<string, Contender>> = {
  'Paxos, all are told': paxos({}),
  'Paxos, the proposer is told': paxos({ acceptedTo: 'proposer' }),
  'Paxos, a distinguished proposer': paxos({ acceptedTo: 'proposer', distinguished: 'n1' }),
  'Chandra-Toueg over ◊S': contender(
    { subject: chandraTouegSubject, settings: heartbeats, operation: { ask: 'red' }, asked: 'all' },
    heartbeats,
  ),
  'Chandra-Toueg over S': contender(
    { subject: strongConsensusSubject, settings: null, operation: { ask: 'red' }, asked: 'all' },
    null,
  ),
  'Ben-Or, crash faults': benOr({}),
  'Ben-Or, a common coin': benOr({ coin: { type: 'common', seed: 1, confirmed: true } }),
  'Ben-Or, Byzantine faults': benOr({ faults: 'byzantine' }),
}

type RaftCluster = QuietCluster<RaftMessage, RaftDurable>
type MultiPaxosCluster = QuietCluster<MultiPaxosMessage, MultiPaxosDurable>

export interface EngineContender {
  /** Of each thing that it does. */
  readonly costs: (n: number) => Readonly<Record<string, EngineCost>>
  readonly decidesWithout: (n: number, crashed: number) => boolean
}

function engine(make: (n: number) => RaftCluster | MultiPaxosCluster): EngineContender {
  return {
    costs: (n) => {
      const cluster = make(n)
      return {
        'an election': cluster.elect(),
        'a command, until its leader knows': cluster.put(),
        'a command, until all know': cluster.putEverywhere(),
        'a linearizable read': cluster.read(),
      }
    },
    decidesWithout: (n, crashed) => {
      const cluster = make(n)
      cluster.elect()
      return cluster.decidesWithout(crashed)
    },
  }
}

export const logEngines: Readonly<Record<string, EngineContender>> = {
  Raft: engine(
    (n) =>
      new QuietCluster({ codec: raftCodec, engine: (env) => new Raft(env, { ...defaultRaftOptions, ...pace }) }, n),
  ),
  'Multi-Paxos': engine(
    (n) =>
      new QuietCluster(
        { codec: multiPaxosCodec, engine: (env) => new MultiPaxos(env, { ...defaultMultiPaxosOptions, ...pace }) },
        n,
      ),
  ),
}

/** Every heartbeat, question and gossip is so long after the one before. */
const interval = 100
const intervals = 10
const every = { intervalMin: interval, intervalMax: interval }
const patience = { ...every, timeout: 3 * interval, growth: interval, grace: 1 }

function messagesAnInterval(options: { readonly [name: string]: Json }): (n: number) => number {
  const settings = { name: 'measured', options: { ...patience, ...options } }
  return (n) => messagesIn(detectorSubject, settings, n, intervals * interval) / intervals
}

/** How many messages each of them sends an interval. */
export const detectors: Readonly<Record<string, (n: number) => number>> = {
  '◊P by heartbeats': messagesAnInterval({ kind: 'heartbeat' }),
  '◊P by φ': messagesAnInterval({
    kind: 'accrual',
    expected: interval,
    samples: 10,
    deviationMin: 10,
    lookEvery: interval,
    threshold: 8,
    distribution: 'exponential',
  }),
  'P by a known bound': messagesAnInterval({ kind: 'perfect', delayMax: 3 * interval }),
  '◊W by a ring': messagesAnInterval({ kind: 'ring' }),
  '◊S by gossip over it': messagesAnInterval({ kind: 'gossip', gossipMin: interval, gossipMax: interval }),
}
