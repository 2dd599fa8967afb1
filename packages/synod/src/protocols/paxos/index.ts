/**
 * Single-decree Paxos: of all values that are proposed, one is chosen, and nobody ever learns another.
 *
 * ```ts
 * const paxos = new Paxos(env, ['a', 'b', 'c'], defaultPaxosOptions)   // env: the world, given by whoever runs it
 * paxos.start()
 * paxos.propose(command)                                // what is chosen comes back by env.decide(1, round, command)
 * paxos.receive(message, from)                          // … and paxos.timeout(name), as they happen
 * ```
 *
 * The README beside this file has the paper's properties and where this code departs from it.
 *
 * @module
 */
export { paxosCodec } from './codec.ts'
export { isDead } from './dead.ts'
export { paxosInvariants } from './invariants.ts'
export type { PaxosNode } from './invariants.ts'
export type {
  Accept,
  Accepted,
  Ballot,
  Chosen,
  Durable,
  Message,
  Prepare,
  Promised,
  Proposal,
  Refused,
  Wish,
} from './messages.ts'
export { defaultPaxosOptions, quorumsOf } from './options.ts'
export type { PaxosOptions, Quorums } from './options.ts'
export { Paxos } from './paxos.ts'
export type { PaxosEnvironment } from './replica.ts'
export { initialState } from './state.ts'
export type { Attempt, PaxosState, Votes } from './state.ts'
