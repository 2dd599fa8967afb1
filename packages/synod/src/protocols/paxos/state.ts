import type { Command, NodeId } from '../../core/index.ts'
import { isLower, noBallot, type Ballot, type Durable, type Proposal } from './messages.ts'

/** One participant: proposer, acceptor and learner at once. */
export interface PaxosState {
  // Acceptor, durable
  promised: Ballot
  accepted: Proposal | undefined

  // Proposer. Durable: the last round that it began.
  round: number
  /** What it was asked to propose. */
  wish: Command | undefined
  attempt: Attempt | undefined
  /** Ballots that others have overtaken: each makes the next wait longer. */
  refusals: number
  /** The highest round of another proposer that it was refused for. */
  heard: number

  // Learner
  /** What each acceptor has accepted last, as far as it is known here; ballot by ballot, the lowest first. */
  votes: Votes[]
  /** Durable. */
  chosen: Proposal | undefined
}

/** A ballot that is under way, of this proposer. */
export interface Attempt {
  readonly ballot: Ballot
  /** What each acceptor that promised had accepted; null: nothing. No more are taken once there is a quorum. */
  readonly promises: Record<NodeId, Proposal | null>
  /** Phase 2: what is proposed. Set once: a ballot has one value. */
  value: Command | undefined
}

export interface Votes extends Proposal {
  /** Sorted. */
  readonly from: readonly NodeId[]
}

export function initialState(): PaxosState {
  return {
    promised: noBallot,
    accepted: undefined,
    round: 0,
    wish: undefined,
    attempt: undefined,
    refusals: 0,
    heard: 0,
    votes: [],
    chosen: undefined,
  }
}

/** The only way in which what is durable changes: the state becomes what the record says, now and after a restart alike. */
export function fold(state: PaxosState, record: Durable): void {
  switch (record.type) {
    case 'began':
      state.round = record.round
      return
    case 'promised':
      state.promised = record.ballot
      return
    case 'accepted':
      if (isLower(state.promised, record.ballot)) state.promised = record.ballot
      state.accepted = { ballot: record.ballot, value: record.value }
      return
    case 'chosen':
      state.chosen = { ballot: record.ballot, value: record.value }
  }
}
