/**
 * Raft: a leader that is elected by a majority orders commands in a log, and whatever a majority has on disk is decided.
 *
 * ```ts
 * const raft = new Raft(env, defaultRaftOptions)        // env: the world, given by whoever runs the member
 * raft.restore(raft.bootstrap(voting(['a', 'b', 'c'])))
 * raft.start()
 * raft.receive(message, from)                           // … and raft.timeout(name), as they happen
 * if (raft.standing.leading) raft.propose(command)      // comes back on every member by env.decide(index, term, command)
 * ```
 *
 * The README beside this file has the paper's properties and where this code departs from it.
 *
 * @module
 */
export { raftCodec } from './codec.ts'
export { isDead } from './dead.ts'
export { durablePart, restore } from './durable.ts'
export { Glance } from './glance.ts'
export type { RaftNode, WatchedState } from './glance.ts'
export { raftInvariants } from './invariants.ts'
export type {
  Appended,
  AppendEntries,
  AskTerm,
  CheckpointRecord,
  Durable,
  EntriesRecord,
  Entry,
  HardState,
  InstallSnapshot,
  Message,
  PlacedMembership,
  Position,
  Rejection,
  Repair,
  RepairedRecord,
  RepairingRecord,
  RequestVote,
  SnapshotRecord,
  TellTerm,
  TimeoutNow,
  Vote,
} from './messages.ts'
export { defaultRaftOptions } from './options.ts'
export type { RaftOptions } from './options.ts'
export { Raft } from './raft.ts'
export type { RaftEnvironment } from './replica.ts'
export { initialState } from './state.ts'
export type { Inflight, PendingRead, Progress, RaftState, Role } from './state.ts'
