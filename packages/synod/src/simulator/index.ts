/**
 * A world of members on virtual disks, links and clocks, driven by a seed; what goes wrong in it, in swarms of plans; and
 * what makes a failing run small.
 *
 * ```ts
 * const plan = drawPlan(subject, seed)            // who takes part, what is asked, what goes wrong
 * const outcome = simulate(subject, plan)         // the same plan is the same run, on every platform
 * // if outcome.violation is there:
 * const small = shrink(subject, plan, outcome.violation.invariant)
 * writeArtefact({ plan: small.plan, violation: small.outcome.violation, trace: small.outcome.trace.hash })
 * ```
 *
 * A bare protocol becomes a subject by `describeProtocol`.
 *
 * @module
 */
export { agreement, consensusInvariants, integrity, validity } from './consensus-invariants.ts'
export { describeProtocol } from './describe-protocol.ts'
export type { ProtocolDescription } from './describe-protocol.ts'
export { Draws } from './draws.ts'
export type { Duration } from './draws.ts'
export { counted, deviationText, durationText, errandText, faultText, grouped } from './in-words.ts'
export { lossyNodes, partitionShapes } from './faults.ts'
export type { Fault, FaultName, FaultType, PartitionShape } from './faults.ts'
export { jsonCodec, jsonCommand, jsonOf } from './json-codec.ts'
export type { Decision, Input, ParticipantEnvironment, ParticipantNode } from './observed-participant.ts'
export type { Participant } from './participant.ts'
export { ArtefactUnreadable, artefactVersion, readArtefact, writeArtefact } from './plan.ts'
export type { Artefact, ClientOperation, Errand, Json, Plan } from './plan.ts'
export { simulate } from './run.ts'
export type { Outcome, RunOptions, Violation } from './run.ts'
export { shrink, sizeOf } from './shrink.ts'
export type { Shrunk, ShrinkOptions } from './shrink.ts'
export { storyOf } from './story.ts'
export type { Administration, Answer, AroundErrands, Figure, Play, Situation, Stage, Subject } from './subject.ts'
export { drawPlan } from './swarm.ts'
export type { SwarmOptions } from './swarm.ts'
export { firstDifference, Trace } from './trace.ts'
export type { TraceStep } from './trace.ts'
export { VirtualDisk } from './virtual-disk.ts'
export type { DiskFaults, DiskOperation, DiskWorld } from './virtual-disk.ts'
export type { Deviation } from './virtual-link.ts'
export { VirtualNode } from './virtual-node.ts'
export { World } from './world.ts'
export type { Inhabitant, WorldOptions } from './world.ts'
