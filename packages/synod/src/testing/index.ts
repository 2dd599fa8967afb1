/**
 * Assembled worlds: production's protocols, journal, member and state machines, on virtual machines.
 *
 * @module
 */
export { fastRaftOptions, RaftWorld, smallMemberOptions } from './raft-world.ts'
export type { RaftMember, RaftWorldOptions } from './raft-world.ts'
export { chandraTouegSubject, strongConsensusSubject } from './chandra-toueg/chandra-toueg-subject.ts'
export { chandraTouegModel, explorableChandraToueg } from './chandra-toueg/chandra-toueg-model.ts'
export type { ChandraTouegBounds } from './chandra-toueg/chandra-toueg-model.ts'
export { detectorSubject, perfectDetectorSubject } from './failure-detectors/detector-subject.ts'
export type { DetectorSettings } from './failure-detectors/detector-subject.ts'
export { TallyCluster } from './tally-cluster.ts'
export { TallyMachine, tallyOperation } from './tally-machine.ts'
export type { TallyContext } from './tally-machine.ts'
export { raftSubject } from './raft/raft-subject.ts'
export type { RaftSettings } from './raft/raft-subject.ts'
export { explorableRaft, raftModel } from './raft/raft-model.ts'
export type { RaftBounds, RaftPast } from './raft/raft-model.ts'
