import { type Disk, type DiskError, doublingBounds, Histogram } from '../core/index.ts'

/** What was done to a member's files, as plain numbers that only grow: whoever wants to know reads them. */
export interface DiskCounters {
  /** Seconds that a sync of the journal took. */
  readonly journalSync: Histogram
  /** Seconds that it took to give what was written to the journal to the system. */
  readonly journalWrite: Histogram
  readonly journalBytes: number
  /** Seconds that a sync of another file took: a snapshot, or what the member knows of itself. */
  readonly otherSync: Histogram
}

/** From an eighth of a millisecond to eight seconds: etcd's classes, and three below for disks that are faster. */
export const durationBounds: readonly number[] = doublingBounds(0.000_125, 17)

/** A disk that counts. */
export class MeteredDisk implements Disk, DiskCounters {
  readonly journalSync: Histogram = new Histogram(durationBounds)
  readonly journalWrite: Histogram = new Histogram(durationBounds)
  readonly otherSync: Histogram = new Histogram(durationBounds)
  journalBytes = 0
  private readonly disk: Disk
  private readonly beforeJournal: () => void

  /** `beforeJournal`: what comes before each write to the journal, and is no part of it. */
  constructor(disk: Disk, beforeJournal: () => void = () => undefined) {
    this.disk = disk
    this.beforeJournal = beforeJournal
  }

  write(name: string, offset: number, bytes: Uint8Array): DiskError | undefined {
    if (!isJournal(name)) return this.disk.write(name, offset, bytes)
    this.beforeJournal()
    const began = performance.now()
    const error = this.disk.write(name, offset, bytes)
    this.journalWrite.record((performance.now() - began) / 1000)
    this.journalBytes += bytes.length
    return error
  }

  sync(name: string, done: (error: DiskError | undefined) => void): void {
    const histogram = isJournal(name) ? this.journalSync : this.otherSync
    const began = performance.now()
    this.disk.sync(name, (error) => {
      histogram.record((performance.now() - began) / 1000)
      done(error)
    })
  }

  list(done: (outcome: readonly string[] | DiskError) => void): void {
    this.disk.list(done)
  }

  size(name: string, done: (outcome: number | DiskError) => void): void {
    this.disk.size(name, done)
  }

  read(name: string, offset: number, length: number, done: (outcome: Uint8Array | DiskError) => void): void {
    this.disk.read(name, offset, length, done)
  }

  allocate(name: string, size: number, done: (error: DiskError | undefined) => void): void {
    this.disk.allocate(name, size, done)
  }

  rename(from: string, to: string, done: (error: DiskError | undefined) => void): void {
    this.disk.rename(from, to, done)
  }

  remove(name: string, done: (error: DiskError | undefined) => void): void {
    this.disk.remove(name, done)
  }

  syncDirectory(done: (error: DiskError | undefined) => void): void {
    this.disk.syncDirectory(done)
  }
}

function isJournal(name: string): boolean {
  return name.startsWith('journal-')
}
