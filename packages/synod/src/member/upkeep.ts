import { encodeUtf8, type Checksum, type Index, type LogEngine, type SnapshotId } from '../core/index.ts'
import type { Journal } from '../journal/index.ts'
import type { MemberOptions } from './options.ts'
import type { Snapshots } from './snapshots.ts'

export interface UpkeepHolder<Message, Durable> {
  readonly options: MemberOptions
  readonly engine: LogEngine<unknown, Message, Durable>
  readonly journal: Journal<Durable>
  readonly snapshots: Snapshots
  readonly applied: Index
  readonly checksum: Checksum
  /** Runs once all that is persisted so far is durable. */
  onceDurable(action: () => void): void
}

/** Keeps log and journal bounded: when a snapshot is taken, and what may be forgotten once it is durable. */
export class Upkeep<Message, Durable> {
  private readonly holder: UpkeepHolder<Message, Durable>
  /** Position of the journal when the last snapshot began. */
  private since = 0
  /** Of the limits, what makes the next snapshot due. */
  private share = 1

  constructor(holder: UpkeepHolder<Message, Durable>) {
    this.holder = holder
  }

  /** What is in the journal up to now is covered. */
  begin(): void {
    const { journal, options, applied, checksum } = this.holder
    this.since = journal.position
    this.share = shareOf(checksum(encodeUtf8(`${options.self} ${applied}`)))
  }

  takeSnapshotIfDue(): void {
    const { engine, snapshots, journal, applied } = this.holder
    if (snapshots.busy) return
    const entries = applied - (engine.standing.snapshot?.index ?? 0)
    if (!snapshots.due(entries, journal.position - this.since, this.share)) return
    this.begin()
    snapshots.take(engine.snapshotAt(applied))
  }

  /**
   * All that was read is durable. Segments that were cut are still there under their names until their files are used again,
   * and were read as if they were in use. (Who has lost something may need them once more, at its next start.)
   */
  opened(): void {
    const { engine, journal } = this.holder
    const { compacted, repairing } = engine.standing
    if (!repairing) journal.cut(compacted)
  }

  /** A snapshot is durable: the engine may forget what it covers, but for what followers that lag a little may need. */
  taken(snapshot: SnapshotId): void {
    const { engine, snapshots, journal, options } = this.holder
    const { snapshot: newest, compacted } = engine.standing
    if (newest !== undefined && newest.index >= snapshot.index) return
    const { keepEntries, keepBytes } = options.snapshots
    const small = journal.segments.indexWithin(keepBytes, journal.position)
    const through = Math.min(Math.max(snapshot.index - keepEntries, small), snapshot.index, snapshots.servedIndex)
    engine.compact(snapshot, Math.max(through, compacted))
    this.relyOn(snapshot)
  }

  /** Files go only when the record that made them superfluous is durable. */
  relyOn(snapshot: SnapshotId): void {
    const { engine, snapshots, journal } = this.holder
    const { compacted } = engine.standing
    this.holder.onceDurable(() => {
      snapshots.clear(snapshot)
      journal.cut(compacted)
    })
  }
}

/**
 * All members apply the same, and are not to take their snapshots at the same time: while one is busy with its own, the
 * others are a majority that answers quickly. So each is due at three quarters to the whole of the limits, by a hash of
 * who takes it, and when.
 */
function shareOf(hash: number): number {
  return 0.75 + 0.25 * (hash / 2 ** 32)
}
