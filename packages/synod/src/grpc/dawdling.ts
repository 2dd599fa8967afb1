/**
 * How long a peer has been busy with one frame or one header block. Bytes that drip in are no progress, and nor are the
 * CONTINUATION frames of a block without end (CVE-2024-27316): only the beginning of something else is.
 */
export class Dawdling {
  /** Frames that began while no header block was open. */
  begun = 0
  private begunBefore = 0
  private unfinishedSince: number

  constructor(now: number) {
    this.unfinishedSince = now
  }

  /** Milliseconds, 0 if nothing is unfinished. To be asked regularly. */
  since(now: number, unfinished: boolean): number {
    if (!unfinished || this.begun !== this.begunBefore) {
      this.begunBefore = this.begun
      this.unfinishedSince = now
    }
    return now - this.unfinishedSince
  }
}
