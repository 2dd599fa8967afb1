import { present, type Disk, type DiskError } from '../core/index.ts'
import { neverFirst, type SegmentFile, type SegmentHead } from './format.ts'

const pattern = /^journal-\d{10}$/
const aside = 'journal-aside'
/**
 * Files of cut segments are kept for use as next ones: writing over them needs no new space and no zeros, and neither
 * they nor a removal hold up the disk. So many at least, and more while all files together are not more than these:
 * what a journal takes between two snapshots, so that it comes to use the same files round and round.
 */
const keptFilesMin = 2
const filesMax = 8

export function fileOf(id: number): string {
  return `journal-${String(id).padStart(10, '0')}`
}

export function isSegment(name: string): boolean {
  return pattern.test(name)
}

export interface SegmentsHolder {
  ready(): void
  room(state: 'ready' | 'low', cause: DiskError | undefined): void
  failed(error: DiskError): void
}

/**
 * The files under a journal: which are in use, the next one that is made ready before it is needed, and the old ones
 * that go. One change of names is under way at a time, each durable before the next begins: the oldest segment is
 * always the first to disappear, so that a power cut never leaves a gap that would pass for corruption.
 */
export class Segments {
  readonly disk: Disk
  readonly segmentBytes: number
  readonly holder: SegmentsHolder

  inUse: SegmentHead[] = []
  /** Size of the last segment's file. */
  fileBytes = 0
  nextReady = false
  /** A failure was reported: nothing more is written. */
  halted = false

  private nextBytes = 0
  private fileId = 0
  private fileName = fileOf(0)
  /** Cut segments, oldest first, still under their names. */
  private old: string[] = []
  private maintaining = false
  private low = false

  constructor(disk: Disk, segmentBytes: number, holder: SegmentsHolder) {
    this.disk = disk
    this.segmentBytes = segmentBytes
    this.holder = holder
  }

  get lastId(): number {
    return this.inUse.at(-1)?.id ?? 0
  }

  /** Put together once for each: it is asked for at every write. */
  get file(): string {
    const { lastId } = this
    if (lastId !== this.fileId) {
      this.fileId = lastId
      this.fileName = fileOf(lastId)
    }
    return this.fileName
  }

  get seed(): number {
    return present(this.inUse.at(-1), 'a segment is in use').seed
  }

  /** All there are; the next one is among them. */
  private get files(): number {
    return this.inUse.length + 1 + this.old.length
  }

  /** Where the last segment's first record lies. */
  get firstOffset(): number {
    return this.inUse.at(-1)?.length ?? 0
  }

  get start(): number {
    return this.inUse[0]?.start ?? 0
  }

  /** The smallest index to which a log may be compacted so that what is kept of the journal fits in `bytes`. */
  indexWithin(bytes: number, position: number): number {
    const known = this.inUse.filter((segment) => segment.index !== neverFirst)
    for (const segment of known) if (position - segment.start <= bytes) return segment.index
    return known.at(-1)?.index ?? 0
  }

  create(id: number, head: Uint8Array, done: (error: DiskError | undefined) => void): void {
    this.allocate(fileOf(id), head, done)
  }

  /**
   * What an opening found. Files beyond the last segment were made ready, or begun and torn; those before the first one
   * were cut. All are used again, the one that bears the next segment's name already as the first.
   */
  adopt(heads: readonly SegmentHead[], files: readonly SegmentFile[], fileBytes: number): void {
    this.inUse = [...heads]
    this.fileBytes = fileBytes
    const firstId = heads[0]?.id ?? 0
    const beyond = files.filter(({ id }) => id > this.lastId)
    const before = files.filter(({ id }) => id < firstId)
    this.old = [...beyond, ...before].map(({ id }) => fileOf(id))
  }

  /** Begins the segment that was made ready. */
  advance(head: SegmentHead, bytes: Uint8Array): DiskError | undefined {
    this.inUse.push(head)
    this.fileBytes = this.nextBytes
    this.nextReady = false
    const error = this.writeHead(fileOf(head.id), bytes, this.fileBytes)
    this.maintain()
    return error
  }

