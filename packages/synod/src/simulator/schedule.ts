import type { Milliseconds } from '../core/index.ts'

interface Event {
  readonly at: Milliseconds
  readonly order: number
  readonly run: () => void
}

/** What will happen, by time, and at one time in the order in which it was scheduled: a binary heap. */
export class Schedule {
  now: Milliseconds = 0
  private readonly heap: Event[] = []
  private count = 0

  after(delay: Milliseconds, run: () => void): void {
    const event = { at: this.now + delay, order: this.count++, run }
    let i = this.heap.length
    this.heap.push(event)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = this.heap[parent]
      if (above === undefined || !before(event, above)) break
      this.heap[i] = above
      i = parent
    }
    this.heap[i] = event
  }

  /** Runs the next event; false: there is none before `until`, and it is `until` now. */
  step(until: Milliseconds): boolean {
    const next = this.heap[0]
    if (next === undefined || next.at > until) {
      this.now = Math.max(this.now, until)
      return false
    }
    this.pop()
    this.now = next.at
    next.run()
    return true
  }

  private pop(): void {
    const last = this.heap.pop()
    if (last === undefined || this.heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      const left = this.heap[child]
      const right = this.heap[child + 1]
      if (left === undefined) break
      if (right !== undefined && before(right, left)) child++
      const least = this.heap[child]
      if (least === undefined || !before(least, last)) break
      this.heap[i] = least
      i = child
    }
    this.heap[i] = last
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
