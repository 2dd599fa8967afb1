import { majority, present, random, type NodeId, type RandomState } from '../../core/index.ts'
import type { MemberOptions } from '../../member/index.ts'
import {
  defaultMultiPaxosOptions,
  multiPaxosCodec,
  multiPaxosInvariants,
  type Durable,
  type Message,
  type MultiPaxosOptions,
} from '../../protocols/multi-paxos/index.ts'
import type { Subject } from '../../simulator/index.ts'
import { raftAdministration } from '../raft/raft-errands.ts'
import { memberSettings, drawOperation, pace, StorePlay, type StoreMember, type TestedEngine } from '../store-play.ts'
import { ObservedMultiPaxos } from './observed-multi-paxos.ts'
import { membershipSituations, multiPaxosSituations } from './situations.ts'

/** What a seed draws for Multi-Paxos and its members; written into the plan. */
export interface MultiPaxosSettings {
  readonly multiPaxos: Partial<MultiPaxosOptions>
  readonly member: Partial<MemberOptions>
}

const testedMultiPaxos: TestedEngine<Message, Durable, ObservedMultiPaxos> = {
  codec: multiPaxosCodec,
  invariants: multiPaxosInvariants,
  situations: multiPaxosSituations,
  membershipSituations,
  observe: (id, settings) =>
    new ObservedMultiPaxos(id, { ...defaultMultiPaxosOptions, ...(settings as MultiPaxosSettings).multiPaxos }),
}

/** The store that production replicates, over Multi-Paxos: production's own classes from the journal to the store. */
export const multiPaxosSubject: Subject<StoreMember<Message, Durable>, ObservedMultiPaxos> = {
  name: 'multi-paxos',
  sizes: [1, 2, 3, 3, 3, 4, 5, 5, 7],
  pace,
  durable: true,
  // A majority keeps its disks.
  frail: (nodes) => nodes - majority(nodes),
  settings: drawSettings,
  operation: drawOperation,
  administration: raftAdministration,
  play: (plan, stage) => new StorePlay(testedMultiPaxos, plan, stage),
}

function drawSettings(stream: RandomState, nodes: readonly NodeId[]): MultiPaxosSettings {
  const among = <T>(choices: readonly T[]): T =>
    present(choices[Math.floor(choices.length * random(stream))], 'there is a choice')
  const electionTimeoutMin = random(stream) < 0.8 ? pace : among([pace / 2, pace / 5])
  // The head of a segment names all members, twice.
  const segmentBytes = Math.max(Math.ceil(nodes.length / 8), among([1, 2, 4, 16])) * 16 * 1024
  return {
    multiPaxos: {
      electionTimeoutMin,
      heartbeatInterval: electionTimeoutMin / 10,
      alpha: among([1, 2, 8, 32]),
      // A record fits into a small segment.
      maxMessageBytes: Math.min(segmentBytes / 4, among([512, 4096, 65_536])),
      maxUncommittedBytes: among([1024, 64 * 1024, 64 * 1024 * 1024]),
    },
    member: memberSettings({
      electionTimeoutMin,
      entries: among([20, 50, 200, 100_000]),
      keepEntries: among([5, 20, 1000]),
      segmentBytes,
      chunkBytes: among([256, 1024, 65_536]),
    }),
  }
}
