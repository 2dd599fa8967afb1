/** Who has written something that must leave at the end of this turn. */
export interface Flushed {
  endOfTurn(): void
}

/** The turn of the event loop: whatever many answers a turn gives on one connection, they leave in one write. */
export class Turn {
  private waiting: Flushed[] = []
  private scheduled = false
  private readonly atEnd: (run: () => void) => void
  private readonly run = (): void => {
    this.scheduled = false
    const waiting = this.waiting
    this.waiting = []
    for (const one of waiting) one.endOfTurn()
  }

  /** `atEnd` calls `run` once, when the turn ends. */
  constructor(atEnd: (run: () => void) => void = setImmediate) {
    this.atEnd = atEnd
  }

  add(one: Flushed): void {
    this.waiting.push(one)
    if (this.scheduled) return
    this.scheduled = true
    this.atEnd(this.run)
  }
}
