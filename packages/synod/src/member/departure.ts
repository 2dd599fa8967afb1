import type { DiskError, Halt, Logger, Milliseconds } from '../core/index.ts'
import type { Directory } from './directory.ts'

export interface DepartureHolder {
  readonly log: Logger
  /** Call `leave` after so long. */
  later(delay: Milliseconds): void
  halt(reason: Halt): void
  failed(error: DiskError): void
}

/**
 * The end of a member that was removed: it remembers why, so that it says so again whenever it is started, lets its last
 * words go out, for others may learn by them that its removal is decided, and stops.
 */
export class Departure {
  private readonly directory: Directory
  private readonly holder: DepartureHolder
  private reason: string | undefined
  private written = false
  private due = false

  constructor(directory: Directory, holder: DepartureHolder) {
    this.directory = directory
    this.holder = holder
  }

  get begun(): boolean {
    return this.reason !== undefined
  }

  begin(reason: string, delay: Milliseconds): void {
    if (this.begun) return
    this.reason = reason
    this.holder.log.info(reason)
    this.holder.later(delay)
    this.directory.writeRemoved({ reason }, (error) => {
      if (error !== undefined) return this.holder.failed(error)
      this.written = true
      this.end()
    })
  }

  /** What had to be said has been said. */
  leave(): void {
    this.due = true
    this.end()
  }

  private end(): void {
    if (this.due && this.written) this.holder.halt(removedHalt(this.reason ?? ''))
  }
}

export function removedHalt(reason: string): Halt {
  return { code: 'removed', message: `${reason}; its data directory may be deleted` }
}
