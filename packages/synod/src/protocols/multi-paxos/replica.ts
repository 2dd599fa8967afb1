import type {
  AnswersReads,
  ChangesMembership,
  Decides,
  Environment,
  InstallsSnapshots,
  Leads,
} from '../../core/index.ts'
import { assertForward, fold } from './durable.ts'
import type { Durable, Message } from './messages.ts'
import type { MultiPaxosOptions } from './options.ts'
import type { MultiPaxosState } from './state.ts'

/** What Multi-Paxos asks of the world. */
export type MultiPaxosEnvironment = Environment<Message, Durable> &
  Decides &
  Leads &
  AnswersReads &
  ChangesMembership &
  InstallsSnapshots

/** What every rule works on: one member's state, its world, and how it is set up. */
export interface Replica {
  state: MultiPaxosState
  readonly env: MultiPaxosEnvironment
  readonly options: MultiPaxosOptions
}

/**
 * The only way in which persistent state changes while a member runs: the state becomes what the record says, so that
 * reading the journal again cannot give another one.
 */
export function record(paxos: Replica, durable: Durable): void {
  assertForward(paxos.state, durable)
  fold(paxos.state, durable)
  paxos.env.persist(durable)
}
