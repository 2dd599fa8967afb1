import { majority, present, random, type NodeId, type RandomState } from '../../core/index.ts'
import type { MemberOptions } from '../../member/index.ts'
import {
  defaultRaftOptions,
  raftCodec,
  raftInvariants,
  type Durable,
  type Message,
  type RaftOptions,
} from '../../protocols/raft/index.ts'
import type { Subject } from '../../simulator/index.ts'
import { drawOperation, memberSettings, pace, StorePlay, type StoreMember, type TestedEngine } from '../store-play.ts'
import { ObservedRaft } from './observed-raft.ts'
import { raftAdministration } from './raft-errands.ts'
import { membershipSituations, raftSituations } from './situations.ts'

/** What a seed draws for Raft and its members; written into the plan. */
export interface RaftSettings {
  readonly raft: Partial<RaftOptions>
  readonly member: Partial<MemberOptions>
}

const testedRaft: TestedEngine<Message, Durable, ObservedRaft> = {
  codec: raftCodec,
  invariants: raftInvariants,
  situations: raftSituations,
  membershipSituations,
  observe: (id, settings) => new ObservedRaft(id, { ...defaultRaftOptions, ...(settings as RaftSettings).raft }),
}

/** The store that production replicates, over Raft: production's own classes from the journal to the store. */
export const raftSubject: Subject<StoreMember<Message, Durable>, ObservedRaft> = {
  name: 'raft',
  sizes: [1, 2, 3, 3, 3, 4, 5, 5, 7],
  pace,
  durable: true,
  // A majority keeps its disks.
  frail: (nodes) => nodes - majority(nodes),
  settings: drawSettings,
  operation: drawOperation,
  administration: raftAdministration,
  play: (plan, stage) => new StorePlay(testedRaft, plan, stage),
}

function drawSettings(stream: RandomState, nodes: readonly NodeId[]): RaftSettings {
  const among = <T>(choices: readonly T[]): T =>
    present(choices[Math.floor(choices.length * random(stream))], 'there is a choice')
  // Mostly as in production. Smaller ones make many more events an hour, and of the same kinds.
  const electionTimeoutMin = random(stream) < 0.8 ? pace : among([pace / 2, pace / 5])
  const entries = among([20, 50, 200, 100_000])
  const keepEntries = among([5, 20, 1000])
  // The head of a segment names all members, twice.
  const segmentBytes = Math.max(Math.ceil(nodes.length / 8), among([1, 2, 4, 16])) * 16 * 1024
  return {
    raft: {
      electionTimeoutMin,
      heartbeatInterval: electionTimeoutMin / 10,
      // A record fits into a small segment.
      maxMessageBytes: Math.min(segmentBytes / 4, among([512, 4096, 65_536])),
      maxInflightMessages: among([1, 2, 16, 256]),
      maxUncommittedBytes: among([1024, 64 * 1024, 64 * 1024 * 1024]),
    },
    member: memberSettings({
      electionTimeoutMin,
      entries,
      keepEntries,
      segmentBytes,
      chunkBytes: among([256, 1024, 65_536]),
    }),
  }
}
