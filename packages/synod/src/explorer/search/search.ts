import { Batch } from '../batch.ts'
import { Fingerprints } from '../fingerprints.ts'
import { withinMemory } from '../memory.ts'
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
  /** Beyond so many no more are looked for. All that were found are held against the properties. */
  readonly maxStates?: number
  /** Of the hash. */
  readonly seed?: number
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
  /** There was no room for more states. */
  readonly outOfMemory: boolean
  /** Everything within the bounds was seen. */
  readonly complete: boolean
  /** States that were found and not expanded. */
  readonly pending: number
  readonly findings: readonly Finding[]
  /** Bytes of the table of visited states. */
  readonly bytes: number
}

/** What is told now and then, by a search that can be ended there. */
export interface Progress {
  readonly states: number
  readonly depth: number
}

/** Told each time; it is to go on unless the answer is `false`. */
export type Searching = Generator<Progress, SearchReport, boolean | undefined>

/** How many states are expanded between two words on how it goes. */
export const breath: number = 1 << 12

/** So many states are looked up together: as many as memory answers at a time. */
const enough = 32

/** Visits every state that can be reached, each once. */
export function search(space: Space, options: SearchOptions = {}): SearchReport {
  return toItsEnd(searching(space, options))
}

export function toItsEnd(goingOn: Searching): SearchReport {
  for (;;) {
    const { done, value } = goingOn.next()
    if (done === true) return value
  }
}

/** The same, in pieces. */
export function* searching(space: Space, options: SearchOptions = {}): Searching {
  const { order = 'breadth', stop = 'violation', maxStates = Infinity } = options
  const frontier = new Frontier(space, order, options.seed)
  const decided = new Decided(space)
  const { known, pending } = frontier
  let isDecided = false
  let goesOn = frontier.begin()
  for (let expanded = 1; pending.size > 0 && goesOn && !isDecided; expanded++) {
    const index = frontier.take()
    isDecided = decided.examine(frontier.state, index, stop)
    if (isDecided) break
    goesOn = frontier.expand(index, maxStates) && known.size <= maxStates
    if (!goesOn || expanded % breath !== 0) continue
    goesOn = frontier.settle() && (yield { states: known.size, depth: frontier.depth }) !== false
  }
  goesOn = frontier.settle() && goesOn
  // The state for whose successors there was no room is one of those.
  const left = pending.size + (frontier.outOfMemory ? 1 : 0)
  const { depth } = frontier
  // What was found and is not expanded is judged all the same: nothing is violated in any state that is counted.
  for (let judged = 1; pending.size > 0 && !isDecided && !goesOn; judged++) {
    const index = frontier.take()
    isDecided = decided.examine(frontier.state, index, stop)
    if (judged % breath === 0) yield { states: known.size, depth }
  }
  return {
    states: known.size,
    generated: frontier.generated,
    depth: order === 'breadth' ? depth : 0,
    ends: frontier.ends,
    outOfMemory: frontier.outOfMemory,
    complete: goesOn && !isDecided,
    pending: left,
    findings: decided.indexes.map(([property, index]) =>
      finding(space, property, pathTo(space, index, frontier.parents, known)),
    ),
    bytes: known.bytes,
  }
}

/** The states that were found, and those of them that are still to be expanded. */
class Frontier {
  readonly known: Fingerprints
  readonly parents = new Numbers()
  readonly pending = new Pending()
  /** The one that was taken last. */
  state: Int32Array
  generated = 0
  depth = 0
  ends = 0
  outOfMemory = false
  private readonly batch = new Batch()
  private readonly space: Space
  private readonly order: 'breadth' | 'depth'
  private readonly visit: (found: Int32Array) => void
  private readonly follow = (): void => this.space.successors(this.state, this.visit)
  private parent = -1
  private levelEnd = 0

  constructor(space: Space, order: 'breadth' | 'depth', seed: number | undefined) {
    this.space = space
    this.order = order
    this.known = new Fingerprints(seed)
    this.state = new Int32Array(space.width)
    const { batch } = this
    const { representative } = space
    this.visit = (found) => {
      this.generated++
      batch.push(representative === undefined ? found : representative(found), this.parent)
    }
  }

  begin(): boolean {
    this.outOfMemory = !withinMemory(() => this.space.starts(this.visit))
    return this.settle()
  }

  /** The next one, and its number. */
  take(): number {
    const { space, pending } = this
    if (this.state.length < space.width) this.state = new Int32Array(space.width)
    const index = this.order === 'breadth' ? pending.shift(this.state) : pending.pop(this.state)
    if (index >= this.levelEnd) {
      this.depth++
      this.levelEnd = this.known.size
    }
    return index
  }

  /** False: there was no room for what follows. */
  expand(index: number, maxStates: number): boolean {
    const { generated: before, batch, pending, known } = this
    this.parent = index
    this.outOfMemory = !withinMemory(this.follow)
    if (this.generated === before) this.ends++
    // Where it depends on it which of them are new, they are looked up before anything else happens.
    const isAwaited = this.order === 'depth' || pending.size === 0 || index + 1 >= this.levelEnd
    const isDue = batch.count >= enough || known.size + batch.count > maxStates
    return isAwaited || isDue || this.outOfMemory ? this.settle() : true
  }

  /** Looks up what was found: those of it that are new wait. False: there was no room for them. */
  settle(): boolean {
    if (this.batch.count > 0) this.outOfMemory = !withinMemory(() => this.enter()) || this.outOfMemory
    return !this.outOfMemory
  }

  private enter(): void {
    const { batch, known, parents, pending } = this
    // No state is known that does not wait.
    parents.makeRoom(batch.count)
    pending.makeRoom(batch.from(batch.count), batch.count)
    known.addAll(batch)
    for (let i = 0; i < batch.count; i++) {
      const index = batch.numbers[i] ?? 0
      if (index < 0) continue
      parents.push(batch.parents[i] ?? 0)
      pending.push(batch.words, index, batch.from(i), batch.ends[i])
    }
    batch.clear()
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
