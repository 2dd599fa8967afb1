/**
 * One member of a cluster: protocol, journal and state machine, in one order of effects, over ports that are handed in.
 *
 * @module
 */
export type { Changed, ChangeAnswer, ChangeLimits } from './changes.ts'
export { addressIn, contactLengthMax, mergeContact, readContact, writeContact } from './contact.ts'
export type { Address, Contact } from './contact.ts'
export { Directory, DirectoryUnusable } from './directory.ts'
export type { Identity } from './directory.ts'
export type { EngineEnvironment } from './effects.ts'
export { Member } from './member.ts'
export { defaultMemberOptions } from './options.ts'
export type { MemberOptions } from './options.ts'
export type { Parts, Phase, Replica } from './replica.ts'
export { Tally } from './tally.ts'
export type { About } from './publication.ts'
export { readWire } from './wire.ts'
