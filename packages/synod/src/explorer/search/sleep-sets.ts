import { present } from '../../core/index.ts'
import { Fingerprints } from '../fingerprints.ts'
import { Interner } from '../interner.ts'
import { Numbers } from '../numbers.ts'
import { withinMemory } from '../memory.ts'
import type { Independence, Space } from '../space.ts'
import { pathTo } from './path.ts'
import { Pending } from './pending.ts'
import { breath, Decided, finding, toItsEnd } from './search.ts'
import type { Searching, SearchOptions, SearchReport } from './search.ts'

/** Events, sorted. */
type Events = readonly number[]

export type SleepOptions = Pick<SearchOptions, 'maxStates' | 'seed'> & { readonly stop?: 'violation' | 'never' }

/**
 * Depth first, leaving out transitions that only lead in another order to where the search has been: of two events that
 * commute, the second one _sleeps_ below the first (Godefroid 1996). All states are visited all the same. A state that is
 * come to again, with fewer events asleep than before, is expanded by those that were woken.
 */
export function searchWithSleepSets(space: Space, options: SleepOptions = {}): SearchReport {
  return toItsEnd(searchingWithSleepSets(space, options))
}

/** The same, in pieces. */
export function searchingWithSleepSets(space: Space, options: SleepOptions = {}): Searching {
  return new SleepSearch(space, options.seed).run(options.stop ?? 'violation', options.maxStates ?? Infinity)
}

class SleepSearch {
  private readonly space: Space
  private readonly independence: Independence
  private readonly known: Fingerprints
  private readonly parents = new Numbers()
  private readonly pending = new Pending()
  private readonly sets = new Interner<Events>()
  /** What sleeps in each state. */
  private readonly asleep = new Numbers()
  /** For each pending state: the set that sleeps, and the set of events to expand it by; -1: all others. */
  private readonly tasks: number[] = []
  private generated = 0
  private ends = 0

  constructor(space: Space, seed: number | undefined) {
    this.space = space
    this.known = new Fingerprints(seed)
    this.independence = present(space.independence, 'it is known which events of the space commute')
  }

  *run(stop: 'violation' | 'never', maxStates: number): Searching {
    const { space, known, pending, parents } = this
    const decided = new Decided(space)
    const none = this.sets.number([])
    let hasRoom = withinMemory(() => space.starts((state) => this.reach(state, -1, none)))
    let goesOn = hasRoom
    let isDecided = false
    let left = 0
    let state = new Int32Array(space.width)
    for (let taken = 1; pending.size > 0 && !isDecided; taken++) {
      if (state.length < space.width) state = new Int32Array(space.width)
      const index = pending.pop(state)
      const only = this.tasks.pop() ?? -1
      const sleeping = this.sets.value(this.tasks.pop() ?? none)
      // What was found is judged, also where it is not expanded any more.
      isDecided = only < 0 && decided.examine(state, index, stop)
      goesOn &&= known.size <= maxStates
      if (goesOn && !isDecided) {
        const woken = only < 0 ? undefined : this.sets.value(only)
        hasRoom = withinMemory(() => this.expand(state, index, sleeping, woken))
        goesOn = hasRoom
      } else if (!goesOn && only < 0) left++
      if (taken % breath === 0) goesOn = (yield { states: known.size, depth: 0 }) !== false && goesOn
    }
    const findings = decided.indexes.map(([property, index]) =>
      finding(space, property, pathTo(space, index, parents, known)),
    )
    return {
      states: known.size,
      generated: this.generated,
      depth: 0,
      ends: this.ends,
      outOfMemory: !hasRoom,
      complete: goesOn && !isDecided,
      // The state for whose successors there was no room is one of those.
      pending: left + pending.size + (hasRoom ? 0 : 1),
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
