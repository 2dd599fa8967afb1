import { membersOf, type Membership, type MembershipChange, type NodeId } from '../../core/index.ts'
import type { Answer } from '../../simulator/index.ts'

/**
 * What an administrator was told of changes, against what became of them. An id comes once and goes once, so that the
 * last membership says of each whether it was added or removed.
 */
export class ChangesJudge {
  private readonly added = new Map<NodeId, Answer>()
  /** Whoever was to be added: unless that was said to be done, it may never have come. */
  private readonly coming = new Set<NodeId>()
  /** How many removals of each were asked for, and not said to be certainly not done; and of whom one was said to be done. */
  private readonly leaving = new Map<NodeId, number>()
  private readonly gone = new Set<NodeId>()

  asked(changes: readonly MembershipChange[]): void {
    for (const { type, id } of changes) {
      if (type === 'remove') this.count(id, 1)
      if (type === 'addVoter' || type === 'addLearner') this.coming.add(id)
    }
  }

  answered(changes: readonly MembershipChange[], how: Answer): void {
    for (const { type, id } of changes) {
      if (type === 'addVoter' || type === 'addLearner') this.added.set(id, how)
      if (type === 'remove' && how === 'ok') this.gone.add(id)
      if (type === 'remove' && how === 'rejected') this.count(id, -1)
    }
  }

  private count(id: NodeId, removals: 1 | -1): void {
    this.leaving.set(id, this.removals(id) + removals)
  }

  private removals(id: NodeId): number {
    return this.leaving.get(id) ?? 0
  }

  /** It was asked for, and is decided. */
  isRemoved(id: NodeId, decided: Membership | undefined): boolean {
    return this.removals(id) > 0 && decided !== undefined && !membersOf(decided).includes(id)
  }

  /** What was answered wrongly; undefined: nothing. */
  verdict(decided: Membership | undefined): string | undefined {
    if (decided === undefined) return undefined
    const members = membersOf(decided)
    const are = `members are ${members.join(', ')}`
    for (const [id, how] of this.added) {
      if (how === 'rejected' && members.includes(id)) return `${id} was certainly not added, and ${are}`
      if (how === 'ok' && this.removals(id) === 0 && !members.includes(id)) return `${id} was added, and ${are}`
    }
    for (const id of this.gone) if (members.includes(id)) return `${id} was removed, and ${are}`
    for (const id of this.leaving.keys()) {
      const came = !this.coming.has(id) || this.added.get(id) === 'ok'
      if (came && this.removals(id) === 0 && !members.includes(id)) return `${id} was certainly not removed, and ${are}`
    }
    return undefined
  }
}
