import type { Front } from './front.ts'

const retryMs = 1000

/**
 * Tells the cluster, through the log, what this member is called and where clients reach it, whenever that is not what
 * the cluster knows: at the first start, and when an operator has changed it.
 */
export class Publisher {
  private readonly front: Front
  private readonly name: string
  private timer: NodeJS.Timeout | undefined
  private stopped = false

  constructor(front: Front, name: string) {
    this.front = front
    this.name = name
  }

  start(clientUrls: readonly string[]): void {
    const { id } = this.front.config.self
    const known = this.front.store.attributes.get(id)
    if (known?.name === this.name && String(known.clientUrls) === String(clientUrls)) return
    this.front.submit(
      { type: 'publish', memberId: id, name: this.name, clientUrls },
      { applied: () => {}, readable: () => {}, failed: () => this.again(clientUrls) },
    )
  }

  /** No leader yet, or too much to do. It is only repeated, never given up. */
  private again(clientUrls: readonly string[]): void {
    if (this.stopped) return
    this.timer = setTimeout(() => this.start(clientUrls), retryMs)
    this.timer.unref()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }
}
