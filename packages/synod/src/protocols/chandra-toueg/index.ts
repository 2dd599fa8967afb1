/**
 * Consensus with unreliable failure detectors: over ◊S, for n > 2f, and over S, for any f < n.
 *
 * ```ts
 * const detector = (env, nodes, place) => new HeartbeatDetector(env, nodes, options, () => place().output)
 * const participant = new ChandraToueg(env, ['a', 'b', 'c'], { detector, againMin: 400, againMax: 600 })
 * participant.start()
 * participant.propose(command)      // comes back, this one or another's, by env.decide(1, round, command)
 * ```
 *
 * The README beside this file has the paper's properties and where this code departs from it.
 *
 * @module
 */
export { ChandraToueg } from './chandra-toueg.ts'
export type { ChandraTouegEnvironment } from './chandra-toueg.ts'
export { chandraTouegCodec, strongCodec } from './codec.ts'
export { isDead } from './dead.ts'
export { chandraTouegInvariants } from './invariants.ts'
export type { ChandraTouegNode } from './invariants.ts'
export type { Durable, Message, Round, StandRecord, StrongMessage, Values } from './messages.ts'
export type { ChandraTouegOptions, DetectorMaker } from './options.ts'
export { initialBroadcastState, ReliableBroadcast } from './reliable-broadcast.ts'
export type { BroadcastMessage, BroadcastState } from './reliable-broadcast.ts'
export type { ChandraTouegState, Estimate, StrongState } from './state.ts'
export { StrongConsensus } from './strong.ts'
export type { StrongEnvironment } from './strong.ts'
