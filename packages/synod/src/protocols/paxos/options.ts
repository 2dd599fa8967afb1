import { assert, majority, type Milliseconds, type NodeId } from '../../core/index.ts'

export interface PaxosOptions {
  /**
   * How many acceptors a phase needs. Each quorum of phase 1 must meet each one of phase 2, and nothing else is needed
   * (Howard, Malkhi, Spiegelman 2016): together they are more than all. Default: a majority for both.
   */
  readonly quorums?: Quorums
  /**
   * Who proposes for all. The others tell it their wishes, and propose themselves only when they have waited for
   * `patience`: so safety and progress depend on nobody in particular. undefined: everybody proposes, and backs off.
   */
  readonly distinguished?: NodeId
  /**
   * Whom an acceptor tells what it has accepted (§2.3): everybody learns a choice after one delay, by n² messages; or the
   * proposer of the ballot does, and tells the others, who learn it after two, by 2n.
   */
  readonly acceptedTo: 'everybody' | 'proposer'
  /** How long a ballot may take until its proposer gives it up. Too short: no ballot is ever done. */
  readonly patience: Milliseconds
  /**
   * A proposer that was refused waits for a time drawn from [this, 2 × this), then from [this, 4 × this), and so on, up to
   * sixteen-fold. Too short beside a ballot's length: proposers overtake each other again and again.
   */
  readonly backOff: Milliseconds
}

export interface Quorums {
  readonly prepare: number
  readonly accept: number
}

export const defaultPaxosOptions: PaxosOptions = { acceptedTo: 'everybody', patience: 400, backOff: 100 }

/** Throws `AssertionFailed` for quorums that may miss each other, or that so many acceptors do not have. */
export function quorumsOf({ quorums }: PaxosOptions, acceptors: number): Quorums {
  const { prepare, accept } = quorums ?? { prepare: majority(acceptors), accept: majority(acceptors) }
  assert(prepare + accept > acceptors, 'every quorum of phase 1 meets every quorum of phase 2')
  assert(Math.max(prepare, accept) <= acceptors && Math.min(prepare, accept) > 0, 'there are enough acceptors')
  return { prepare, accept }
}
