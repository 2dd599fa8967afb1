/**
 * Ben-Or's randomised consensus on a bit: no timing is assumed for progress, and it ends with probability 1.
 *
 * ```ts
 * const benOr = new BenOr(env, ['a', 'b', 'c'], { ...defaultBenOrOptions, f: 1 })   // env: the world, given by whoever runs it
 * benOr.start()
 * benOr.propose(1)                                      // what is decided comes by env.decide(1, round, '0' or '1')
 * benOr.receive(message, from)                          // … and benOr.timeout(name), as they happen
 * ```
 *
 * The README beside this file has the paper's properties and where this code departs from it.
 *
 * @module
 */
export { BenOr } from './ben-or.ts'
export type { BenOrEnvironment } from './ben-or.ts'
export { benOrCodec } from './codec.ts'
export { isDead } from './dead.ts'
export { benOrInvariants } from './invariants.ts'
export type { BenOrNode } from './invariants.ts'
export type { Bit, ByNode, Choice, Decided, Durable, Exchange, Message, Missing, Vote } from './messages.ts'
export { commonCoin, defaultBenOrOptions, thresholdsOf } from './options.ts'
export type { BenOrOptions, Coin, Thresholds } from './options.ts'
export { initialState } from './state.ts'
export type { BenOrState, Heard, Votes } from './state.ts'
