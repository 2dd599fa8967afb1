/**
 * The contract that every protocol of Synod is written in, and the few things that all rooms share.
 *
 * @module
 */
export { assert, AssertionFailed, present } from './assert.ts'
export { crc32 } from './checksum.ts'
export { decodeUtf8, encodeUtf8, Malformed, Reader, Writer } from './codec.ts'
export type { Codec, Urgency } from './codec.ts'
export type {
  AnswersReads,
  ChangeRefused,
  ChangesMembership,
  Clocked,
  Command,
  Decides,
  Environment,
  Index,
  InstallsSnapshots,
  Leads,
  LogEngine,
  Membership,
  MembershipChange,
  Milliseconds,
  NodeId,
  Protocol,
  ReadId,
  SnapshotId,
  Standing,
  Term,
  TimerName,
} from './contract.ts'
export { isNodeId } from './contract.ts'
export { exp, ln, lnErfc } from './elementary.ts'
export { Rejected, SynodError, Unknown } from './errors.ts'
export type { Failure, RejectedDetail } from './errors.ts'
export { DiskError } from './ports.ts'
export type {
  Channel,
  Checksum,
  Clock,
  Disk,
  Halt,
  Hello,
  Host,
  Introduction,
  Links,
  Logger,
  Ports,
  Refusal,
  SnapshotSink,
  SnapshotSource,
  StateMachine,
} from './ports.ts'
export { doublingBounds, Histogram } from './histogram.ts'
export { beginFrame, openFrame, sealFrame } from './frame.ts'
export type { Invariant, Watch } from './invariant.ts'
export { isJoint, isSameMembership, membersOf, readMembership, unsound, voting, writeMembership } from './membership.ts'
export { tlsFailure, tlsReason } from './tls-failure.ts'
export { takeSteps, type MembershipStep } from './membership-steps.ts'
export { lend, Part, timerOf } from './part.ts'
export type { PartEnvironment } from './part.ts'
export { committedIndex, majority, tally } from './quorum.ts'
export type { Electorate, VoteResult } from './quorum.ts'
export { choose, random, seeded } from './random.ts'
export type { RandomState } from './random.ts'
