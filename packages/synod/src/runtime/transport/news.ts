import type { Channel, Milliseconds, NodeId } from '../../core/index.ts'

interface Kept {
  readonly channel: Channel
  readonly frame: Uint8Array
  readonly since: number
}

/**
 * Frames that nobody waits for, such as a leader's "that much is decided": the next entries say it too. Under load those
 * follow within a moment, and each peer is spared a frame to read and an answer to write for every write. Only the newest
 * is kept for each peer; what nothing has superseded leaves after `delay`, or a little later.
 */
export class News {
  private readonly delay: Milliseconds
  private readonly leave: (to: NodeId, channel: Channel, frame: Uint8Array) => void
  private readonly kept = new Map<NodeId, Kept>()
  /** One for all, and left alone when what it was set for is superseded: under load it is set far less often than news come. */
  private timer: NodeJS.Timeout | undefined

  constructor(delay: Milliseconds, leave: (to: NodeId, channel: Channel, frame: Uint8Array) => void) {
    this.delay = delay
    this.leave = leave
  }

  /** The parts are copied. Always true: it counts as sent. */
  keep(to: NodeId, channel: Channel, parts: readonly Uint8Array[]): boolean {
    const frame = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      frame.set(part, at)
      at += part.length
    }
    this.kept.set(to, { channel, frame, since: this.kept.get(to)?.since ?? performance.now() })
    this.timer ??= setTimeout(() => this.due(), this.delay)
    return true
  }

  /** What this peer hears now says more. */
  forget(to: NodeId): void {
    this.kept.delete(to)
  }

  close(): void {
    clearTimeout(this.timer)
    this.kept.clear()
  }

  private due(): void {
    this.timer = undefined
    const now = performance.now()
    for (const [to, { channel, frame, since }] of this.kept) {
      // a timer may fire a fraction of a millisecond early
      if (now - since < this.delay - 1) continue
      this.kept.delete(to)
      this.leave(to, channel, frame)
    }
    if (this.kept.size > 0) this.timer = setTimeout(() => this.due(), this.delay)
  }
}
