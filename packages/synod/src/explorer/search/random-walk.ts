import { choose, present, seeded, type RandomState } from '../../core/index.ts'
import { Fingerprints } from '../fingerprints.ts'
import { withinMemory } from '../memory.ts'
import type { Space } from '../space.ts'
import { initials, startAt, stepTo, widened, type Step } from './path.ts'
import { Decided, finding, toItsEnd } from './search.ts'
import type { Finding, Searching, SearchOptions, SearchReport } from './search.ts'

export interface WalkOptions extends Pick<SearchOptions, 'maxStates'> {
  /** Of the choices. */
  readonly seed?: number
  /** So many, each from an initial state on. */
  readonly walks?: number
  /** Of one walk, at most. */
  readonly steps?: number
}

/** For models that no search gets to the end of: walks at random, each until nothing can happen or for so many steps. */
export function randomWalk(space: Space, options: WalkOptions = {}): SearchReport {
  return toItsEnd(walking(space, options))
}

/** The same, in pieces. */
export function* walking(space: Space, options: WalkOptions = {}): Searching {
  const { seed = 1, walks = 1000, steps = 1000, maxStates = Infinity } = options
  const walker = new Walker(space, seed)
  const { known } = walker
  let outOfMemory = false
  for (let walk = 0; walk < walks && !walker.isBroken && !outOfMemory && known.size < maxStates; walk++) {
    outOfMemory = !withinMemory(() => walker.walk(steps))
    if ((yield { states: known.size, depth: walker.depth }) === false) break
  }
  const { generated, depth, ends, findings } = walker
  const { size: states, bytes } = known
  return { states, generated, depth, ends, outOfMemory, complete: false, pending: 0, findings, bytes }
}

/** What all walks have come to. */
class Walker {
  readonly known = new Fingerprints()
  readonly findings: Finding[] = []
  generated = 0
  depth = 0
  ends = 0
  isBroken = false
  private readonly space: Space
  private readonly stream: RandomState
  private readonly decided: Decided
  private starts: readonly Int32Array[] = []

  constructor(space: Space, seed: number) {
    this.space = space
    this.stream = seeded(seed)
    this.decided = new Decided(space)
  }

  /** One more. Throws `OutOfMemory`, and knows what it knew. */
  walk(steps: number): void {
    const { space, stream } = this
    if (this.starts.length === 0) this.starts = initials(space)
    const start = this.starts.length === 1 ? 0 : choose(stream, this.starts.length)
    let state = present(this.starts[start], 'a space has an initial state')
    const choices: number[] = []
    for (;;) {
      this.visit(state, start, choices)
      if (this.isBroken || choices.length === steps) return
      const next = this.successors(state)
      if (next.length === 0) {
        this.ends++
        return
      }
      const chosen = choose(stream, next.length)
      choices.push(chosen)
      state = present(next[chosen], 'it is one of them')
    }
  }

  private visit(state: Int32Array, start: number, choices: readonly number[]): void {
    const { space, findings, decided } = this
    const { representative = (one) => one } = space
    this.depth = Math.max(this.depth, choices.length + 1)
    // Also the one for which there is no room any more is judged.
    this.isBroken = decided.examine(state, 0, 'violation')
    while (findings.length < decided.indexes.length)
      findings.push(told(space, decided.indexes[findings.length]?.[0] ?? 0, start, choices))
    this.known.add(representative(state))
  }

  private successors(state: Int32Array): Int32Array[] {
    const { space } = this
    const all: Int32Array[] = []
    space.successors(widened(space, state), (next) => void all.push(next.slice()))
    this.generated += all.length
    return all
  }
}

/** The walk once more, this time in words. */
function told(space: Space, property: number, start: number, choices: readonly number[]): Finding {
  const begin = startAt(space, start)
  const steps: Step[] = []
  let { state } = begin
  for (const choice of choices) {
    let at = 0
    const step = stepTo(space, state, () => at++ === choice)
    steps.push(step.told)
    state = step.next
  }
  return finding(space, property, { start: begin.told, steps, state: widened(space, state) })
}
