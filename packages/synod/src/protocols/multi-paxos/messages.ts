import type { Command, Index, Membership, NodeId, SnapshotId, Term } from '../../core/index.ts'

/**
 * Totally ordered, by round and then by server id, and never used twice, not after a restart either ("Paxos Made Live",
 * §5.2). The id is empty in the one that is lower than all others.
 */
export interface Ballot {
  readonly round: Term
  readonly id: NodeId
}

/**
 * What a slot may hold: a turn's command, a membership, or nothing. Never changed: logs, records and messages share it.
 * `term`: the round of the leader that proposed it first; 0 for what fills a hole. Who proposes it again in a higher
 * ballot does not change it.
 */
export interface Value {
  readonly term: Term
  readonly command?: Command
  readonly membership?: Membership
}

/** A value, and the ballot in which it was accepted (or learned). */
export interface Accepted {
  readonly ballot: Ballot
  readonly value: Value
}

/** The same, where a message or a record has to say of which slot. */
export interface Placed extends Accepted {
  readonly slot: Index
}

/** A value for a slot. */
export interface Proposal {
  readonly slot: Index
  readonly value: Value
}

/** A membership and the slot in which it was chosen; 0 for the first one. */
export interface PlacedMembership {
  readonly index: Index
  readonly membership: Membership
}

/** Not in the paper: who would promise this round? It keeps a member that was cut off from deposing a healthy leader. */
export interface Canvass {
  readonly type: 'canvass'
  readonly round: Term
  /** The first slot that it would prepare is the next one. */
  readonly decided: Index
}

/** The answer to Canvass. */
export interface Support {
  readonly type: 'support'
  /** That was asked for. */
  readonly round: Term
  readonly granted: boolean
  readonly promised: Ballot
  readonly decided: Index
}

/** Phase 1a, for all slots from `from` on at once ("Paxos Made Simple", §3). */
export interface Prepare {
  readonly type: 'prepare'
  readonly ballot: Ballot
  readonly from: Index
  /** The leader asked for this election: nobody protects it from the candidate. */
  readonly transfer: boolean
}

/** Phase 1b: what was accepted in the slots from `from` to `through`, in lower ballots. */
export interface Promise {
  readonly type: 'promise'
  readonly ballot: Ballot
  readonly from: Index
  /** undefined: to the last; otherwise the rest has to be asked for. */
  readonly through: Index | undefined
  readonly accepted: readonly Placed[]
  /** Everything up to here is chosen, and can be learned from the sender. */
  readonly decided: Index
}

/** Phase 2a. Without proposals it is a heartbeat, a notice of what is decided, or a round that confirms leadership. */
export interface Accept {
  readonly type: 'accept'
  readonly ballot: Ballot
  readonly proposals: readonly Proposal[]
  readonly decided: Index
  /** A quorum of the newest membership has decided up to here. */
  readonly stable: Index
  /** Counts the leader's rounds within its ballot; echoed, so that an answer is known to be younger than a question. */
  readonly round: number
}

/** Phase 2b, for the leader alone: it tells the learners. */
export interface AcceptedSlots {
  readonly type: 'accepted'
  readonly ballot: Ballot
  readonly slots: readonly Index[]
  readonly decided: Index
  readonly round: number
}

/** Not in the paper: a higher ballot was promised. It saves the proposer a timeout. */
export interface Refused {
  readonly type: 'refused'
  readonly promised: Ballot
}

/** The leader hands over: whoever gets it campaigns at once. */
export interface HandOver {
  readonly type: 'handOver'
  readonly ballot: Ballot
}

/** A learner asks for what it has missed. */
export interface Learn {
  readonly type: 'learn'
  readonly from: Index
}

/** What was chosen in the slots from `first` on, one after the other. True whoever says it, and in whatever ballot. */
export interface Chosen {
  readonly type: 'chosen'
  readonly first: Index
  readonly values: readonly Accepted[]
  readonly decided: Index
}

/** A learner asked for what is compacted: a snapshot of it, by name. Received only when the snapshot's bytes are durable here. */
export interface InstallSnapshot {
  readonly type: 'installSnapshot'
  readonly snapshot: SnapshotId
}

/** A member that cannot read all it has said asks how far the others have gone (README, "Repair"). */
export interface AskPromise {
  readonly type: 'askPromise'
}

/** The answer to AskPromise. */
export interface TellPromise {
  readonly type: 'tellPromise'
  readonly promised: Ballot
  readonly lastIndex: Index
  readonly memberships: readonly PlacedMembers[]
}

/** Who the members are from a slot on. */
export interface PlacedMembers {
  readonly index: Index
  readonly members: readonly NodeId[]
}

/** What the members say to each other. */
export type Message =
  | Canvass
  | Support
  | Prepare
  | Promise
  | Accept
  | AcceptedSlots
  | Refused
  | HandOver
  | Learn
  | Chosen
  | InstallSnapshot
  | AskPromise
  | TellPromise

/** Rides on every record, so that each readable one restores both. */
export interface HardState {
  readonly promised: Ballot
  /** Everything up to here was chosen, and is in the records before this one. */
  readonly decided: Index
}

/** A part of what this member has said cannot be read, and is not yet made good by its peers. */
export interface Repair {
  /** It may have accepted something up to here. */
  readonly through: Index
  /** All peers have told: nothing was promised above `promised`, nor accepted beyond `through`. */
  readonly known: boolean
  /** Nothing was accepted in a round above this one while it was not known; undefined until all peers have told. */
  readonly round: Term | undefined
  readonly awaiting: readonly NodeId[]
  readonly told: readonly NodeId[]
  /** What they, and the own disk, say of who the members are. */
  readonly members: readonly PlacedMembers[]
}

/** Accepted in a ballot, or learned to be chosen. */
export interface AcceptedRecord extends HardState {
  readonly type: 'accepted'
  readonly accepted: readonly Placed[]
}

/** A snapshot is durable here, its own or a peer's; the log up to `through` is no longer needed. */
export interface SnapshotRecord extends HardState {
  readonly type: 'snapshot'
  readonly snapshot: SnapshotId
  readonly through: Index
}

/**
 * For the head of a journal or a segment: all but the log. What was written before it is at most `last`; what waited for the
 * disk then comes after it, so that it does not say of `decided` that the records before it have it.
 */
export interface CheckpointRecord extends HardState {
  readonly type: 'checkpoint'
  readonly last: Index
  readonly snapshot: SnapshotId | undefined
  readonly memberships: readonly PlacedMembership[]
  readonly repair: Repair | undefined
}

/** A recovery found that something was lost. */
export interface RepairingRecord extends HardState {
  readonly type: 'repairing'
  readonly repair: Repair
}

/** The peers have made it good. `digest`: of the log behind the snapshot, by which a later recovery knows that it reads the same. */
export interface RepairedRecord extends HardState {
  readonly type: 'repaired'
  readonly digest: number
}

/** What is written to the journal. `hard`: a promise, or only how far things are decided. */
export type Durable =
  | ({ readonly type: 'hard' } & HardState)
  | AcceptedRecord
  | SnapshotRecord
  | CheckpointRecord
  | RepairingRecord
  | RepairedRecord
