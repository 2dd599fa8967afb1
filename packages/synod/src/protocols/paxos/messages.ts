import type { Command, NodeId } from '../../core/index.ts'

/** A round and who began it. Totally ordered, and never used twice, not after a restart either. */
export interface Ballot {
  readonly round: number
  readonly id: NodeId
}

/** Below every ballot that there is. */
export const noBallot: Ballot = { round: 0, id: '' }

export function isLower(a: Ballot, b: Ballot): boolean {
  return a.round === b.round ? a.id < b.id : a.round < b.round
}

export function isSame(a: Ballot, b: Ballot): boolean {
  return a.round === b.round && a.id === b.id
}

/** A numbered proposal: the paper's pair of a number and a value. */
export interface Proposal {
  readonly ballot: Ballot
  readonly value: Command
}

/** What the participants say to each other ("Paxos Made Simple", §2.2). */
export type Message = Wish | Prepare | Promised | Accept | Accepted | Refused | Chosen

/** To the distinguished proposer: propose this for me (§2.4). */
export interface Wish {
  readonly type: 'wish'
  readonly value: Command
}
/** Phase 1a. */
export interface Prepare {
  readonly type: 'prepare'
  readonly ballot: Ballot
}
/** Phase 1b: nothing below `ballot` from now on; `accepted` is the highest-numbered proposal accepted so far. */
export interface Promised {
  readonly type: 'promise'
  readonly ballot: Ballot
  readonly accepted: Proposal | undefined
}
/** Phase 2a. */
export interface Accept extends Proposal {
  readonly type: 'accept'
}
/** Phase 2b, told to every learner. */
export interface Accepted extends Proposal {
  readonly type: 'accepted'
}
/** Not in the paper's core: a higher ballot was promised. Saves the proposer a wait (§2.4: "probably a good idea"). */
export interface Refused {
  readonly type: 'refused'
  /** The one that is refused. */
  readonly ballot: Ballot
  readonly promised: Ballot
}
/** From whoever knows it, in place of any other answer. */
export interface Chosen extends Proposal {
  readonly type: 'chosen'
}

/** What is written to the journal. */
export type Durable =
  /** A proposer begins this round, and will never begin it again. */
  | { readonly type: 'began'; readonly round: number }
  | { readonly type: 'promised'; readonly ballot: Ballot }
  /** One record for both: who accepts promises as well. */
  | ({ readonly type: 'accepted' } & Proposal)
  | ({ readonly type: 'chosen' } & Proposal)
