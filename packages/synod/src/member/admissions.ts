import type { NodeId, SnapshotId } from '../core/index.ts'

interface Admission<Message> {
  readonly snapshot: SnapshotId
  readonly message: Message
  readonly from: NodeId
}

/** Offers are repeated while a snapshot is fetched: the last of each is enough, and few are under way. */
const kept = 4

/** Messages that wait for their attachment to be durable here. */
export class Admissions<Message> {
  private waiting: Admission<Message>[] = []

  add(admission: Admission<Message>): void {
    this.waiting = [...this.waiting.filter(({ snapshot }) => snapshot.index !== admission.snapshot.index), admission]
    // The oldest is the one that is being fetched: evicted, its bytes would arrive for nothing.
    if (this.waiting.length > kept) this.waiting.splice(1, 1)
  }

  /** The one that waited for this snapshot; those for older ones have lost their point. */
  take(snapshot: SnapshotId): Admission<Message> | undefined {
    const found = this.waiting.find(
      (admission) => admission.snapshot.index === snapshot.index && admission.snapshot.term === snapshot.term,
    )
    this.waiting = this.waiting.filter((admission) => admission.snapshot.index > snapshot.index)
    return found
  }
}
