import {
  DiskError,
  Malformed,
  type Checksum,
  type Disk,
  type Index,
  type Logger,
  type Milliseconds,
  type NodeId,
  type SnapshotId,
  type SnapshotSink,
  type SnapshotSource,
  type Term,
} from '../core/index.ts'
import { isSnapshot, readSnapshot, snapshotName, SnapshotWriter } from './snapshot-file.ts'
import type { Wire } from './wire.ts'

export interface SnapshotLimits {
  /** A snapshot is taken after so many entries, or so many bytes of journal, or a little earlier. */
  readonly entries: number
  readonly bytes: number
  /** Entries, and bytes of journal, kept behind a snapshot, so that a follower who lags a little needs no snapshot. */
  readonly keepEntries: number
  readonly keepBytes: number
  /** Pieces written between two turns: the longest that a snapshot holds up anybody. */
  readonly piecesPerTurn: number
  /** A fetch without progress is asked for again after so long. */
  readonly retry: Milliseconds
  readonly chunkBytes: number
}

/** What the snapshots need of the member around them. */
export interface SnapshotsHolder {
  readonly log: Logger
  now(): Milliseconds
  source(): SnapshotSource
  sink(): SnapshotSink
  tell(to: NodeId, wire: Wire<never>): void
  /** Call `step` in a turn soon. */
  soon(): void
  /** Call `repeat` after `retry`. */
  later(): void
  /** A snapshot is durable here. */
  taken(snapshot: SnapshotId): void
  /** The bytes of an offered snapshot are durable here: its message may be received. */
  fetched(snapshot: SnapshotId): void
  failed(error: DiskError): void
}

interface Taking {
  readonly snapshot: SnapshotId
  readonly source: SnapshotSource
  readonly writer: SnapshotWriter
}

interface Fetching {
  readonly snapshot: SnapshotId
  from: NodeId
  offset: number
  total: number
  progress: Milliseconds
  /** Its last bytes are here: being checked and made durable. */
  complete: boolean
  /** What an earlier fetch left behind is gone: bytes may come. */
  ready: boolean
}

const takingFile = 'snapshot-aside'
const fetchingFile = 'snapshot-incoming'
const servedFor: Milliseconds = 30_000
const pauseAfterFailure: Milliseconds = 10_000
const window = 4

/**
 * Snapshots as files: taken beside running writes, sent to members that lag, fetched by those who lag at their own
 * pace, so that a transfer goes on where it stopped, whatever broke.
 */
export class Snapshots {
  readonly disk: Disk
  readonly checksum: Checksum
  readonly limits: SnapshotLimits
  readonly holder: SnapshotsHolder

  private readonly files = new Set<string>()
  private taking: Taking | undefined
  private fetching: Fetching | undefined
  private readonly served = new Map<string, { readonly index: Index; readonly until: Milliseconds }>()
  private pausedUntil: Milliseconds = 0
  /** A file that was taken gets its name: until it has, no other one is begun. */
  private publishing = false

  constructor(disk: Disk, checksum: Checksum, limits: SnapshotLimits, holder: SnapshotsHolder) {
    this.disk = disk
    this.checksum = checksum
    this.limits = limits
    this.holder = holder
  }

  /** The files that an opening found. */
  adopt(names: readonly string[]): void {
    for (const name of names) if (isSnapshot(name)) this.files.add(name)
  }

  get busy(): boolean {
    return this.taking !== undefined || this.publishing
  }

  has(snapshot: SnapshotId): boolean {
    return this.files.has(snapshotName(snapshot))
  }

  /** The newest file cannot be used, and the others were not looked at: whatever is offered is fetched, and checked. */
  forget(): void {
    this.files.clear()
  }

  // Taking one

  /** Is one due, `entries` and `bytes` after the last, at that share of the limits? */
  due(entries: number, bytes: number, share: number): boolean {
    if (this.busy || this.holder.now() < this.pausedUntil) return false
    return entries >= share * this.limits.entries || (bytes >= share * this.limits.bytes && entries > 0)
  }

  take(snapshot: SnapshotId): void {
    const writer = new SnapshotWriter(this.disk, takingFile, this.checksum)
    const taking = { snapshot, source: this.holder.source(), writer }
    this.taking = taking
    this.disk.remove(takingFile, (error) => {
      if (this.taking !== taking) return
      if (error !== undefined && error.code !== 'not-found') return this.abandon(error)
      const failure = writer.head(snapshot)
      if (failure !== undefined) return this.abandon(failure)
      this.holder.soon()
    })
  }

