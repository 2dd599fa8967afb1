import { DiskError, type Halt, type Malformed, type SnapshotId } from '../core/index.ts'
import type { Output } from './effects.ts'

export interface InstallationHolder {
  load(snapshot: SnapshotId, done: (outcome: SnapshotId | Malformed | DiskError) => void): void
  /** The state machine is the snapshot's; what the engine told meanwhile is to be carried out now. */
  installed(snapshot: SnapshotId, delayed: readonly Output[]): void
  halt(reason: Halt): void
}

/** The engine adopted a snapshot: the state machine is replaced, and decisions wait until it is. */
export class Installation {
  private readonly holder: InstallationHolder
  private snapshot: SnapshotId | undefined
  private delayed: Output[] = []

  constructor(holder: InstallationHolder) {
    this.holder = holder
  }

  get underWay(): boolean {
    return this.snapshot !== undefined
  }

  delay(output: Output): void {
    this.delayed.push(output)
  }

  begin(snapshot: SnapshotId): void {
    this.snapshot = snapshot
    this.holder.load(snapshot, (outcome) => {
      if (this.snapshot !== snapshot) return
      if (outcome instanceof Error) {
        // What the disk cannot read is damaged: at the next start another one is fetched.
        const code = outcome instanceof DiskError && outcome.code !== 'unreadable' ? 'disk' : 'corrupt'
        const message = `the snapshot of index ${snapshot.index} cannot be read: ${outcome.message}`
        return this.holder.halt({ code, message, cause: outcome })
      }
      this.snapshot = undefined
      const { delayed } = this
      this.delayed = []
      this.holder.installed(snapshot, delayed)
    })
  }
}
