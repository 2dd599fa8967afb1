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
    this.at(this.now + delay, run)
  }

  /** Now, if that time is over. */
  at(time: Milliseconds, run: () => void): void {
    const event = { at: Math.max(time, this.now), order: this.count++, run }
    const { heap } = this
    let i = heap.length
    heap.push(event)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !before(event, above)) break
      heap[i] = above
      i = parent
    }
    heap[i] = event
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
    const { heap } = this
    const last = heap.pop()
    const { length } = heap
    if (last === undefined || length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= length) break
      let least = heap[child]
      const right = heap[child + 1]
      if (least === undefined) break
      if (right !== undefined && before(right, least)) {
        child++
        least = right
      }
      if (!before(least, last)) break
      heap[i] = least
      i = child
    }
    heap[i] = last
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
