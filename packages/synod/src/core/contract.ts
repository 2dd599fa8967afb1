/**
 * What a protocol is, and what it may ask of the world.
 *
 * A protocol is written the way the textbooks write it: *upon event, do*. It never awaits, imports nothing from a
 * platform, and keeps everything that changes in one plain object. Four homes run the same class: the durable server,
 * the simulator, the explorer and the browser.
 */

/** The name of one participant. Compared as a string; at most 64 bytes of UTF-8. */
export type NodeId = string

/** Whether somebody may be called that: texts that every object knows under its own meaning would be found in any record. */
export function isNodeId(text: string): text is NodeId {
  return text !== '' && !(text in {})
}
/** The position of a command in the decided sequence; the first is 1. */
export type Index = number
/** A leader's reign: Raft's term, Paxos' ballot round, PBFT's view. Never goes down. */
export type Term = number
export type Milliseconds = number
export type TimerName = string
/** Names one linearizable read that is under way at one member. Never used twice, not for a retry either (etcd#20418). */
export type ReadId = number

/**
 * What is agreed on: one turn's operations, packed by the member that took them. One log entry, slot or sequence
 * number is one command. Frozen, shared by clones, and opaque to protocols.
 */
export interface Command {
  /** The member that packed it, and that answers its clients when it is decided. */
  readonly origin: NodeId
  /** Unique at its origin for ever: it is drawn from blocks that are reserved on disk, so a restart never repeats one. */
  readonly sequence: number
  /** CRC-32 of `bytes`: made once by the origin, checked once by each receiver, and stands for the bytes in hashes. */
  readonly checksum: number
  /** Length-prefixed operations. Never changed after it was packed. */
  readonly bytes: Uint8Array
}

/**
 * Who takes part. Lists are sorted and without repetition, so that equal memberships are equal bytes. While `outgoing`
 * is not empty it is joint (C_old,new of Ongaro §4.3): elections and commitment need a majority of `voters` *and* one
 * of `outgoing`.
 */
export interface Membership {
  /** Who votes; in a joint phase: the new voters. */
  readonly voters: readonly NodeId[]
  /** In a joint phase: the old voters; otherwise empty. */
  readonly outgoing: readonly NodeId[]
  /** Get the log, do not vote, and do not campaign. */
  readonly learners: readonly NodeId[]
  /** Those of `outgoing` that become learners when the joint phase ends; until then they vote. */
  readonly learnersNext: readonly NodeId[]
  /** The joint phase is ended by whoever leads; otherwise by an operator. */
  readonly autoLeave: boolean
  /** Those learners that the leader makes voters once they have caught up. */
  readonly joining: readonly NodeId[]
  /** What the others must know of each member; opaque to protocols. */
  readonly contacts: Readonly<Record<NodeId, string>>
}

/** What is asked of `LogEngine.change`. Several at once take effect at once. */
export type MembershipChange =
  /** Becomes a learner that is made a voter once it has caught up (Ongaro §4.2.1). In an empty cluster: a voter at once. */
  | { readonly type: 'addVoter'; readonly id: NodeId; readonly contact: string }
  /** Becomes a learner, and stays one until it is promoted. */
  | { readonly type: 'addLearner'; readonly id: NodeId; readonly contact: string }
  /** A learner that has caught up becomes a voter. */
  | { readonly type: 'promote'; readonly id: NodeId; readonly contact?: string }
  /** A voter becomes a learner. */
  | { readonly type: 'demote'; readonly id: NodeId }
  | { readonly type: 'remove'; readonly id: NodeId }
  /** Another contact. */
  | { readonly type: 'update'; readonly id: NodeId; readonly contact: string }

/** Why a change is certainly not in the log. */
export interface ChangeRefused {
  readonly code:
    | 'not-leader'
    /** The change before this one is not committed yet, or a joint phase is not over. */
    | 'pending'
    /** No entry of the leader's own term is committed yet. */
    | 'too-early'
    | 'unknown-member'
    | 'exists'
    | 'not-learner'
    | 'not-caught-up'
    /** Fewer voters than the new quorum were heard from. */
    | 'loses-quorum'
    | 'no-voters'
  /** With the numbers, for people. */
  readonly message: string
}

/** A state of the state machine: everything up to and including `index` is applied in it. */
export interface SnapshotId {
  readonly index: Index
  readonly term: Term
  readonly membership: Membership
}

/** One participant. A handler is a function of (state, input): nothing that changes lives outside `state`. */
export interface Protocol<State, Message, Durable> {
  /** One plain object; an explorer or a rewind assigns another one between two inputs. */
  state: State
  /** Folds one journal record into the state; asks nothing of the environment. */
  restore(record: Durable): void
  /** Once, after the last record: arms timers, sends first messages. */
  start(): void
  /** Only admitted messages: checksums and signatures verified, attachments durable. */
  receive(message: Message, from: NodeId): void
  timeout(timer: TimerName): void
}

