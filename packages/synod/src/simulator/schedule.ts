import type { Milliseconds } from '../core/index.ts'
import { grouped } from './in-words.ts'

/** Something that will happen, once. */
export abstract class Happening {
  /** When, and which of those at one time; set when it is scheduled. */
  at: Milliseconds = 0
  order = 0
  abstract happen(): void
}

class Call extends Happening {
  private readonly run: () => void

  constructor(run: () => void) {
    super()
    this.run = run
  }

  happen(): void {
    this.run()
  }
}

/** So much may happen at one instant: more is a circle, and would go on for ever. */
const atOnceMax = 100_000

/** Time stands still: what happens makes more happen, at once and without end. */
export class Endless extends Error {
  override readonly name = 'Endless'

  constructor(at: Milliseconds) {
    super(
      `more than ${grouped(atOnceMax)} things happen at once, at ${grouped(at, 1)} ms: each brings about the next, and none takes any time`,
    )
  }
}

/** What will happen, by time, and at one time in the order in which it was scheduled: a binary heap. */
export class Schedule {
  now: Milliseconds = 0
  private readonly heap: Happening[] = []
  private count = 0
  /** How much has happened at this instant. */
  private atOnce = 0

  after(delay: Milliseconds, run: () => void): void {
    this.at(this.now + delay, run)
  }

  at(time: Milliseconds, run: () => void): void {
    this.add(time, new Call(run))
  }

  /** Now, if that time is over. */
  add(time: Milliseconds, event: Happening): void {
    event.at = Math.max(time, this.now)
    event.order = this.count++
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
    if (next.at > this.now) this.atOnce = 0
    this.now = next.at
    this.goOn()
    next.happen()
    return true
  }

  /** Something happens now: an event, or within one what might go round in a circle. Throws `Endless`. */
  goOn(): void {
    if (++this.atOnce > atOnceMax) throw new Endless(this.now)
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

function before(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
