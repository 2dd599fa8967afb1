import type { Index, NodeId, ReadId, SnapshotId, Term } from '../../core/index.ts'
import type { Entry, PlacedMembership, Position, Repair } from './messages.ts'

/** Any server is one of these (Figure 4); a pre-candidate rehearses its election without raising the term (Ongaro §9.6). */
export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** An append that is not yet acknowledged. */
export interface Inflight {
  readonly lastIndex: Index
  readonly bytes: number
  /** The leader's round when it was sent. */
  readonly round: number
}

/**
 * What a leader knows of one member, itself included. `probe`: where the logs part is not known, one append at a time;
 * `replicate`: entries stream ahead of their acknowledgements; `snapshot`: what it needs is compacted, it is offered a
 * snapshot until it has one.
 */
export interface Progress {
  mode: 'probe' | 'replicate' | 'snapshot'
  nextIndex: Index
  matchIndex: Index
  /** The leader's round when `matchIndex` became known: a member that rejects it in a later one has lost what it had. */
  matchRound: number
  /** In order of index. */
  inflight: Inflight[]
  inflightBytes: number
  /** Answered since the last check of the quorum. */
  recentActive: boolean
  /** Answered between that check and the one before it. */
  wasActive: boolean
  /** The newest round that it answered. */
  round: number
  /** The highest commit index that it was told, and had the log for. */
  toldCommit: Index
  /** What it is offered in mode `snapshot`. */
  snapshot: SnapshotId | undefined
  /** It was removed, and is to hear of it. */
  parting: Parting | undefined
}

/** A member that is no longer one gets the entry that says so, and learns that it is committed, if it can be reached. */
export interface Parting {
  /** The entry that removed it. */
  readonly removedAt: Index
  /** Election timeouts for which it is still sent to once that entry is committed. */
  left: number
  /** From this round on all that it is sent tells of the commitment. */
  round: number | undefined
}

/** A linearizable read under way. */
export interface PendingRead {
  readonly id: ReadId
  /** A state that has applied this much may answer it. */
  readonly index: Index
  /** Begun after the read arrived: when a quorum has answered this round, the leader was the leader. 0: not yet begun. */
  round: number
}

/** All that changes of one member: Figure 2, and what flow control, reads, snapshots and repair add to it. */
export interface RaftState {
  // Persistent state on all servers: changed only by folding the record that is persisted (durable.ts).

  currentTerm: Term
  /** Never erased within its term. */
  votedFor: NodeId | undefined
  /** The entries after `compacted`. */
  log: Entry[]
  compacted: Position
  /** The newest snapshot whose bytes are durable here. It never ends before `compacted`. */
  snapshot: SnapshotId | undefined
  /** In order of index: one of at most `compacted.index` (none: nothing was restored yet), then those of the log. The last is in force. */
  memberships: PlacedMembership[]
  /** Undefined: the log is whole. */
  repair: Repair | undefined

  // Volatile state on all servers.

  role: Role
  /** Undefined: unknown. A leader is its own. */
  leader: NodeId | undefined
  /** A leader was heard from within the last `electionTimeoutMin`; a timer clears it, so no instant is kept. */
  heard: boolean
  /** Everything up to here is decided. */
  commitIndex: Index
  /** On a follower: up to here its log is known to equal that of the current term's leader. */
  verified: Index

  // Volatile state on candidates.

  votes: Record<NodeId, boolean>

  // Volatile state on leaders, begun anew in each term.

  progress: Record<NodeId, Progress>
  /** The no-op with which the leader's term begins. */
  termStart: Index
  /** The newest round begun. */
  round: number
  /** The rounds of the last heartbeat and of the one before it, and what was committed at the last one. */
  beats: { previous: number; latest: number; commitIndex: Index }
  uncommittedBytes: number
  /** In order of arrival. */
  reads: PendingRead[]
  /** Leadership is being handed to this member; no proposal is taken meanwhile. */
  transfer: NodeId | undefined
}

/** A member that has never run. */
export function initialState(): RaftState {
  return {
    currentTerm: 0,
    votedFor: undefined,
    log: [],
    compacted: { index: 0, term: 0 },
    snapshot: undefined,
    memberships: [],
    repair: undefined,
    role: 'follower',
    leader: undefined,
    heard: false,
    commitIndex: 0,
    verified: 0,
    votes: {},
    progress: {},
    termStart: 0,
    round: 0,
    beats: { previous: 0, latest: 0, commitIndex: 0 },
    uncommittedBytes: 0,
    reads: [],
    transfer: undefined,
  }
}
