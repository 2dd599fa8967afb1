import { assert } from '../../core/index.ts'
import type { Fingerprints } from '../fingerprints.ts'
import type { Space } from '../space.ts'
import type { Numbers } from '../numbers.ts'

/** One transition of a path. */
export interface Step {
  /** What happens. */
  readonly event: string
  /** Which of the transitions with this text it is, from the state before: a coin may fall on several sides. */
  readonly alternative: number
  /** The state that it leads to, in words. */
  readonly state: string
}

/** A path is kept as a list of parents; which event it was at each step is found again by taking all of them. */
export function pathTo(
  space: Space,
  index: number,
  parents: Numbers,
  known: Fingerprints,
): { steps: readonly Step[]; state: Int32Array } {
  const indexes = [index]
  for (let at = parents.at(index); at >= 0; at = parents.at(at)) indexes.push(at)
  indexes.reverse()
  let state: Int32Array | undefined
  space.starts((start) => {
    if (~known.add(start) === indexes[0]) state ??= start.slice()
  })
  assert(state !== undefined, 'a path begins at an initial state')
  const steps: Step[] = []
  for (const wanted of indexes.slice(1)) {
    const step = stepTo(space, state, (next) => ~known.add(next) === wanted)
    steps.push(step.told)
    state = step.next
  }
  return { steps, state }
}

/** The first successor of its kind. */
export function stepTo(
  space: Space,
  state: Int32Array,
  isWanted: (next: Int32Array, event: number) => boolean,
): { told: Step; next: Int32Array } {
  let found: { told: Step; next: Int32Array } | undefined
  const seen: Record<string, number> = {}
  space.successors(state, (next, event) => {
    if (found !== undefined) return
    const text = space.eventText(event)
    const alternative = seen[text] ?? 0
    seen[text] = alternative + 1
    if (!isWanted(next, event)) return
    found = { told: { event: text, alternative, state: space.stateText(next) }, next: next.slice() }
  })
  assert(found !== undefined, 'each step of a path is a transition')
  return found
}

/** Follows a path of events in words. `at`: the first step that is no transition any more. */
export function replay(
  space: Space,
  path: readonly Pick<Step, 'event' | 'alternative'>[],
): { readonly state: Int32Array; readonly at: number | undefined } {
  let state: Int32Array | undefined
  space.starts((start) => void (state ??= start.slice()))
  assert(state !== undefined, 'a space has an initial state')
  for (const [at, { event, alternative }] of path.entries()) {
    const next = named(space, state, event, alternative)
    if (next === undefined) return { state, at }
    state = next
  }
  return { state, at: undefined }
}

function named(space: Space, state: Int32Array, text: string, alternative: number): Int32Array | undefined {
  let found: Int32Array | undefined
  let count = 0
  const wide = new Int32Array(Math.max(space.width, state.length))
  wide.set(state)
  space.successors(wide, (next, event) => {
    if (space.eventText(event) === text && count++ === alternative) found = next.slice()
  })
  return found
}
