import type { Milliseconds } from '../../core/index.ts'

/** How a member behaves; the same on all members. `alpha` must be: everything else may differ for a while. */
export interface MultiPaxosOptions {
  /**
   * T: a follower that hears nothing campaigns after a time drawn anew from [T, 2T). Below about ten times a message's way
   * plus a disk's sync, healthy leaders are deposed; far above, a dead one is missed that much later.
   */
  readonly electionTimeoutMin: Milliseconds
  /** A leader's pause between heartbeats. Close to `electionTimeoutMin`, one lost message deposes a leader; tiny, it burns CPU. */
  readonly heartbeatInterval: Milliseconds
  /**
   * α: slots that may be open at a time, and how many slots after a membership it is in force. Two members with different
   * ones would count different quorums for the same slot: never change it in a cluster that has run.
   */
  readonly alpha: number
  /** Bytes of values in one message or record; one value always fits. Large: a lost message costs as much again. Small: catching up is slow. */
  readonly maxMessageBytes: number
  /** Bytes that a leader takes without having them decided. Without a bound, large commands of `alpha` slots fill its memory. */
  readonly maxUncommittedBytes: number
}

/** For members in one data center. */
export const defaultMultiPaxosOptions: MultiPaxosOptions = {
  electionTimeoutMin: 1000,
  heartbeatInterval: 100,
  alpha: 32,
  maxMessageBytes: 1024 * 1024,
  maxUncommittedBytes: 64 * 1024 * 1024,
}

/** Throws for options with which no cluster can live, and says which and why. */
export function checkOptions(options: MultiPaxosOptions): void {
  const { electionTimeoutMin, heartbeatInterval, alpha } = options
  const names = ['electionTimeoutMin', 'heartbeatInterval', 'alpha', 'maxMessageBytes', 'maxUncommittedBytes'] as const
  for (const name of names) {
    const value = options[name]
    if (!(Number.isFinite(value) && value > 0))
      throw new RangeError(`Multi-Paxos: ${name} must be positive, not ${value}`)
  }
  if (!Number.isInteger(alpha)) throw new RangeError(`Multi-Paxos: alpha must be a whole number, not ${alpha}`)
  if (heartbeatInterval * 2 > electionTimeoutMin) {
    throw new RangeError(
      `Multi-Paxos: heartbeatInterval (${heartbeatInterval} ms) must be at most half of electionTimeoutMin ` +
        `(${electionTimeoutMin} ms), or one late heartbeat deposes a healthy leader; a tenth is usual`,
    )
  }
}
