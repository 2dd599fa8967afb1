import type { Index, LogEngine, SnapshotId } from '../core/index.ts'
import type { Journal } from '../journal/index.ts'
import type { MemberOptions } from './options.ts'
import type { Snapshots } from './snapshots.ts'

export interface UpkeepHolder<Message, Durable> {
  readonly options: MemberOptions
  readonly engine: LogEngine<unknown, Message, Durable>
  readonly journal: Journal<Durable>
  readonly snapshots: Snapshots
  readonly applied: Index
  /** Runs once all that is persisted so far is durable. */
  onceDurable(action: () => void): void
}

/** Keeps log and journal bounded: when a snapshot is taken, and what may be forgotten once it is durable. */
export class Upkeep<Message, Durable> {
  private readonly holder: UpkeepHolder<Message, Durable>
  /** Position of the journal when the last snapshot began. */
  private since = 0

  constructor(holder: UpkeepHolder<Message, Durable>) {
    this.holder = holder
  }

  /** What is in the journal up to now is covered. */
  begin(): void {
    this.since = this.holder.journal.position
  }

  takeSnapshotIfDue(): void {
    const { engine, snapshots, journal, applied } = this.holder
    if (snapshots.busy) return
    const entries = applied - (engine.standing.snapshot?.index ?? 0)
    if (!snapshots.due(entries, journal.position - this.since)) return
    this.begin()
    snapshots.take(engine.snapshotAt(applied))
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