  /** A few pieces at a time, so that everything else goes on between them. */
  step(): void {
    const taking = this.taking
    if (taking === undefined) return
    for (let i = 0; i < this.limits.piecesPerTurn; i++) {
      const piece = taking.source.next()
      const failure = piece === undefined ? taking.writer.end() : taking.writer.piece(piece)
      if (failure !== undefined) return this.abandon(failure)
      if (piece === undefined) return this.keep(taking)
    }
    this.holder.soon()
  }

  private keep(taking: Taking): void {
    const name = snapshotName(taking.snapshot)
    this.publishing = true
    this.publish(takingFile, name, (error) => {
      this.publishing = false
      if (this.taking !== taking) return
      if (error !== undefined) return this.abandon(error)
      taking.source.close()
      this.taking = undefined
      this.holder.taken(taking.snapshot)
    })
  }

  private publish(aside: string, name: string, done: (error: DiskError | undefined) => void): void {
    this.disk.sync(aside, (unsynced) => {
      if (unsynced !== undefined) return done(unsynced)
      this.disk.rename(aside, name, (unnamed) => {
        if (unnamed !== undefined) return done(unnamed)
        this.disk.syncDirectory((error) => {
          if (error === undefined) this.files.add(name)
          done(error)
        })
      })
    })
  }

  /** For want of space it is tried again later; anything else stops the node. */
  private abandon(error: DiskError): void {
    this.taking?.source.close()
    this.taking = undefined
    if (error.code !== 'no-space') return this.holder.failed(error)
    this.pausedUntil = this.holder.now() + pauseAfterFailure
    this.holder.log.warn('no space for a snapshot: it will be tried again', { error: error.message })
    this.discard(takingFile)
  }

  private discard(name: string): void {
    this.disk.remove(name, (error) => {
      if (error !== undefined && error.code !== 'not-found') this.holder.failed(error)
    })
  }

  /** The state machine is being replaced: a snapshot of what it was is of no use. */
  cancel(): void {
    this.taking?.source.close()
    this.taking = undefined
  }

  // Serving

  /** Nothing above this may be compacted away: a member that is fetching a snapshot will need the entries after it. */
  get servedIndex(): Index {
    const now = this.holder.now()
    let least = Infinity
    for (const [name, { index, until }] of this.served) {
      if (until <= now) this.served.delete(name)
      else least = Math.min(least, index)
    }
    return least
  }

  /** A member asks for the next bytes of a file. */
  serve(to: NodeId, { index, term, offset }: Extract<Wire<never>, { type: 'fetch' }>): void {
    const name = snapshotName({ index, term })
    const gone = (): void => this.holder.tell(to, { type: 'gone', index, term })
    if (!this.files.has(name)) return gone()
    this.served.set(name, { index, until: this.holder.now() + servedFor })
    this.disk.size(name, (total) => {
      if (total instanceof DiskError) return gone()
      this.disk.read(name, offset, this.limits.chunkBytes * window, (bytes) => {
        if (bytes instanceof DiskError) {
          // The next one is offered when it is taken.
          if (bytes.code === 'unreadable') this.holder.log.warn('a snapshot cannot be read', { error: bytes.message })
          return gone()
        }
        for (let at = 0; at < bytes.length; at += this.limits.chunkBytes) {
          const chunk = bytes.subarray(at, at + this.limits.chunkBytes)
          this.holder.tell(to, { type: 'chunk', index, term, offset: offset + at, total, bytes: chunk })
        }
      })
    })
  }

  // Fetching

  /** A leader offers a snapshot that is not here. One that is being fetched is finished first: it may be enough. */
  fetch(from: NodeId, snapshot: SnapshotId): void {
    const now = this.holder.now()
    if (now < this.pausedUntil) return
    if (this.fetching !== undefined) {
      // Whoever offers now may have the old one too; if not it says so, and the next offer is fetched.
      if (now - this.fetching.progress >= 2 * this.limits.retry) this.fetching.from = from
      return
    }
    const fetching: Fetching = { snapshot, from, offset: 0, total: -1, progress: now, complete: false, ready: false }
    this.fetching = fetching
    this.disk.remove(fetchingFile, (error) => {
      if (error !== undefined && error.code !== 'not-found') return this.holder.failed(error)
      fetching.ready = true
      if (this.fetching === fetching) this.ask()
    })
    this.holder.later()
  }