/** A protocol that decides a sequence of commands: Raft, Multi-Paxos, PBFT. */
export interface LogEngine<State, Message, Durable> extends Protocol<State, Message, Durable> {
  /** The record with which a fresh disk begins: the first membership, the same on every first member. */
  bootstrap(membership: Membership): Durable
  /** A record that restores everything but the log into a fresh state; repeated at the head of every segment. */
  checkpoint(): Durable
  /**
   * Told between two calls of `restore`: what the disk held here cannot be read. From now on, and until its peers have
   * repaired it, the engine does not campaign, grants no vote, acknowledges nothing after the hole and serves no read.
   * `snapshot`: the newest snapshot's own file cannot be read.
   */
  lost(what: 'records' | 'snapshot'): void
  /** false: certainly not taken, now or later. */
  propose(command: Command): boolean
  /** Answered by `readable` or `unreadable`; false: not here, not now. */
  read(id: ReadId): boolean
  /** What a snapshot of everything decided up to `index` must be called. `index` is decided and not yet compacted. */
  snapshotAt(index: Index): SnapshotId
  /** `snapshot` is durable here; entries up to `through` (at most its index) are no longer needed. */
  compact(snapshot: SnapshotId, through: Index): void
  /** Hands leadership over to the named voter, or to the most caught-up one; false: not the leader, or nobody to take it. */
  transfer(to?: NodeId): boolean
  /** A leader steps down at once; everybody else does nothing. */
  resign(): void
  /**
   * Changes who takes part. `index`: where this leader has appended it; from there it is decided or lost like any entry
   * (told by `decide` without a command). Refused: certainly not in the log.
   */
  change(changes: readonly MembershipChange[]): { readonly index: Index } | ChangeRefused
  /** What of the state the member may know: as it is when it is read, not when it was asked for. */
  readonly standing: Standing
}

/** What a member may know of its engine, whichever it is. */
export interface Standing {
  readonly term: Term
  readonly leader: NodeId | undefined
  readonly leading: boolean
  /** The last index known to be decided. */
  readonly decided: Index
  readonly lastIndex: Index
  /** The log begins after this index. */
  readonly compacted: Index
  /** The newest in the log, which is the one in force. */
  readonly membership: Membership
  /** The one in force at `decided`: it will never be taken back. */
  readonly committedMembership: Membership
  /** Members that were removed, and to which this leader still sends so that they learn of it. Ends without a word. */
  readonly parting: readonly NodeId[]
  readonly snapshot: SnapshotId | undefined
  /** The hole in its log is not yet repaired by its peers. */
  readonly repairing: boolean
  /** `repairing`, and for ever: only peers can tell what it last said, and nothing that is left names one. For the opening. */
  readonly stranded: boolean
}

/** What every protocol may ask of the world. No call ever enters the protocol again before its handler has returned. */
export interface Environment<Message, Durable> {
  readonly self: NodeId
  /** Appended to this node's journal. Record and message belong to the environment from now on: do not change them. */
  persist(record: Durable): void
  /** Leaves, or arrives if `to` is oneself, once everything persisted before it is durable. No order is promised between any two messages. */
  send(to: NodeId, message: Message): void
  /**
   * May leave earlier. For a leader's entries and heartbeats in a durable term, and for what carries no promise of its sender.
   * `isNews`: nobody waits for it, and what the sender says next tells it too. It may be kept back for a moment, and
   * does not leave at all if entries do meanwhile.
   */
  sendAhead(to: NodeId, message: Message, isNews?: boolean): void
  /** Arms or re-arms; fires once, after a time drawn from [min, max). The time is not visible to the protocol. */
  setTimer(timer: TimerName, min: Milliseconds, max: Milliseconds): void
  clearTimer(timer: TimerName): void
  /** A whole number in [0, alternatives): seeded in the simulator, each one tried by the explorer. */
  choose(alternatives: number): number
}

// Abilities: what some protocols need and others do not. A constructor's type names the ones it uses.

/** In order, without gaps, never retracted. `command` is undefined for an entry of the protocol's own (a no-op, a membership). */
export interface Decides {
  decide(index: Index, term: Term, command: Command | undefined): void
}
/** Reads the clock of its machine, which never goes back. A state that keeps an instant is simulated, not explored exhaustively. */
export interface Clocked {
  now(): Milliseconds
}
/** Told at each change of term or leader. The member redirects by it; what it had under way may still be decided. */
export interface Leads {
  led(by: NodeId | undefined, term: Term): void
}
/** `readable`: a state that has applied `index` answers the read. `unreadable`: leadership was lost; ask again under a new id. */
export interface AnswersReads {
  readable(id: ReadId, index: Index): void
  unreadable(id: ReadId): void
}
/**
 * A membership came into force: it was restored, appended, taken over from a snapshot, or came back when a later one was
 * truncated. `index`: of the entry that brought it; 0 for the first one. Links open and close.
 */
export interface ChangesMembership {
  reconfigured(membership: Membership, index: Index): void
}
/** The state machine is to be replaced by this snapshot, whose bytes are on this disk already. Later decisions follow its index. */
export interface InstallsSnapshots {
  install(snapshot: SnapshotId): void
}
