import { choose, present, seeded } from '../../core/index.ts'
import { Fingerprints } from '../fingerprints.ts'
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
  const stream = seeded(seed)
  const known = new Fingerprints()
  const decided = new Decided(space)
  const findings: Finding[] = []
  let [generated, depth, ends] = [0, 0, 0]
  let isBroken = false
  const starts = initials(space)
  const { representative = (state) => state } = space
  for (let walk = 0; walk < walks && !isBroken && known.size < maxStates; walk++) {
    const start = starts.length === 1 ? 0 : choose(stream, starts.length)
    let state = present(starts[start], 'a space has an initial state')
    const choices: number[] = []
    for (;;) {
      known.add(representative(state))
      isBroken = decided.examine(state, 0, 'violation')
      while (findings.length < decided.indexes.length)
        findings.push(told(space, decided.indexes[findings.length]?.[0] ?? 0, start, choices))
      if (isBroken || choices.length === steps) break
      const next = successors(space, state)
      generated += next.length
      if (next.length === 0) ends++
      if (next.length === 0) break
      const chosen = choose(stream, next.length)
      choices.push(chosen)
      state = next[chosen] ?? state
    }
    depth = Math.max(depth, choices.length + 1)
    if ((yield { states: known.size, depth }) === false) break
  }
  const { size: states, bytes } = known
  return { states, generated, depth, ends, outOfMemory: false, complete: false, pending: 0, findings, bytes }
}

function successors(space: Space, state: Int32Array): Int32Array[] {
  const all: Int32Array[] = []
  space.successors(widened(space, state), (next) => void all.push(next.slice()))
  return all
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
