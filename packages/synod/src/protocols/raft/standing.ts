import type { Index, Membership, NodeId, SnapshotId, Standing, Term } from '../../core/index.ts'
import { lastIndex, membershipAt, membershipOf } from './log.ts'
import { isRepairing, isStranded } from './repair.ts'
import type { Replica } from './replica.ts'

/** What of the state the member may know, as it is at the moment: asked for in each turn, so that nothing is made for it. */
export class RaftStanding implements Standing {
  private readonly raft: Replica

  constructor(raft: Replica) {
    this.raft = raft
  }

  get term(): Term {
    return this.raft.state.currentTerm
  }

  get leader(): NodeId | undefined {
    return this.raft.state.leader
  }

  get leading(): boolean {
    return this.raft.state.role === 'leader'
  }

  get decided(): Index {
    return this.raft.state.commitIndex
  }

  get lastIndex(): Index {
    return lastIndex(this.raft.state)
  }

  get compacted(): Index {
    return this.raft.state.compacted.index
  }

  get membership(): Membership {
    return membershipOf(this.raft.state)
  }

  get committedMembership(): Membership {
    return membershipAt(this.raft.state, this.raft.state.commitIndex)
  }

  get parting(): readonly NodeId[] {
    const { progress } = this.raft.state
    return Object.keys(progress).filter((id) => progress[id]?.parting !== undefined)
  }

  get snapshot(): SnapshotId | undefined {
    return this.raft.state.snapshot
  }

  get repairing(): boolean {
    return isRepairing(this.raft)
  }

  get stranded(): boolean {
    return isStranded(this.raft)
  }
}
