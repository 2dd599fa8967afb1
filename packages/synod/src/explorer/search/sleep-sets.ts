import { present } from '../../core/index.ts'
import { Fingerprints } from '../fingerprints.ts'
import { Interner } from '../interner.ts'
import { withinMemory } from '../memory.ts'
import { Numbers } from '../numbers.ts'
import type { Independence, Space } from '../space.ts'
import { pathTo } from './path.ts'
import { Pending } from './pending.ts'
import { Decided, finding, type SearchReport } from './search.ts'

/** Events, sorted. */
type Events = readonly number[]

/**
 * Depth first, leaving out transitions that only lead in another order to where the search has been: of two events that
 * commute, the second one _sleeps_ below the first (Godefroid 1996). All states are visited all the same. A state that is
 * come to again, with fewer events asleep than before, is expanded by those that were woken.
 */
export function searchWithSleepSets(
  space: Space,
  options: { readonly stop?: 'violation' | 'never'; readonly maxStates?: number } = {},
): SearchReport {
  return new SleepSearch(space).run(options.stop ?? 'violation', options.maxStates ?? Infinity)
}

class SleepSearch {
  private readonly space: Space
  private readonly independence: Independence
  private readonly known = new Fingerprints()
  private readonly parents = new Numbers()
  private readonly pending = new Pending()
  private readonly sets = new Interner<Events>()
  /** What sleeps in each state. */
  private readonly asleep = new Numbers()
  /** For each pending state: the set that sleeps, and the set of events to expand it by; -1: all others. */
  private readonly tasks: number[] = []
  private generated = 0
  private ends = 0

  constructor(space: Space) {
    this.space = space
    this.independence = present(space.independence, 'it is known which events of the space commute')
  }

  run(stop: 'violation' | 'never', maxStates: number): SearchReport {
    const { space, known, pending, parents } = this
    const decided = new Decided(space)
    const none = this.sets.number([])
    let outOfMemory = !withinMemory(() => space.starts((state) => this.reach(state, -1, none)))
    let isDecided = false
    let isFull = outOfMemory
    let left = 0
    let state = new Int32Array(space.width)
    while (pending.size > 0 && !isDecided) {
      if (state.length < space.width) state = new Int32Array(space.width)
      const index = pending.pop(state)
      const only = this.tasks.pop() ?? -1
      const sleeping = this.sets.value(this.tasks.pop() ?? none)
      isDecided = only < 0 && decided.examine(state, index, stop)
      isFull ||= known.size > maxStates
      // What was found is judged, also where it is not expanded any more.
      if (isFull && only < 0) left++
      if (isFull || isDecided) continue
      const awake = only < 0 ? undefined : this.sets.value(only)
      outOfMemory = !withinMemory(() => this.expand(state, index, sleeping, awake))
      // The state for whose successors there was no room is left, too.
      if (outOfMemory) left++
      isFull = outOfMemory
    }
    const findings = decided.indexes.map(([property, index]) =>
      finding(space, property, pathTo(space, index, parents, known)),
    )
    return {
      states: known.size,
      generated: this.generated,
      depth: 0,
      ends: this.ends,
      outOfMemory,
      complete: !isDecided && !isFull,
      pending: left + pending.size,
      findings,
      bytes: known.bytes,
    }
  }

  private expand(state: Int32Array, index: number, sleeping: Events, only: Events | undefined): void {
    const done: number[] = []
    let count = 0
    let last = -1
    let below = 0
    this.space.successors(state, (next, event) => {
      count++
      if (sleeping.includes(event) || (only !== undefined && !only.includes(event))) return
      // A coin has several outcomes; they are one event.
      if (event !== last) {
        if (last >= 0) done.push(last)
        last = event
        const commuting = [...sleeping, ...done].filter((other) => this.independence.commute(other, event, state))
        below = this.sets.number(commuting.toSorted((a, b) => a - b))
      }
      this.reach(next, index, below)
    })
    if (count === 0) this.ends++
  }

  private reach(state: Int32Array, parent: number, sleeping: number): void {
    this.generated++
    const index = this.known.add(state)
    if (index >= 0) {
      this.parents.push(parent)
      this.asleep.push(sleeping)
      this.pending.push(state, index)
      this.tasks.push(sleeping, -1)
      return
    }
    const slept = this.sets.value(this.asleep.at(~index))
    const sleeps = this.sets.value(sleeping)
    const woken = slept.filter((event) => !sleeps.includes(event))
    if (woken.length === 0) return
    const still = this.sets.number(slept.filter((event) => sleeps.includes(event)))
    this.asleep.set(~index, still)
    this.pending.push(state, ~index)
    this.tasks.push(still, this.sets.number(woken))
  }
}
