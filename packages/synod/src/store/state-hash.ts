import { Writer, type Checksum } from '../core/index.ts'
import { writeChange } from './snapshot.ts'
import type { LogReader, RevisionLog } from './revisions.ts'

/** What a hash needs of the store. */
export interface Hashed {
  readonly log: RevisionLog
  readonly compacted: number
  readonly checksum: Checksum
}

const blockBytes = 64 * 1024
/** Looking at a change takes time too. */
const leastPerChange = 32

/**
 * The checksum of everything that may be read up to a revision and has not been compacted, at the compaction of now. It
 * does not depend on how a member came by its state, nor on how far it has reclaimed. Large states take time, so it
 * comes in steps; writes may go on between them. Like every reader of the log it must be closed.
 */
export class StateHash {
  readonly revision: number
  readonly compactRevision: number
  private readonly checksum: Checksum
  private readonly reader: LogReader
  private readonly out = new Writer()
  private sum = 0

  constructor(store: Hashed, revision: number) {
    this.revision = revision
    this.compactRevision = store.compacted
    this.checksum = store.checksum
    this.reader = store.log.read(revision)
    this.out.u53(this.compactRevision)
  }

  /** Hashes about so many bytes; the checksum when it is done. */
  step(bytes: number): number | undefined {
    for (let left = bytes; left > 0;) {
      if (!this.reader.next()) {
        this.fold()
        this.reader.close()
        return this.sum
      }
      const hashed = this.out.length
      if (!this.reader.page.obsolete(this.reader.place, this.compactRevision)) writeChange(this.out, this.reader)
      left -= this.out.length - hashed + leastPerChange
      if (this.out.length >= blockBytes) this.fold()
    }
    return undefined
  }

  /** In one go. */
  finish(): number {
    return this.step(Infinity) ?? 0
  }

  close(): void {
    this.reader.close()
  }

  private fold(): void {
    this.sum = this.checksum(this.out.control.subarray(0, this.out.length), this.sum)
    this.out.reset()
  }
}
