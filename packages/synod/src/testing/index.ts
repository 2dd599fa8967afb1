/**
 * Assembled worlds: production's protocols, journal, member and state machines, on virtual machines.
 *
 * @module
 */
export { MemberWorld, smallMemberOptions } from './member-world.ts'
export type { EngineParts, MemberWorldOptions } from './member-world.ts'
export { fastRaftOptions, RaftWorld } from './raft-world.ts'
export type { RaftMember, RaftWorldOptions } from './raft-world.ts'
export { TallyCluster } from './tally-cluster.ts'
export { TallyMachine, tallyOperation } from './tally-machine.ts'
export type { TallyContext } from './tally-machine.ts'
export { electionTimeout } from './log-engine/engine-world.ts'
export type { EngineNode, LogEngineParts } from './log-engine/engine-world.ts'
export { logEngineClaims } from './log-engine/log-engine-suite.ts'
export type { Claim } from './log-engine/log-engine-suite.ts'
export { randomWorld } from './log-engine/random-world.ts'
export type { Dangers, Met } from './log-engine/random-world.ts'
export { multiPaxosSubject } from './multi-paxos/multi-paxos-subject.ts'
export type { MultiPaxosSettings } from './multi-paxos/multi-paxos-subject.ts'
export { raftSubject } from './raft/raft-subject.ts'
export type { RaftSettings } from './raft/raft-subject.ts'
export { explorableRaft, raftModel } from './raft/raft-model.ts'
export type { RaftBounds, RaftPast } from './raft/raft-model.ts'
