import { assert, DiskError, present, Reader, Writer, type Checksum, type Codec, type Disk } from '../core/index.ts'
import {
  encodeHead,
  encodeRecord,
  hasBothHeads,
  recordLength,
  seedOf,
  UnknownFormat,
  type SegmentHead,
} from './format.ts'
import { healingPatches, readablePatches, readSegments, type Patch } from './reading.ts'
import { scan, type Scan } from './recovery.ts'
import { isSegment, Segments } from './segments.ts'

export interface JournalOptions {
  /** Size of a segment file. Smaller ones cost more directory syncs, larger ones keep a cut journal longer. */
  readonly segmentBytes: number
  readonly checksum: Checksum
  /** For the seed of the first segment, so that no record of another journal is ever taken for one of this. In [0, 1). */
  readonly random: () => number
}

/** What the journal asks of its holder, and tells it; the telling in turns of their own. */
export interface JournalHolder<Durable> {
  /** The engine's checkpoint as of now, and the last index of its log: what a new segment begins with. */
  checkpoint(): { readonly record: Durable; readonly index: number }
  /** The first `count` records appended since the opening are durable. */
  durable(count: number): void
  /** A write or sync failed: a later success would prove nothing (Rebello et al., ATC'20). The node stops. */
  failed(error: DiskError): void
  /** `low`: no next segment can be prepared, what is left of this one is the reserve. `ready`: there is room again. */
  room(state: 'ready' | 'low', cause: DiskError | undefined): void
}

/** The journal cannot even be begun to read. `cause`: it is the disk that does not give it back. */
export class JournalUnreadable extends Error {
  override readonly name = 'JournalUnreadable'
}

/**
 * The journal of one member: what it persisted, in order, over files of fixed size. One write and one sync are under
 * way at most; what is appended meanwhile goes with the next. So a power cut tears the last flush and the mark before
 * it, and nothing else.
 */
export class Journal<Durable> {
  readonly disk: Disk
  readonly codec: Pick<Codec<unknown, Durable>, 'record' | 'readRecord'>
  readonly options: JournalOptions
  readonly holder: JournalHolder<Durable>
  readonly segments: Segments

  /** Records appended, and of these durable, since the opening. */
  appended = 0
  durable = 0
  /** Grows with each opening; makes a command's number unique for ever. */
  epoch = 0
  /** Where the next record goes, counted from the journal's very beginning. */
  position = 0
  /** A write or sync is under way. */
  busy = false

  private offset = 0
  private synced = 0
  private dirty = false
  /** As the opening found them: the heads of the last segment, and what is in it behind all that is known to be synced. */
  private isHeadUnsure = false
  private unsure: readonly Patch[] = []
  /** What the disk did not give back: it does so again once it is written over. */
  private healing: { readonly unused: readonly Patch[]; readonly used: readonly Patch[] } = { unused: [], used: [] }
  private marked = false
  /** It waits for the next segment. */
  rolling = false
  /** Filled from the end, written from the front; each becomes one flush record. */
  private readonly queue: Flush[] = []
  private readonly spare: Writer[] = []
  private buffer: Uint8Array = new Uint8Array(4096)

  constructor(
    disk: Disk,
    codec: Pick<Codec<unknown, Durable>, 'record' | 'readRecord'>,
    options: JournalOptions,
    holder: JournalHolder<Durable>,
  ) {
    this.disk = disk
    this.codec = codec
    this.options = options
    this.holder = holder
    this.segments = new Segments(disk, options.segmentBytes, {
      ready: () => this.advance(),
      room: (state, cause) => holder.room(state, cause),
      failed: (error) => this.fail(error),
    })
  }

  /** Gives a directory without a journal its first segment: written aside, synced, renamed, its name synced. */
  format(bootstrap: Durable, done: (error: DiskError | undefined) => void): void {
    const head = encodeHead(this.head(1, bootstrap, 0), this.options.checksum)
    this.segments.create(1, head, done)
  }

