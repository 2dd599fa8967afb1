/**
 * One member of a cluster: protocol, journal and state machine, in one order of effects, over ports that are handed in.
 *
 * @module
 */
export type { EngineEnvironment } from './effects.ts'
export { Member } from './member.ts'
export { defaultMemberOptions } from './options.ts'
export type { MemberOptions } from './options.ts'
export type { Parts, Phase, Replica } from './replica.ts'
export { peerProtocol, readWire } from './wire.ts'
