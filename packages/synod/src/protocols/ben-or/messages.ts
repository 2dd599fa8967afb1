import type { NodeId } from '../../core/index.ts'

export type Bit = 0 | 1
/** What is voted for: a value, or that there was none to vote for. */
export type Choice = Bit | '?'

/** The exchanges of a round, in their order. The third one is not Ben-Or's own: see `BenOrOptions.coin`. */
export const exchanges = ['report', 'proposal', 'confirmation'] as const
export type Exchange = (typeof exchanges)[number]

/** What the participants say to each other (Ben-Or 1983, protocols A and B). */
export type Message = Vote | Decided | Missing

/** Of each participant there is one a round and exchange. */
export interface Vote {
  readonly type: Exchange
  readonly round: number
  readonly value: Choice
}

/** Whoever decided says no more: in all later rounds its votes would be for that value. */
export interface Decided {
  readonly type: 'decided'
  readonly round: number
  readonly value: Bit
}

/** Not in the paper, whose links lose nothing: what have you said in this round? */
export interface Missing {
  readonly type: 'missing'
  readonly round: number
}

/** What is written to the journal: what was said is never said otherwise, not after a restart either. */
export type Durable = Vote | Decided

export type ByNode<T> = Record<NodeId, T>
