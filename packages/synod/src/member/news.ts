import type { Milliseconds, NodeId } from '../core/index.ts'

/** What news are told through. */
export interface NewsHolder<Message> {
  /** News are kept back for so long. */
  readonly delay: Milliseconds
  now(): Milliseconds
  /** Calls `due` after so long, unless it is going to be called already. */
  later(delay: Milliseconds): void
  /** Does it tell all that news of before do? Entries do: they say what is decided. */
  saysAsMuch(message: Message): boolean
  /** false: it was dropped. */
  transmit(to: NodeId, message: Message): boolean
}

interface Kept<Message> {
  readonly message: Message
  readonly until: Milliseconds
}

/**
 * Messages that nobody waits for, such as a leader's "that much is decided": the next entries say it too. Under load
 * those follow within a moment, and each peer is spared a frame to read and an answer to write for every command.
 * Only the newest is kept for each peer, and leaves when nothing else has said as much for a while.
 */
export class News<Message> {
  private readonly holder: NewsHolder<Message>
  /** In the order in which they are due. */
  private readonly kept = new Map<NodeId, Kept<Message>>()

  constructor(holder: NewsHolder<Message>) {
    this.holder = holder
  }

  send(to: NodeId, message: Message, isNews: boolean): void {
    if (isNews) return this.keep(to, message)
    const left = this.holder.transmit(to, message)
    if (left && this.kept.size > 0 && this.holder.saysAsMuch(message)) this.kept.delete(to)
  }

  /** Newer ones do not put it off: who is told again and again hears of it. */
  private keep(to: NodeId, message: Message): void {
    const { delay } = this.holder
    this.kept.set(to, { message, until: this.kept.get(to)?.until ?? this.holder.now() + delay })
    this.holder.later(delay)
  }

  due(): void {
    const now = this.holder.now()
    for (const [to, { message, until }] of this.kept) {
      if (until > now) return this.holder.later(until - now)
      this.kept.delete(to)
      this.holder.transmit(to, message)
    }
  }
}
