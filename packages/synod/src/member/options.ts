import type { Membership, Milliseconds, NodeId } from '../core/index.ts'
import type { ChangeLimits } from './changes.ts'
import type { ProposalLimits } from './proposals.ts'
import type { SnapshotLimits } from './snapshots.ts'

export interface MemberOptions {
  readonly self: NodeId
  /** Cluster id, as 16 hexadecimal digits: a directory or a peer of another one is refused. */
  readonly cluster: string
  /**
   * The first membership: equal on all first members. Used once, when the directory is formatted. Who is added to a
   * cluster begins with an empty one.
   */
  readonly membership: Membership
  /** Who told a member that was added of its cluster, by contact: dialed until it has a membership. Used once, too. */
  readonly introducers: Readonly<Record<NodeId, string>>
  /** Random, for a directory that is to be formatted. */
  readonly diskId: string
  /** A leader whose sync takes longer hands leadership over. The engine's own minimum election timeout. */
  readonly electionTimeout: Milliseconds
  readonly segmentBytes: number
  readonly proposals: ProposalLimits
  readonly changes: ChangeLimits
  /** A member that was removed is told so for so long, and one that learns that it was removed stops after so long. */
  readonly farewell: Milliseconds
  readonly snapshots: SnapshotLimits
  /** A question to the leader that got no answer is asked anew after so long. */
  readonly retry: Milliseconds
  /** So long after a sync with nothing further to write, the journal says that it is synced. */
  readonly markAfter: Milliseconds
  /** What an engine says that nobody waits for is kept back for so long, for entries that say it too. */
  readonly newsDelay: Milliseconds
  /** Appended bytes that wait for a slow disk; beyond it messages with entries are not admitted. */
  readonly waitingBytes: number
}

const mebibyte = 1024 * 1024

export const defaultMemberOptions: Omit<MemberOptions, 'self' | 'cluster' | 'membership' | 'diskId'> = {
  introducers: {},
  electionTimeout: 1000,
  segmentBytes: 64 * mebibyte,
  proposals: {
    operations: 5000,
    bytes: 64 * mebibyte,
    commandBytes: mebibyte,
    undecided: 2,
    patience: 7000,
    pause: 20,
  },
  changes: {
    waiting: 64,
    learners: 1,
    patience: 7000,
    pause: 50,
  },
  farewell: 2000,
  snapshots: {
    entries: 100_000,
    bytes: 256 * mebibyte,
    keepEntries: 10_000,
    keepBytes: 128 * mebibyte,
    piecesPerTurn: 4,
    retry: 1000,
    chunkBytes: 256 * 1024,
  },
  retry: 300,
  markAfter: 20,
  newsDelay: 5,
  waitingBytes: 32 * mebibyte,
}
