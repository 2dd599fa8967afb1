import {
  type Index,
  type Membership,
  type NodeId,
  type SnapshotId,
  type Standing,
  type Term,
} from '../../core/index.ts'
import { lastIndex } from './log.ts'
import { isRepairing, isStranded } from './repair.ts'
import type { Replica } from './replica.ts'

/** What of the state the member may know, as it is at the moment: asked for in each turn, so that nothing is made for it. */
export class MultiPaxosStanding implements Standing {
  private readonly paxos: Replica

  constructor(paxos: Replica) {
    this.paxos = paxos
  }

  get term(): Term {
    return this.paxos.state.promised.round
  }

  get leader(): NodeId | undefined {
    return this.paxos.state.leader
  }

  get leading(): boolean {
    return this.paxos.state.role === 'leader'
  }

  get decided(): Index {
    return this.paxos.state.decided
  }

  get lastIndex(): Index {
    return Math.max(lastIndex(this.paxos.state), this.paxos.state.decided)
  }

  get compacted(): Index {
    return this.paxos.state.compacted
  }

  /** A membership counts once it is chosen: nobody goes by one that may be taken back. */
  get membership(): Membership {
    return this.paxos.state.goesBy.membership
  }

  get committedMembership(): Membership {
    return this.paxos.state.goesBy.membership
  }

  get parting(): readonly NodeId[] {
    const { progress } = this.paxos.state
    return Object.keys(progress).filter((id) => progress[id]?.parting !== undefined)
  }

  get snapshot(): SnapshotId | undefined {
    return this.paxos.state.snapshot
  }

  get repairing(): boolean {
    return isRepairing(this.paxos)
  }

  get stranded(): boolean {
    return isStranded(this.paxos)
  }
}
