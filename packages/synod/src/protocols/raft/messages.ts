import type { Command, Index, Membership, NodeId, SnapshotId, Term } from '../../core/index.ts'

/**
 * One position of the log: a turn's command, a membership, or nothing (the no-op with which a leader begins its term).
 * Never changed: logs, records and messages share it.
 */
export interface Entry {
  readonly term: Term
  readonly command?: Command
  readonly membership?: Membership
}

/** Where an entry stands. Two logs that have the same position are the same up to it: Log Matching (Figure 3). */
export interface Position {
  readonly index: Index
  readonly term: Term
}

/** A membership and the index of the entry that brought it; 0 for the first one. */
export interface PlacedMembership {
  readonly index: Index
  readonly membership: Membership
}

/** RequestVote RPC (§5.2), and its rehearsal, for the term after the sender's own (Ongaro §9.6). */
export interface RequestVote {
  readonly type: 'requestVote'
  readonly term: Term
  readonly lastLogIndex: Index
  readonly lastLogTerm: Term
  readonly preVote: boolean
  /** The leader asked for this election (Ongaro §3.10): nobody protects it from the candidate. */
  readonly transfer: boolean
}

/** The answer to RequestVote. A granted pre-vote carries the term that was asked for, every other answer the voter's own. */
export interface Vote {
  readonly type: 'vote'
  readonly term: Term
  readonly granted: boolean
  readonly preVote: boolean
}

/** AppendEntries RPC (§5.3). Without entries it is a heartbeat, a commit notice, or a round that confirms leadership (Ongaro §6.4). */
export interface AppendEntries {
  readonly type: 'appendEntries'
  readonly term: Term
  readonly prevLogIndex: Index
  readonly prevLogTerm: Term
  readonly entries: readonly Entry[]
  readonly leaderCommit: Index
  /** Counts the leader's rounds within its term; echoed, so that an answer is known to be younger than a question. */
  readonly round: number
}

/** Why an append was refused, with what the leader needs to go back one term, not one entry, a round (§5.3). */
export interface Rejection {
  /** The `prevLogIndex` that did not match. */
  readonly prevLogIndex: Index
  /** The term of the follower's own entry there; undefined: its log ends before it. */
  readonly conflictTerm: Term | undefined
  /** The first index of that term, or the one after the follower's last. */
  readonly conflictIndex: Index
}

/**
 * The answer to AppendEntries and InstallSnapshot, and what a leader tells itself when its own disk has an entry.
 * `matchIndex` is cumulative: everything up to it is durable here and equal to the log of the term's leader, so that
 * any later answer makes up for a lost one.
 */
export interface Appended {
  readonly type: 'appended'
  readonly term: Term
  readonly matchIndex: Index
  readonly rejection: Rejection | undefined
  readonly round: number
}

/** TimeoutNow RPC (Ongaro §3.10). */
export interface TimeoutNow {
  readonly type: 'timeoutNow'
  readonly term: Term
}

/** InstallSnapshot RPC (§7), by name: received only when the snapshot's bytes are durable here. */
export interface InstallSnapshot {
  readonly type: 'installSnapshot'
  readonly term: Term
  readonly snapshot: SnapshotId
  readonly round: number
}

/** Not in the paper. A member that cannot read what it said last asks how far the others have gone (README, "Repair"). */
export interface AskTerm {
  readonly type: 'askTerm'
}
/** The answer to AskTerm. */
export interface TellTerm {
  readonly type: 'tellTerm'
  readonly term: Term
  readonly lastIndex: Index
  /** Of the newest membership that it knows to be committed, and of those after it. */
  readonly memberships: readonly PlacedMembers[]
}

/** Who the members are by an entry. */
export interface PlacedMembers {
  readonly index: Index
  readonly members: readonly NodeId[]
}

/** What the members say to each other (Ongaro and Ousterhout 2014, Figures 2 and 13). */
export type Message = RequestVote | Vote | AppendEntries | Appended | TimeoutNow | InstallSnapshot | AskTerm | TellTerm

/** Term and vote are one record and ride on every other, so that each readable record restores both. */
export interface HardState {
  readonly currentTerm: Term
  readonly votedFor: NodeId | undefined
  /** Written by a member that does not know all it said: it proves nothing about what was lost before it. */
  readonly repairing?: true
}

/** Part of the log cannot be read, and is not yet made good by the peers. */
export interface Repair {
  /** The log is known to have reached this far. */
  readonly through: Index
  /**
   * It is known that nothing beyond matters: a readable record after the hole tells where the log ended, or all peers
   * told how far theirs go.
   */
  readonly bounded: boolean
  /** The newest term and vote are known: a readable record after the hole tells them, or all peers were asked. */
  readonly hardState: boolean
  /** No vote was given and nothing acknowledged in a term above this one; undefined until the recovery is complete. */
  readonly term: Term | undefined
  /** A recovery has found the hole and gone on: the records written since then prove nothing about what was lost. */
  readonly noted: boolean
  /** The peers that have not yet told how far they have gone, while `hardState` or `bounded` is false. */
  readonly awaiting: readonly NodeId[]
  /** Those that have. */
  readonly told: readonly NodeId[]
  /** What they, and the own log, say of who the members are: those of the part that was lost have to be asked too. */
  readonly known: readonly PlacedMembers[]
  /** Where the newest membership is that somebody knows to be committed: those before it no longer count. */
  readonly committed: Index
}

/** The log after (prevIndex, prevTerm) is exactly `entries`: truncation and append in one. */
export interface EntriesRecord extends HardState {
  readonly type: 'entries'
  readonly prevIndex: Index
  readonly prevTerm: Term
  readonly entries: readonly Entry[]
}

/** A snapshot is durable here, its own or a leader's; the log up to `through` is no longer needed. */
export interface SnapshotRecord extends HardState {
  readonly type: 'snapshot'
  readonly snapshot: SnapshotId
  readonly through: Position
}

/** For the head of a journal or a segment: all but the log, which begins (or goes on) after `last`. */
export interface CheckpointRecord extends HardState {
  readonly type: 'checkpoint'
  readonly last: Position
  readonly snapshot: SnapshotId | undefined
  /** In order; the last one is in force, those before it come back if it is truncated. */
  readonly memberships: readonly PlacedMembership[]
  readonly repair: Repair | undefined
}

/** A recovery found a hole. */
export interface RepairingRecord extends HardState {
  readonly type: 'repairing'
  readonly repair: Repair
}

/** The peers have made the hole good: the log is whole, up to `last`, and `snapshot` is the one that counts from now on. */
export interface RepairedRecord extends HardState {
  readonly type: 'repaired'
  readonly last: Position
  readonly snapshot: SnapshotId | undefined
}

/** What is written to the journal. */
export type Durable =
  | ({ readonly type: 'hardState' } & HardState)
  | EntriesRecord
  | SnapshotRecord
  | CheckpointRecord
  | RepairingRecord
  | RepairedRecord
