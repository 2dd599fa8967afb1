import type { Index, NodeId, ReadId, SnapshotId, Term } from '../../core/index.ts'
import { noBallot } from './ballot.ts'
import type { Accepted, Ballot, PlacedMembership, Repair } from './messages.ts'

/** Every member is acceptor and learner at all times. A canvasser asks who would promise; a candidate is in phase 1; a leader in phase 2. */
export type Role = 'follower' | 'canvasser' | 'candidate' | 'leader'

/** How far one member has answered phase 1 in the own ballot. */
export interface PromiseProgress {
  /** Reported up to here. */
  readonly through: Index
  /** All of it. */
  readonly complete: boolean
}

/** What a leader knows of one member, itself included. */
export interface Progress {
  /** Answered since the last check of the quorum. */
  recentActive: boolean
  /** Answered between that check and the one before it. */
  wasActive: boolean
  /** The newest round that it answered. */
  round: number
  /** It has decided up to here. */
  decided: Index
  /** What it was told to be decided. */
  told: Index
  /** The highest slot that it has accepted of those proposed in this ballot; at first the last that it is not sent. */
  accepted: Index
  /** It was removed, and is to hear of it by a round after this one: for so many election timeouts at most. */
  parting: { readonly round: number; left: number } | undefined
}

/** A slot that the leader has proposed a value for, and that is not decided. */
export interface OpenSlot {
  /** Whose disks have it, in the leader's ballot. */
  readonly accepted: NodeId[]
  chosen: boolean
  readonly bytes: number
  /** The leader's round when it was sent last. */
  sent: number
}

/** A linearizable read under way. */
export interface PendingRead {
  readonly id: ReadId
  readonly index: Index
  /** Begun after the read arrived. 0: not yet begun. */
  round: number
}

/** All that changes of one member. */
export interface MultiPaxosState {
  // Persistent: changed only by folding the record that is persisted (durable.ts).

  /** The highest ballot that was promised. The leader that is followed leads this one. */
  promised: Ballot
  /** What was accepted in the slots after `compacted`; undefined: nothing. */
  log: (Accepted | undefined)[]
  compacted: Index
  /** The newest snapshot whose bytes are durable here. */
  snapshot: SnapshotId | undefined
  /** Those that are chosen, in order of their slots: what decides which quorum a slot needs. */
  memberships: PlacedMembership[]
  /** What the newest record says to be decided. Never beyond `decided` while the member runs. */
  claimed: Index
  /** Undefined: nothing is lost. */
  repair: Repair | undefined

  // Volatile, on all members.

  role: Role
  /** Undefined: unknown. A leader is its own. */
  leader: NodeId | undefined
  /** A leader was heard from within the last `electionTimeoutMin`; a timer clears it, so no instant is kept. */
  heard: boolean
  /** The highest round that anybody spoke of. */
  seen: Term
  /** Everything up to here is chosen, and decided. */
  decided: Index
  /** The highest term of what is decided: a command of an older one that comes later is void (README, "Terms"). */
  decidedTerm: Term
  /** A quorum of the newest membership has decided up to here. */
  stable: Index
  /** The membership by which the member goes: joint while one that is chosen is not in force for good. */
  goesBy: PlacedMembership & { readonly settled: boolean }
  /** What the leader's last heartbeat but one said to be decided: what is still missing then was lost. */
  missed: Index
  /** What is missing was asked for. */
  learning: boolean

  // Volatile, on canvassers and candidates.

  votes: Record<NodeId, boolean>
  /** Somebody who promised has decided up to here: to be learned before anything is proposed. */
  behind: Index

  // Volatile, on candidates and leaders, begun anew in each ballot.

  promises: Record<NodeId, PromiseProgress>
  /** What phase 1 found in slots that are not proposed yet, by slot: that of the highest ballot. */
  adopted: Record<Index, Accepted>

  // Volatile, on leaders, begun anew in each ballot.

  progress: Record<NodeId, Progress>
  open: Record<Index, OpenSlot>
  nextSlot: Index
  /** The no-op with which the leader's ballot begins, behind all that phase 1 found; 0: not proposed yet. */
  termStart: Index
  /** The newest slot for which a membership is proposed. */
  changedAt: Index
  round: number
  /** The round of the last heartbeat, of the one before it, and what was decided at the last one. */
  beats: { previous: number; latest: number; decided: Index }
  uncommittedBytes: number
  reads: PendingRead[]
  /** Leadership is being handed to this member; no proposal is taken meanwhile. */
  transfer: NodeId | undefined
}

const nobody = {
  voters: [],
  outgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
  joining: [],
  contacts: {},
}

/** A member that has never run. */
export function initialState(): MultiPaxosState {
  return {
    promised: noBallot,
    log: [],
    compacted: 0,
    snapshot: undefined,
    memberships: [],
    claimed: 0,
    repair: undefined,
    role: 'follower',
    leader: undefined,
    heard: false,
    seen: 0,
    decided: 0,
    decidedTerm: 0,
    stable: 0,
    goesBy: { index: 0, membership: nobody, settled: true },
    missed: 0,
    learning: false,
    votes: {},
    behind: 0,
    promises: {},
    adopted: {},
    progress: {},
    open: {},
    nextSlot: 0,
    termStart: 0,
    changedAt: 0,
    round: 0,
    beats: { previous: 0, latest: 0, decided: 0 },
    uncommittedBytes: 0,
    reads: [],
    transfer: undefined,
  }
}
