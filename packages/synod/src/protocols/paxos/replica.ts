import type { Decides, Environment, NodeId } from '../../core/index.ts'
import type { Durable, Message } from './messages.ts'
import type { PaxosOptions, Quorums } from './options.ts'
import { fold, type PaxosState } from './state.ts'

/** What Paxos asks of the world. */
export type PaxosEnvironment = Environment<Message, Durable> & Decides

/** What every role works on: one participant's state, its world, and how it is set up. */
export interface Replica {
  state: PaxosState
  readonly env: PaxosEnvironment
  readonly nodes: readonly NodeId[]
  readonly options: PaxosOptions
  readonly quorums: Quorums
}

/** Durable before anybody hears of it: `send` waits for every record that was written before. */
export function remember({ state, env }: Replica, record: Durable): void {
  fold(state, record)
  env.persist(record)
}

/** To everybody, itself included: it is an acceptor and a learner like the others. */
export function broadcast({ env, nodes }: Replica, message: Message): void {
  for (const id of nodes) env.send(id, message)
}
