/**
 * Multi-Paxos: each slot of a log is an instance of Paxos, and one leader runs phase 1 for all of them at once.
 *
 * ```ts
 * const paxos = new MultiPaxos(env, defaultMultiPaxosOptions)   // env: the world, given by whoever runs the member
 * paxos.restore(paxos.bootstrap(voting(['a', 'b', 'c'])))
 * paxos.start()
 * paxos.receive(message, from)                                  // … and paxos.timeout(name), as they happen
 * if (paxos.standing.leading) paxos.propose(command)            // comes back on every member by env.decide(index, term, command)
 * ```
 *
 * The README beside this file has the paper's properties and where this code departs from it.
 *
 * @module
 */
export { multiPaxosCodec } from './codec.ts'
export { isDead } from './dead.ts'
export { durablePart, restore } from './durable.ts'
export { multiPaxosInvariants } from './invariants.ts'
export type { MultiPaxosNode } from './invariants.ts'
export type {
  Accept,
  Accepted,
  AcceptedRecord,
  AcceptedSlots,
  AskPromise,
  Ballot,
  Canvass,
  CheckpointRecord,
  Chosen,
  Durable,
  HandOver,
  HardState,
  InstallSnapshot,
  Learn,
  Message,
  Placed,
  PlacedMembers,
  PlacedMembership,
  Prepare,
  Promise,
  Proposal,
  Refused,
  Repair,
  RepairedRecord,
  RepairingRecord,
  SnapshotRecord,
  Support,
  TellPromise,
  Value,
} from './messages.ts'
export { MultiPaxos } from './multi-paxos.ts'
export { defaultMultiPaxosOptions } from './options.ts'
export type { MultiPaxosOptions } from './options.ts'
export type { MultiPaxosEnvironment } from './replica.ts'
export { initialState } from './state.ts'
export type { MultiPaxosState, OpenSlot, PendingRead, Progress, PromiseProgress, Role } from './state.ts'
