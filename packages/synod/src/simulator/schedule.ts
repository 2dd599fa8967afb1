import type { Milliseconds } from '../core/index.ts'
import { grouped } from './in-words.ts'

/** Something that will happen, once. */
export abstract class Happening {
  /** Which of those at one time; set when it is scheduled. */
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
  /** When each of them happens: beside them, because a number inside an object is slower to compare. */
  private readonly times: Milliseconds[] = []
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
    const at = Math.max(time, this.now)
    event.order = this.count++
    const { heap, times } = this
    let i = heap.length
    heap.push(event)
    times.push(at)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      const aboveAt = times[parent] ?? 0
      // It is the last of those at its time.
      if (above === undefined || at >= aboveAt) break
      heap[i] = above
      times[i] = aboveAt
      i = parent
    }
    heap[i] = event
    times[i] = at
  }

  /** Runs the next event; false: there is none before `until`, and it is `until` now. */
  step(until: Milliseconds): boolean {
    const next = this.heap[0]
    const at = this.times[0] ?? 0
    if (next === undefined || at > until) {
      this.now = Math.max(this.now, until)
      return false
    }
    this.pop()
    if (at > this.now) this.atOnce = 0
    this.now = at
    this.goOn()
    next.happen()
    return true
  }

  /** Something happens now: an event, or within one what might go round in a circle. Throws `Endless`. */
  goOn(): void {
    if (++this.atOnce > atOnceMax) throw new Endless(this.now)
  }

  private pop(): void {
    const { heap, times } = this
    const last = heap.pop()
    const lastAt = times.pop() ?? 0
    const { length } = heap
    if (last === undefined || length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= length) break
      if (child + 1 < length && this.isBefore(child + 1, child)) child++
      const least = heap[child]
      const leastAt = times[child] ?? 0
      if (least === undefined || lastAt < leastAt || (lastAt === leastAt && last.order < least.order)) break
      heap[i] = least
      times[i] = leastAt
      i = child
    }
    heap[i] = last
    times[i] = lastAt
  }

  private isBefore(a: number, b: number): boolean {
    const [one, other] = [this.times[a] ?? 0, this.times[b] ?? 0]
    return one < other || (one === other && (this.heap[a]?.order ?? 0) < (this.heap[b]?.order ?? 0))
  }
}
