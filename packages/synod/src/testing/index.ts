/**
 * Assembled worlds: production's protocols, journal, member and state machines, on virtual machines.
 *
 * @module
 */
export { fastRaftOptions, RaftWorld, smallMemberOptions } from './raft-world.ts'
export type { RaftMember, RaftWorldOptions } from './raft-world.ts'
export { TallyCluster } from './tally-cluster.ts'
export { TallyMachine, tallyOperation } from './tally-machine.ts'
export type { TallyContext } from './tally-machine.ts'
export { HandWorld } from './hand-world.ts'
export type { Decided, HandWorldOptions, UnderWay } from './hand-world.ts'
export { raftSubject } from './raft/raft-subject.ts'
export type { RaftSettings } from './raft/raft-subject.ts'
export { explorableRaft, raftModel } from './raft/raft-model.ts'
export type { RaftBounds, RaftPast } from './raft/raft-model.ts'
export { paxosSubject } from './paxos/paxos-subject.ts'
export type { PaxosSettings } from './paxos/paxos-subject.ts'
export { explorablePaxos, paxosModel } from './paxos/paxos-model.ts'
export type { PaxosBounds, PaxosPast } from './paxos/paxos-model.ts'
export { explorableBenOr } from './ben-or/ben-or-model.ts'
export { benOrSubject } from './ben-or/ben-or-subject.ts'
export type { BenOrSettings } from './ben-or/ben-or-subject.ts'
export { expectedRounds, keepApart, roundsAgainstTheWorst, roundsWithConfirmation } from './ben-or/worst-scheduler.ts'
export type { KeptApart } from './ben-or/worst-scheduler.ts'
