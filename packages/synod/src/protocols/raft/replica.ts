import type {
  AnswersReads,
  ChangesMembership,
  Decides,
  Environment,
  InstallsSnapshots,
  Leads,
} from '../../core/index.ts'
import { fold } from './durable.ts'
import type { Durable, HardState, Message } from './messages.ts'
import type { RaftOptions } from './options.ts'
import type { RaftState } from './state.ts'

/** What Raft asks of the world. */
export type RaftEnvironment = Environment<Message, Durable> &
  Decides &
  Leads &
  AnswersReads &
  ChangesMembership &
  InstallsSnapshots

/** What every rule works on: one member's state, its world, and how it is set up. */
export interface Replica {
  state: RaftState
  readonly env: RaftEnvironment
  readonly options: RaftOptions
}

/** The hard state as every record repeats it. */
export function hardState(state: RaftState): HardState {
  return { currentTerm: state.currentTerm, votedFor: state.votedFor }
}

/**
 * The only way in which persistent state changes while a member runs: the state becomes what the record says, so that
 * reading the journal again cannot give another one.
 */
export function record(raft: Replica, durable: Durable): void {
  fold(raft.state, durable)
  raft.env.persist(raft.state.repair === undefined ? durable : { ...durable, repairing: true })
}
