import type { Milliseconds } from '../../core/index.ts'

/** How a member behaves; the same on all members, but nothing breaks while they differ. */
export interface RaftOptions {
  /**
   * T: a follower that hears nothing campaigns after a time drawn anew from [T, 2T) (§5.2). Below about ten times a
   * message's way plus a disk's sync, healthy leaders are deposed; far above, a dead one is missed that much later.
   */
  readonly electionTimeoutMin: Milliseconds
  /** A leader's pause between heartbeats. Close to `electionTimeoutMin`, one lost message deposes a leader; tiny, it burns CPU. */
  readonly heartbeatInterval: Milliseconds
  /** Ask before raising the term (Ongaro §9.6). Off: a member that was cut off comes back with a high term and deposes a healthy leader. */
  readonly preVote: boolean
  /**
   * A leader that hears no quorum steps down, and followers of a live leader ignore candidates (Ongaro §4.2.3, §6.2).
   * Off: a leader that can send but not receive leads, and blocks, for ever.
   */
  readonly checkQuorum: boolean
  /** Bytes of entries in one append; one entry always fits. Large: a lost message costs as much again. Small: catching up is slow. */
  readonly maxMessageBytes: number
  /** Appends under way to one follower. 1 waits for each answer; thousands flood a follower that is slow. */
  readonly maxInflightMessages: number
  /** Bytes of entries under way to one follower. Above what the link's queue holds, entries are dropped and sent again. */
  readonly maxInflightBytes: number
  /** Bytes that a leader takes without having them committed. Without a bound, a leader cut off from its quorum fills its disk. */
  readonly maxUncommittedBytes: number
}

/** For members in one data center. */
export const defaultRaftOptions: RaftOptions = {
  electionTimeoutMin: 1000,
  heartbeatInterval: 100,
  preVote: true,
  checkQuorum: true,
  maxMessageBytes: 1024 * 1024,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * 1024 * 1024,
  maxUncommittedBytes: 64 * 1024 * 1024,
}

/** Throws for options with which no cluster can live, and says which and why. */
export function checkOptions(options: RaftOptions): void {
  const { electionTimeoutMin, heartbeatInterval } = options
  const names = [
    'electionTimeoutMin',
    'heartbeatInterval',
    'maxMessageBytes',
    'maxInflightMessages',
    'maxInflightBytes',
    'maxUncommittedBytes',
  ] as const
  for (const name of names) {
    const value = options[name]
    if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`Raft: ${name} must be positive, not ${value}`)
  }
  if (heartbeatInterval * 2 > electionTimeoutMin) {
    throw new RangeError(
      `Raft: heartbeatInterval (${heartbeatInterval} ms) must be at most half of electionTimeoutMin ` +
        `(${electionTimeoutMin} ms), or one late heartbeat deposes a healthy leader; a tenth is usual`,
    )
  }
}
