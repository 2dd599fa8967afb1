import type { Milliseconds, NodeId } from '../core/index.ts'

/** What news are told through. */
export interface NewsHolder<Message> {
  /** News are kept back for so long, or a little longer. */
  readonly delay: Milliseconds
  now(): Milliseconds
  /** Calls `due` after so long, unless it is going to be called already. */
  later(delay: Milliseconds): void
  /** Does it tell all that news of before do? Entries do: they say what is decided. */
  saysAsMuch(message: Message): boolean
  transmit(to: NodeId, message: Message): void
}

interface Kept<Message> {
  readonly message: Message
  readonly since: Milliseconds
}

/**
 * Messages that nobody waits for, such as a leader's "that much is decided": the next entries say it too. Under load
 * those follow within a moment, and each peer is spared a frame to read and an answer to write for every command.
 * Only the newest is kept for each peer, and leaves when nothing else has said as much for a while.
 */
export class News<Message> {
  private readonly holder: NewsHolder<Message>
  private readonly kept = new Map<NodeId, Kept<Message>>()

  constructor(holder: NewsHolder<Message>) {
    this.holder = holder
  }

  send(to: NodeId, message: Message, isNews: boolean): void {
    if (isNews) return this.keep(to, message)
    if (this.kept.size > 0 && this.holder.saysAsMuch(message)) this.kept.delete(to)
    this.holder.transmit(to, message)
  }

  /** Newer ones do not put it off: who is told again and again hears of it. */
  private keep(to: NodeId, message: Message): void {
    this.kept.set(to, { message, since: this.kept.get(to)?.since ?? this.holder.now() })
    this.holder.later(this.holder.delay)
  }

  due(): void {
    const { delay } = this.holder
    const now = this.holder.now()
    for (const [to, { message, since }] of this.kept) {
      if (now - since < delay) continue
      this.kept.delete(to)
      this.holder.transmit(to, message)
    }
    if (this.kept.size > 0) this.holder.later(delay)
  }
}
