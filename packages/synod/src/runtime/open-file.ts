import fs from 'node:fs'
import { assert, type DiskError } from '../core/index.ts'
import { diskError, readError } from './disk-error.ts'

type SyncDone = (error: DiskError | undefined) => void

/** One file that is open for reading and writing: its length, its sync in flight, and who waits for the next one. */
export class OpenFile {
  path: string
  private readonly descriptor: number
  private length: number
  /** A sync of data alone does not suffice: the file is new to this process, or it has grown. */
  private lengthened = true
  private syncing = false
  private waiting: SyncDone[] = []
  /** After a failed sync the kernel may call the lost pages clean: a later success would be a lie. */
  private syncFailure: DiskError | undefined
  private busy = 0
  private closing = false

  constructor(path: string, descriptor: number) {
    this.path = path
    this.descriptor = descriptor
    this.length = fs.fstatSync(descriptor).size
  }

  /** Into the page cache, at once. A short write is continued until it is whole or fails. */
  write(offset: number, bytes: Uint8Array): DiskError | undefined {
    assert(!this.closing, 'a closed file is not written')
    let written = 0
    try {
      while (written < bytes.length) {
        const more = fs.writeSync(this.descriptor, bytes, written, bytes.length - written, offset + written)
        if (more === 0) throw new Error(`${bytes.length - written} of ${bytes.length} bytes were not accepted`)
        written += more
      }
      return undefined
    } catch (error) {
      return diskError(error, `write ${bytes.length} bytes at ${offset} to`, this.path)
    } finally {
      if (offset + written > this.length) {
        this.length = offset + written
        this.lengthened = true
      }
    }
  }

  /** As many bytes as are there, in memory of their own. */
  read(offset: number, length: number, done: (outcome: Uint8Array | DiskError) => void): void {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.length - offset)))
    let filled = 0
    this.busy++
    const step = (): void => {
      fs.read(this.descriptor, bytes, filled, bytes.length - filled, offset + filled, (error, count) => {
        if (error === null && count > 0 && filled + count < bytes.length) {
          filled += count
          return step()
        }
        this.idle()
        done(error === null ? bytes.subarray(0, filled + count) : readError(error, offset, this.path))
      })
    }
    if (bytes.length > 0) return step()
    // nothing to read is still told in a later turn
    setImmediate(() => {
      this.idle()
      done(bytes)
    })
  }

  /** Covers every write that returned before this call: one that is in flight already does not count, the next one does. */
  sync(done: SyncDone): void {
    this.waiting.push(done)
    if (!this.syncing) this.startSync()
  }

  private startSync(): void {
    const covered = this.waiting
    this.waiting = []
    this.syncing = true
    this.busy++
    const lengthened = this.lengthened
    this.lengthened = false
    const finished = (error: NodeJS.ErrnoException | null): void => {
      this.syncing = false
      if (error !== null) this.syncFailure ??= diskError(error, 'sync', this.path)
      // the next one starts before the waiters are told: they take their time
      if (this.waiting.length > 0) this.startSync()
      for (const done of covered) done(this.syncFailure)
      this.idle()
    }
    if (lengthened) fs.fsync(this.descriptor, finished)
    else fs.fdatasync(this.descriptor, finished)
  }

  /** The descriptor goes when the last operation that uses it has ended. */
  close(): void {
    assert(!this.closing, 'a file is closed once')
    this.closing = true
    this.busy++
    this.idle()
  }

  private idle(): void {
    this.busy--
    if (this.busy === 0 && this.closing) fs.closeSync(this.descriptor)
  }
}