  /** Reads what is there. The holder folds the items, then calls `begin`. Nothing on the disk is changed. */
  open(
    names: readonly string[],
    done: (outcome: Scan<Durable> | JournalUnreadable | UnknownFormat | DiskError) => void,
  ): void {
    const ids = names.filter(isSegment).map((name) => Number(name.slice('journal-'.length)))
    readSegments(
      this.disk,
      ids.toSorted((a, b) => a - b),
      (files) => {
        if (files instanceof DiskError) return done(files)
        let found: Scan<Durable>
        try {
          found = scan(files, this.codec, (bytes) => this.codec.readRecord(new Reader(bytes)), this.options.checksum)
        } catch (error) {
          if (error instanceof UnknownFormat) return done(error)
          throw error
        }
        const last = found.segments.at(-1)
        if (last === undefined) {
          const [part] = found.unreadable
          const cause = part && new DiskError('unreadable', `the disk cannot read ${part.file} at ${part.from}`)
          return done(new JournalUnreadable('no segment of the journal has a readable head', { cause }))
        }
        this.position = found.position
        this.offset = found.offset
        this.synced = Math.max(found.synced, found.lost)
        this.epoch = found.epoch + 1
        this.dirty = true
        const file = present(
          files.find(({ id }) => id === last.id),
          'the last segment has a file',
        )
        const known = last.length + found.synced - last.start
        this.unsure = readablePatches(file, { from: known, to: found.offset })
        this.isHeadUnsure = known === last.length || !hasBothHeads(file.bytes, last, this.options.checksum)
        const headOf = (id: number): SegmentHead | undefined => found.segments.find((head) => head.id === id)
        const patches = (isUsed: boolean): Patch[] =>
          files
            .filter(({ id }) => (headOf(id) !== undefined) === isUsed)
            .flatMap((each) => healingPatches(each, headOf(each.id), this.options.checksum))
        this.healing = { unused: patches(false), used: patches(true) }
        this.segments.adopt(found.segments, files, found.fileBytes)
        done(found)
      },
    )
  }

  /**
   * A record of the new epoch, which the holder has made durable elsewhere too, is written, and with it all that was read is
   * made durable: after a death of the process alone it may be in the page cache only. `holder.durable(1)` says that it is
   * done.
   */
  begin(epoch: number): void {
    assert(epoch >= this.epoch, 'an epoch is not used twice')
    this.epoch = epoch
    if (this.isHeadUnsure) this.writeHeadAgain()
    this.writeUnsureAgain()
    this.heal(this.healing.unused)
    this.segments.maintain()
    this.append(this.holder.checkpoint().record)
    this.flush()
  }

  /**
   * One of the two copies is damaged or torn, or both, or nothing tells that they were ever synced: what was read of them, or
   * made anew, is written again. Others are left alone: a write that goes astray might destroy the last records, before
   * anything is written that tells of them.
   */
  private writeHeadAgain(): void {
    const { inUse, file, fileBytes } = this.segments
    const head = inUse.at(-1)
    if (head === undefined) return
    const error = this.segments.writeHead(file, encodeHead(head, this.options.checksum), fileBytes)
    if (error !== undefined) this.fail(error)
  }

  /**
   * What was read and is not known to be synced may be in the page cache alone, and there pass for clean: after a sync that
   * failed, the next one says nothing of it (Rebello et al., ATC'20). Written again, it goes with the next one.
   */
  private writeUnsureAgain(): void {
    for (const { file, offset, bytes } of this.unsure) {
      if (this.segments.halted) return
      const error = this.disk.write(file, offset, bytes)
      if (error !== undefined) this.fail(error)
    }
    this.unsure = []
  }

  /**
   * A disk puts another sector in the place of a bad one when that is written. In a segment in use not before a record is
   * durable that tells of all that may be lost: zeros that can be read pass for an end where nothing was ever written.
   */
  private heal(patches: readonly Patch[]): void {
    for (const { file, offset, bytes } of patches) {
      if (this.segments.halted) return
      const error = this.disk.write(file, offset, bytes)
      if (error !== undefined) return this.fail(error)
    }
    for (const file of new Set(patches.map((patch) => patch.file)))
      this.disk.sync(file, (error) => (error === undefined ? undefined : this.fail(error)))
  }

  /** Encoded at once; on the disk after `flush` and a sync. */
  append(record: Durable): void {
    this.appended++
    let flush = this.queue.at(-1)
    if (
      flush === undefined ||
      flush.writing ||
      flush.body.length + flush.body.payloadLength > this.options.segmentBytes / 8
    ) {
      flush = { body: this.spare.pop() ?? new Writer(16 * 1024), records: 0, writing: false }
      this.queue.push(flush)
    }
    this.codec.record(record, flush.body)
    flush.records++
  }

  /** Bytes appended that are not on the disk yet. */
  get waiting(): number {
    return this.queue.reduce((sum, flush) => sum + flush.body.length + flush.body.payloadLength, 0)
  }

