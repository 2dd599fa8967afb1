import type { Index, Membership, NodeId, SnapshotId, Term } from '../../core/index.ts'
import type { Entry, PlacedMembership, Repair } from './messages.ts'
import type { Parting, Progress, RaftState } from './state.ts'

/** What invariants and situations read of a state: by this type they cannot read anything else. */
export type WatchedState = Pick<
  RaftState,
  | 'role'
  | 'currentTerm'
  | 'votedFor'
  | 'log'
  | 'compacted'
  | 'commitIndex'
  | 'memberships'
  | 'snapshot'
  | 'repair'
  | 'termStart'
  | 'transfer'
> & {
  readonly reads: { readonly length: number }
  readonly progress: Readonly<Record<NodeId, Pick<Progress, 'mode' | 'parting'>>>
}

/** One member as the whole world sees it. */
export interface RaftNode {
  readonly id: NodeId
  readonly state: WatchedState
  /** What a loss of power would leave of it: its records that are durable, folded. */
  readonly durable: WatchedState
  /** How often it was started; what is volatile may fall back when this rises. */
  readonly incarnation: number
}

/**
 * Tells whether anything that invariants and situations read of one node is other than at the last glance. Most events
 * leave all of it as it was: heartbeats, their answers, alarms. Everything of `WatchedState` is compared, by value, or by
 * the identity of what is never changed (an entry, a placed membership, a snapshot's name); of a log its length and its
 * ends, because it changes at its ends only, and the entries that brought memberships.
 */
export class Glance {
  private incarnation = 0
  private readonly live = new Remembered()
  private readonly disk = new Remembered()

  /** true at the first glance, too. `sameDisk`: nothing was folded into `durable` since the last one. */
  changed({ state, durable, incarnation }: RaftNode, sameDisk = false): boolean {
    const restarted = incarnation !== this.incarnation
    this.incarnation = incarnation
    // Both are remembered anew, whichever has changed.
    const live = this.live.differs(state)
    const disk = !sameDisk && this.disk.differs(durable)
    return restarted || live || disk
  }
}

/** A state as it was when it was last looked at. */
class Remembered {
  private role: WatchedState['role'] = 'follower'
  private currentTerm: Term = 0
  private votedFor: NodeId | undefined
  private log: readonly Entry[] | undefined
  private length = 0
  private first: Entry | undefined
  private last: Entry | undefined
  private compacted: Index = 0
  private compactedTerm: Term = 0
  private commitIndex: Index = 0
  private snapshot: SnapshotId | undefined
  private repair: Repair | undefined
  private termStart: Index = 0
  private transfer: NodeId | undefined
  private reads = 0
  private readonly memberships: (PlacedMembership | undefined)[] = []
  /** What the log has at each of those. */
  private readonly entries: (Membership | undefined)[] = []
  private readonly followed: NodeId[] = []
  private readonly modes: Progress['mode'][] = []
  private readonly partings: (Parting | undefined)[] = []

  differs(state: WatchedState): boolean {
    const { log } = state
    const last = log.length > 0 ? log[log.length - 1] : undefined
    // Each is called: what differs is remembered on the way.
    const memberships = this.differInMemberships(state)
    const progress = this.differInProgress(state.progress)
    if (
      !memberships &&
      !progress &&
      this.role === state.role &&
      this.currentTerm === state.currentTerm &&
      this.votedFor === state.votedFor &&
      this.log === log &&
      this.length === log.length &&
      this.first === log[0] &&
      this.last === last &&
      this.compacted === state.compacted.index &&
      this.compactedTerm === state.compacted.term &&
      this.commitIndex === state.commitIndex &&
      this.snapshot === state.snapshot &&
      this.repair === state.repair &&
      this.termStart === state.termStart &&
      this.transfer === state.transfer &&
      this.reads === state.reads.length
    )
      return false
    this.role = state.role
    this.currentTerm = state.currentTerm
    this.votedFor = state.votedFor
    this.log = log
    this.length = log.length
    this.first = log[0]
    this.last = last
    this.compacted = state.compacted.index
    this.compactedTerm = state.compacted.term
    this.commitIndex = state.commitIndex
    this.snapshot = state.snapshot
    this.repair = state.repair
    this.termStart = state.termStart
    this.transfer = state.transfer
    this.reads = state.reads.length
    return true
  }

  private differInMemberships({ memberships, compacted, log }: WatchedState): boolean {
    let differ = this.memberships.length !== memberships.length
    if (differ) this.memberships.length = memberships.length
    for (let i = 0; i < memberships.length; i++) {
      const placed = memberships[i]
      const offset = (placed?.index ?? 0) - compacted.index
      const entry = offset > 0 ? log[offset - 1]?.membership : undefined
      if (this.memberships[i] === placed && this.entries[i] === entry) continue
      differ = true
      this.memberships[i] = placed
      this.entries[i] = entry
    }
    return differ
  }

  private differInProgress(progress: WatchedState['progress']): boolean {
    let differ = false
    let i = 0
    for (const id in progress) {
      const followed = progress[id]
      if (followed === undefined) continue
      const { mode, parting } = followed
      if (this.followed[i] !== id || this.modes[i] !== mode || this.partings[i] !== parting) {
        differ = true
        this.followed[i] = id
        this.modes[i] = mode
        this.partings[i] = parting
      }
      i++
    }
    if (this.followed.length === i) return differ
    this.followed.length = i
    return true
  }
}