  /** At the beginning of the file, and once more at its end: one damaged sector never hides a whole segment. */
  writeHead(file: string, bytes: Uint8Array, fileBytes: number): DiskError | undefined {
    return this.disk.write(file, 0, bytes) ?? this.disk.write(file, fileBytes - bytes.length, bytes)
  }

  /** Where the last segment's records end at the latest. */
  get endOffset(): number {
    return this.fileBytes - this.firstOffset
  }

  cut(index: number): void {
    const first = this.inUse.findLastIndex((segment) => segment.index <= index)
    if (first > 0) this.old.push(...this.inUse.splice(0, first).map((segment) => fileOf(segment.id)))
    this.maintain()
  }

  /** Makes the next segment ready and removes what is too old; called again after a failure for want of space. */
  maintain(): void {
    if (this.maintaining || this.halted) return
    if (!this.nextReady) {
      this.maintaining = true
      const name = fileOf(this.lastId + 1)
      const done = (error: DiskError | undefined): void => this.prepared(error)
      const oldest = this.old[0]
      if (oldest === undefined) this.allocate(name, undefined, done)
      else this.reuse(oldest, name, done)
    } else if (this.old.length > keptFilesMin && this.files > filesMax) {
      const oldest = present(this.old[0], 'there is an old segment')
      this.maintaining = true
      this.disk.remove(oldest, (error) => this.named(error, () => this.removed(oldest)))
    }
  }

  private removed(name: string): void {
    this.maintaining = false
    this.old = this.old.filter((other) => other !== name)
    this.maintain()
  }

  private prepared(error: DiskError | undefined): void {
    this.maintaining = false
    if (error?.code === 'no-space') {
      if (!this.low) this.holder.room('low', error)
      this.low = true
      return
    }
    if (error !== undefined) return this.holder.failed(error)
    this.nextReady = true
    if (this.low) this.holder.room('ready', undefined)
    this.low = false
    this.maintain()
    this.holder.ready()
  }

  /** A file of another size is of no use: it goes, and another one is tried. */
  private reuse(old: string, name: string, done: (error: DiskError | undefined) => void): void {
    this.disk.size(old, (size) => {
      if (typeof size === 'object') return done(size)
      if (size !== this.segmentBytes) {
        this.disk.remove(old, (error) =>
          this.named(error, () => {
            this.removed(old)
          }),
        )
        return
      }
      this.nextBytes = size
      const renamed = (error: DiskError | undefined): void =>
        this.named(error, () => {
          this.old = this.old.filter((other) => other !== old)
          done(undefined)
        })
      if (old === name) renamed(undefined)
      else this.disk.rename(old, name, renamed)
    })
  }

  private allocate(name: string, head: Uint8Array | undefined, done: (error: DiskError | undefined) => void): void {
    this.nextBytes = this.segmentBytes
    this.disk.allocate(aside, this.segmentBytes, (error) => {
      const failure = error ?? (head === undefined ? undefined : this.writeHead(aside, head, this.segmentBytes))
      if (failure !== undefined) return this.disk.remove(aside, () => done(failure))
      this.disk.sync(aside, (unsynced) => {
        if (unsynced !== undefined) return done(unsynced)
        this.disk.rename(aside, name, (unnamed) => {
          if (unnamed !== undefined) return done(unnamed)
          this.disk.syncDirectory(done)
        })
      })
    })
  }

  /** A name was changed: durable before anything else happens. */
  private named(error: DiskError | undefined, then: () => void): void {
    if (error !== undefined) {
      this.maintaining = false
      return this.holder.failed(error)
    }
    this.disk.syncDirectory((unsynced) => {
      if (unsynced === undefined) return then()
      this.maintaining = false
      this.holder.failed(unsynced)
    })
  }
}
