import type { NodeId, Standing } from '../core/index.ts'

/** What happened to one member since it was opened, as plain numbers that only grow: whoever wants to know reads them. */
export class Tally {
  /** How often somebody came to lead whom this member had not known to, itself included. */
  leaderChanges = 0
  /** Operations that were refused, or of which it is not known whether they were applied. */
  proposalsFailed = 0
  readsFailed = 0
  private leader: NodeId | undefined = undefined

  led({ leader }: Pick<Standing, 'leader'>): void {
    if (leader !== undefined && leader !== this.leader) this.leaderChanges++
    this.leader = leader
  }
}