  private ask(): void {
    const fetching = this.fetching
    if (fetching === undefined) return
    const { index, term } = fetching.snapshot
    this.holder.tell(fetching.from, { type: 'fetch', index, term, offset: fetching.offset })
  }

  chunk({ index, term, offset, total, bytes }: Extract<Wire<never>, { type: 'chunk' }>): void {
    const fetching = this.current(index, term)
    if (fetching?.ready !== true || fetching.complete || bytes.length === 0) return
    if (fetching.total >= 0 && fetching.total !== total) return this.restart()
    if (offset !== fetching.offset) return
    const error = this.disk.write(fetchingFile, offset, bytes)
    if (error !== undefined) {
      if (error.code !== 'no-space') return this.holder.failed(error)
      this.holder.log.warn('no space for a snapshot of the leader: it will be fetched again', { error: error.message })
      this.pausedUntil = this.holder.now() + pauseAfterFailure
      this.fetching = undefined
      this.discard(fetchingFile)
      return
    }
    fetching.total = total
    fetching.offset += bytes.length
    fetching.progress = this.holder.now()
    if (fetching.offset >= total) this.check(fetching)
    else if ((fetching.offset / this.limits.chunkBytes) % window === 0) this.ask()
  }

  /** The file is complete: every piece of it is checked before anybody relies on it. */
  private check(fetching: Fetching): void {
    fetching.complete = true
    readSnapshot(
      this.disk,
      fetchingFile,
      this.checksum,
      () => undefined,
      (outcome) => {
        if (this.fetching !== fetching) return
        const isUnreadable = outcome instanceof DiskError && outcome.code === 'unreadable'
        if (outcome instanceof DiskError && !isUnreadable) return this.holder.failed(outcome)
        if (
          outcome instanceof Error ||
          outcome.index !== fetching.snapshot.index ||
          outcome.term !== fetching.snapshot.term
        ) {
          this.holder.log.warn('a fetched snapshot is damaged: it will be fetched again', { from: fetching.from })
          return this.restart()
        }
        this.publish(fetchingFile, snapshotName(fetching.snapshot), (error) => {
          if (error !== undefined) return this.holder.failed(error)
          this.fetching = undefined
          this.holder.fetched(fetching.snapshot)
        })
      },
    )
  }

  /** The sender has it no more; it will offer a newer one. */
  gone({ index, term }: Extract<Wire<never>, { type: 'gone' }>): void {
    if (this.current(index, term)?.complete === false) this.fetching = undefined
  }

  private current(index: Index, term: Term): Fetching | undefined {
    const { fetching } = this
    return fetching?.snapshot.index === index && fetching.snapshot.term === term ? fetching : undefined
  }

  private restart(): void {
    this.fetching = undefined
  }

  /** Now and then while a fetch is under way: what was lost is asked for again, from where it stopped. */
  repeat(): boolean {
    const { fetching } = this
    if (fetching === undefined) return false
    if (!fetching.complete && this.holder.now() - fetching.progress >= this.limits.retry) this.ask()
    return true
  }

  // Loading and clearing up

  /** Replaces the state machine by what the file holds. `Malformed`: it holds something else, and nothing was replaced. */
  load(snapshot: SnapshotId, done: (outcome: SnapshotId | Malformed | DiskError) => void): void {
    const sink = this.holder.sink()
    let malformed: Malformed | undefined
    const piece = (bytes: Uint8Array): void => {
      try {
        if (malformed === undefined) sink.write(bytes)
      } catch (error) {
        if (!(error instanceof Malformed)) throw error
        malformed = error
      }
    }
    readSnapshot(this.disk, snapshotName(snapshot), this.checksum, piece, (outcome) => {
      if (outcome instanceof Error) return done(outcome)
      if (malformed !== undefined) return done(malformed)
      if (outcome.index !== snapshot.index || outcome.term !== snapshot.term)
        return done(new Malformed('it is another snapshot'))
      try {
        sink.finish()
      } catch (error) {
        if (error instanceof Malformed) return done(error)
        throw error
      }
      done(outcome)
    })
  }

  /** The engine relies on `newest` durably: what is older goes, unless somebody is fetching it. */
  clear(newest: SnapshotId): void {
    const kept = snapshotName(newest)
    void this.servedIndex
    for (const name of this.files) {
      // One that is newer was just fetched, and is about to be relied on.
      if (name === kept || this.served.has(name) || indexOf(name) > newest.index) continue
      this.files.delete(name)
      this.discard(name)
    }
  }
}

function indexOf(name: string): Index {
  return Number(name.split('-')[1])
}
