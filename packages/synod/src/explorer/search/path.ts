import { assert, present } from '../../core/index.ts'
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

/** The initial state that a path begins at. */
export interface Start {
  /** Which of the space's, counted from 0. */
  readonly number: number
  /** What it is, in words. */
  readonly state: string
}

/** A run: each step is a transition from the state before. */
export interface Path {
  readonly start: Start
  readonly steps: readonly Step[]
  /** Where it ends. */
  readonly state: Int32Array
}

/**
 * A path is kept as a list of parents; which event it was at each step is found again by taking all of them. States that
 * differ by names alone have one number, but the path keeps to the names that it began with.
 */
export function pathTo(space: Space, index: number, parents: Numbers, known: Fingerprints): Path {
  const indexes = [index]
  for (let at = parents.at(index); at >= 0; at = parents.at(at)) indexes.push(at)
  indexes.reverse()
  const { representative = (state) => state } = space
  const isNumbered = (state: Int32Array, wanted: number): boolean => known.find(representative(state)) === wanted
  const first = initials(space).findIndex((start) => isNumbered(start, indexes[0] ?? 0))
  let { state, told: start } = startAt(space, first)
  const steps: Step[] = []
  for (const wanted of indexes.slice(1)) {
    const step = stepTo(space, state, (next) => isNumbered(next, wanted))
    steps.push(step.told)
    state = step.next
  }
  return { start, steps, state }
}

/** All states that a space may begin in. */
export function initials(space: Space): Int32Array[] {
  const all: Int32Array[] = []
  space.starts((state) => void all.push(state.slice()))
  return all
}

/** One of them, as a path begins. */
export function startAt(space: Space, number: number): { readonly told: Start; readonly state: Int32Array } {
  const state = present(initials(space)[number], 'a path begins at an initial state')
  return { told: { number, state: space.stateText(state) }, state }
}

/** The first successor of its kind. */
export function stepTo(
  space: Space,
  state: Int32Array,
  isWanted: (next: Int32Array, event: number) => boolean,
): { told: Step; next: Int32Array } {
  let found: { told: Step; next: Int32Array } | undefined
  const seen: Record<string, number> = {}
  space.successors(widened(space, state), (next, event) => {
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

/** Follows a path of events in words. `at`: the first step that is no transition any more; `start`: there is no such state. */
export function replay(
  space: Space,
  start: number,
  path: readonly Pick<Step, 'event' | 'alternative'>[],
):
  | { readonly state: Int32Array; readonly at: number | undefined }
  | { readonly state: undefined; readonly at: 'start' } {
  let state = initials(space)[start]
  if (state === undefined) return { state, at: 'start' }
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
  space.successors(widened(space, state), (next, event) => {
    if (space.eventText(event) === text && count++ === alternative) found = next.slice()
  })
  return found
}

/** A state may be narrower than the space has become since. */
export function widened(space: Space, state: Int32Array): Int32Array {
  const wide = new Int32Array(Math.max(space.width, state.length))
  wide.set(state)
  return wide
}
