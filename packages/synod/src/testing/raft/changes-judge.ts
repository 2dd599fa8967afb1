import { membersOf, type Membership, type MembershipChange, type NodeId } from '../../core/index.ts'
import type { Answer } from '../../simulator/index.ts'

/**
 * What an administrator was told of changes, against what became of them. An id comes once and goes once, so that the
 * last membership says of each whether it was added or removed.
 */
export class ChangesJudge {
  private readonly added = new Map<NodeId, Answer>()
  private readonly removed = new Map<NodeId, Answer>()

  asked(changes: readonly MembershipChange[]): void {
    for (const change of changes) this.note(change, 'unknown')
  }

  answered(changes: readonly MembershipChange[], how: Answer): void {
    for (const change of changes) this.note(change, how)
  }

  /** A removal that was done stays done, whatever another one of the same member is answered. */
  private note({ type, id }: MembershipChange, how: Answer): void {
    if (type === 'addVoter' || type === 'addLearner') this.added.set(id, how)
    if (type === 'remove' && this.removed.get(id) !== 'ok' && (how !== 'rejected' || !this.removed.has(id)))
      this.removed.set(id, how)
  }

  /** It was asked for, and is decided. */
  isRemoved(id: NodeId, decided: Membership | undefined): boolean {
    return this.removed.has(id) && decided !== undefined && !membersOf(decided).includes(id)
  }

  /** What was answered wrongly; undefined: nothing. */
  verdict(decided: Membership | undefined): string | undefined {
    if (decided === undefined) return undefined
    const members = membersOf(decided)
    const are = `members are ${members.join(', ')}`
    for (const [id, how] of this.added) {
      if (how === 'rejected' && members.includes(id)) return `${id} was certainly not added, and ${are}`
      if (how === 'ok' && !this.removed.has(id) && !members.includes(id)) return `${id} was added, and ${are}`
    }
    for (const [id, how] of this.removed)
      if (how === 'ok' && members.includes(id)) return `${id} was removed, and ${are}`
    return undefined
  }
}
