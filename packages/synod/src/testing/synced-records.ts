/** Follows, through one life of an engine, which of the records that it has persisted are durable: those are folded. */
export class SyncedRecords<Durable> {
  private records: Durable[]
  private folded = 0
  /** How many records of this life are durable. */
  private count: () => number

  constructor(count: () => number = () => 0) {
    this.records = []
    this.count = count
  }

  persisted(record: Durable): void {
    this.records.push(record)
  }

  /** A loss of power now would cost none of them. */
  get allDurable(): boolean {
    return this.count() >= this.records.length
  }

  /** Hands on those that have become durable, in their order, and answers how many they are. */
  fold(restore: (record: Durable) => void): number {
    const durable = Math.min(this.count(), this.records.length)
    const more = durable - this.folded
    for (; this.folded < durable; this.folded++) {
      const record = this.records[this.folded]
      if (record !== undefined) restore(record)
    }
    if (this.folded > 1000) {
      this.records = this.records.slice(this.folded)
      const before = this.folded
      const { count } = this
      this.count = () => count() - before
      this.folded = 0
    }
    return more
  }
}