  /** Once a turn: one write, one sync, unless one is under way. */
  flush(): void {
    if (this.busy || this.rolling || this.segments.halted) return
    const first = this.queue[0]
    if (first === undefined) return
    if (!this.fits(first.body)) return this.roll()
    this.busy = true
    first.writing = true
    if (!this.write(first.body)) return
    this.disk.sync(this.segments.file, (error) => this.written(error, first))
  }

  /**
   * After a sync with nothing further to write: a small record that says so, not synced itself. Until it or another
   * record is there, the end of the journal could not be told from a torn tail.
   */
  mark(): void {
    if (this.busy || this.rolling || this.marked || this.queue.length > 0 || this.segments.halted) return
    const body = this.spare.pop() ?? new Writer()
    this.codec.record(this.holder.checkpoint().record, body)
    if (this.fits(body)) {
      this.write(body)
      this.marked = true
    }
    body.reset()
    this.spare.push(body)
  }

  /** Segments of which nothing is needed once the log is compacted up to `index` are used again or removed. That compaction is durable. */
  cut(index: number): void {
    this.segments.cut(index)
  }

  /** Bytes from the oldest segment to the end. */
  get length(): number {
    return this.position - this.segments.start
  }

  private fits(body: Writer): boolean {
    return this.offset + recordLength(body.length, body.payloadLength) <= this.segments.endOffset
  }

  /** false: it failed, and the holder has been told. */
  private write(body: Writer): boolean {
    const length = recordLength(body.length, body.payloadLength)
    if (length > this.buffer.length) this.buffer = new Uint8Array(Math.max(length, this.buffer.length * 2))
    const header = { position: this.position, synced: this.synced, epoch: this.epoch }
    encodeRecord(header, body, this.segments.seed, this.options.checksum, this.buffer)
    const error = this.disk.write(this.segments.file, this.offset, this.buffer.subarray(0, length))
    this.offset += length
    this.position += length
    this.dirty = true
    this.marked = false
    if (error !== undefined) this.fail(error)
    return error === undefined
  }

  private written(error: DiskError | undefined, flush: Flush): void {
    this.busy = false
    if (error !== undefined) return this.fail(error)
    this.synced = this.position
    this.dirty = false
    this.durable += flush.records
    const healing = this.healing.used
    if (healing.length > 0) {
      this.healing = { unused: [], used: [] }
      this.heal(healing)
    }
    assert(this.queue.shift() === flush, 'flushes become durable in the order in which they were written')
    flush.body.reset()
    if (this.spare.length < 4) this.spare.push(flush.body)
    this.holder.durable(this.durable)
    // More was appended than one flush takes: it does not wait for another turn.
    if (this.queue.length > 0) this.flush()
  }

  /** The next segment begins when the one before it is durable to its end; so a head proves that all before it was synced. */
  private roll(): void {
    assert(this.offset > this.segments.firstOffset, 'a flush fits into an empty segment')
    this.rolling = true
    if (!this.dirty) return this.advance()
    this.busy = true
    this.disk.sync(this.segments.file, (error) => {
      this.busy = false
      if (error !== undefined) return this.fail(error)
      this.synced = this.position
      this.dirty = false
      this.advance()
    })
  }

  private advance(): void {
    if (!this.rolling || this.busy || this.segments.halted || !this.segments.nextReady) return
    const { record, index } = this.holder.checkpoint()
    const head = this.head(this.segments.lastId + 1, record, index)
    const bytes = encodeHead(head, this.options.checksum)
    const error = this.segments.advance({ ...head, length: bytes.length }, bytes)
    if (error !== undefined) return this.fail(error)
    this.offset = bytes.length
    this.dirty = true
    this.rolling = false
    this.flush()
  }

  private head(id: number, record: Durable, index: number): Omit<SegmentHead, 'length'> {
    const out = new Writer()
    this.codec.record(record, out)
    assert(out.payloadLength === 0, 'a checkpoint carries no commands')
    const last = this.segments.inUse.at(-1)
    const seed = last === undefined ? Math.floor(this.options.random() * 0x1_0000_0000) : seedOf(id, last)
    return { id, start: this.position, index, seed, epoch: this.epoch, checkpoint: out.control.slice(0, out.length) }
  }

  private fail(error: DiskError): void {
    if (this.segments.halted) return
    this.segments.halted = true
    this.holder.failed(error)
  }
}

/** What becomes one flush record. */
interface Flush {
  readonly body: Writer
  records: number
  writing: boolean
}
