import { Fingerprints } from '../fingerprints.ts'
import type { Property, Space } from '../space.ts'
import { Numbers } from '../numbers.ts'
import { pathTo, type Path, type Start, type Step } from './path.ts'
import { Pending } from './pending.ts'

export interface SearchOptions {
  /** Which state is expanded next: the oldest (counterexamples are the shortest there are) or the newest. */
  readonly order?: 'breadth' | 'depth'
  /**
   * `violation`: at the first state that breaks something. `together`: at the first one that decides all properties by
   * itself, as Stateright does. `never`: only when nothing is left. The state at which it stops is not expanded.
   */
  readonly stop?: 'violation' | 'together' | 'never'
  readonly maxStates?: number
  /** Of the hash. */
  readonly seed?: number
  /** Called now and then, to show that it goes on; answers whether it shall. */
  readonly proceed?: (states: number, depth: number) => boolean
}

/** A property that was decided, and how one gets to the state that decides it. */
export interface Finding {
  readonly property: string
  readonly kind: 'always' | 'sometimes'
  readonly text: string
  readonly start: Start
  readonly path: readonly Step[]
}

export interface SearchReport {
  /** Distinct states. */
  readonly states: number
  /** Initial states and all successors, whether they were known or not. */
  readonly generated: number
  /** States on the longest of the shortest paths to all states; breadth first only. */
  readonly depth: number
  /** States without a successor. */
  readonly ends: number
  /** Everything within the bounds was seen. */
  readonly complete: boolean
  /** States that were found and not expanded. */
  readonly pending: number
  readonly findings: readonly Finding[]
  /** Bytes of the table of visited states. */
  readonly bytes: number
}

/** How many states are expanded between two calls of `proceed`. */
const breath = 1 << 14

/** Visits every state that can be reached, each once. */
export function search(space: Space, options: SearchOptions = {}): SearchReport {
  const { order = 'breadth', stop = 'violation', maxStates = Infinity, proceed } = options
  const known = new Fingerprints(options.seed)
  const parents = new Numbers()
  const pending = new Pending()
  const decided = new Decided(space)
  let generated = 0
  let parent = -1
  let fresh = 0
  const { representative } = space
  const visit = (found: Int32Array): void => {
    generated++
    fresh++
    const next = representative === undefined ? found : representative(found)
    const index = known.add(next)
    if (index < 0) return
    parents.push(parent)
    pending.push(next, index)
  }
  space.starts(visit)
  let depth = 0
  let ends = 0
  let levelEnd = 0
  let state = new Int32Array(space.width)
  let stopped = false
  for (let expanded = 0; pending.size > 0 && !stopped; expanded++) {
    if (state.length < space.width) state = new Int32Array(space.width)
    const index = order === 'breadth' ? pending.shift(state) : pending.pop(state)
    if (index >= levelEnd) {
      depth++
      levelEnd = known.size
    }
    stopped = decided.examine(state, index, stop)
    if (stopped) break
    parent = index
    fresh = 0
    space.successors(state, visit)
    if (fresh === 0) ends++
    if (known.size > maxStates) stopped = true
    if (expanded % breath === breath - 1 && proceed?.(known.size, depth) === false) stopped = true
  }
  const findings = decided.indexes.map(([property, index]) => {
    const path = pathTo(space, index, parents, known)
    return finding(space, property, path)
  })
  return {
    states: known.size,
    generated,
    depth: order === 'breadth' ? depth : 0,
    ends,
    complete: !stopped,
    pending: pending.size,
    findings,
    bytes: known.bytes,
  }
}

/** What a path to a state that decides a property tells. */
export function finding(space: Space, property: number, { start, steps, state }: Path): Finding {
  const { name = '', kind = 'always' } = space.properties[property] ?? {}
  return { property: name, kind, text: space.finding(state, property), start, path: steps }
}

/** The properties that are decided, each by the first state that does so. */
export class Decided {
  /** Property and state. */
  readonly indexes: (readonly [number, number])[] = []
  private readonly space: Space
  private open: number
  private readonly always: number
  private readonly awaited: number

  constructor(space: Space) {
    const bits = (counts: (property: Property) => boolean): number =>
      space.properties.reduce((all, property, i) => (counts(property) ? all | (1 << i) : all), 0)
    this.space = space
    this.open = bits(() => true)
    this.always = bits(({ kind }) => kind === 'always')
    this.awaited = bits(({ builtIn }) => builtIn !== true)
  }

  /** Whether the search shall stop at this state. */
  examine(state: Int32Array, index: number, stop: SearchOptions['stop']): boolean {
    const decided = this.space.judge(state, stop === 'together' ? -1 : this.open)
    const bits = decided & this.open
    for (let rest = bits; rest !== 0; rest &= rest - 1) this.indexes.push([31 - Math.clz32(rest & -rest), index])
    this.open &= ~bits
    if (stop === 'together') return (decided & this.awaited) === this.awaited
    return stop === 'violation' && (bits & this.always) !== 0
  }
}
