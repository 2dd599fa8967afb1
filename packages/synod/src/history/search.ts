import { assert, random, seeded } from '../core/index.ts'
import type { Meter } from './limits.ts'
import type { Model } from './model.ts'
import { classAt } from './problem.ts'
import type { Problem } from './problem.ts'
import { States } from './states.ts'
import { CallSet, Visited } from './visited.ts'

/** What a search came to; `paused`: its share of steps is used up, and it goes on where it stands. */
export type Found = 'linearizable' | 'not-linearizable' | 'paused'

/** Hears of each partial linearization that cannot be continued: calls in their order. The array is the search's own. */
export type OnStuck = (order: Int32Array) => void

/**
 * The search of Wing and Gong (1993) with Lowe's memo (2017): places one call after the other, of those that were invoked
 * before the first return of a call that is not placed yet, and takes the last one back where that leads nowhere.
 *
 * Three rules leave out what cannot matter. A pure call that fits is placed at once, and nothing else is tried in its
 * stead: it changes no state, so whatever can be done without it can be done after it, unless its invocation ends the time
 * of a call that has a deadline. A call of unknown outcome is placed only if it changes the state, only after its twin,
 * which is open and ready whenever it is, and only if the next one does not undo what it did. And such calls come last,
 * when no answered one helps.
 */
export class Search<Operation, Result, State> {
  readonly problem: Problem<Operation, Result>
  readonly states: States<Operation, Result, State>
  /** The answered call whose return no linearization that was found can pass, so far; -1 before the first. */
  blockedBy = -1
  private readonly model: Model<Operation, Result, State>
  private readonly meter: Meter
  private readonly visited: Visited
  private readonly onStuck: OnStuck | undefined
  /** A ring through the head: invocations, by call, and returns, by call + known, in the order of events. */
  private readonly next: Int32Array
  private readonly before: Int32Array
  private readonly head: number
  private readonly placed: CallSet
  private readonly placedUnknown: CallSet
  /** The same without those whose deadline is over: whether they are placed makes no difference any more. */
  private readonly live: CallSet | undefined
  /** The last invocation of a call that is placed, by depth: after it nothing can take effect that returned before. */
  private readonly newest: Int32Array
  private readonly zobrist: Int32Array
  private hash = 0
  private state: number
  private readonly order: Int32Array
  private readonly statesBefore: Int32Array
  private readonly forced: Uint8Array
  private depth = 0
  private phase: 'pure' | 'answered' | 'unknown' = 'pure'
  /** In the ring; in the phase `unknown`: the next call of that kind. */
  private cursor: number

  constructor(
    problem: Problem<Operation, Result>,
    model: Model<Operation, Result, State>,
    meter: Meter,
    initial: State = model.initial,
    onStuck?: OnStuck,
  ) {
    const { calls, known } = problem
    this.problem = problem
    this.model = model
    this.meter = meter
    this.onStuck = onStuck
    meter.take(48 * calls.length)
    this.states = new States(model, problem, meter)
    this.state = this.states.intern(initial)
    this.placed = new CallSet(known)
    this.placedUnknown = new CallSet(calls.length - known)
    this.live = problem.deadline.some((rank) => rank < 0x7fff_ffff) ? new CallSet(calls.length - known) : undefined
    this.newest = new Int32Array(calls.length + 1).fill(-1)
    this.visited = new Visited(this.placed.words.length, this.placedUnknown.words.length, meter)
    const seed = seeded(known)
    this.zobrist = Int32Array.from({ length: known }, () => Math.floor(random(seed) * 0x1_0000_0000))
    this.order = new Int32Array(calls.length)
    this.statesBefore = new Int32Array(calls.length)
    this.forced = new Uint8Array(calls.length)
    this.head = 2 * known
    const { next, before } = ringOf(problem)
    this.next = next
    this.before = before
    this.cursor = next[this.head] ?? this.head
  }

  /** The calls that are placed now, in their order: a linearization, once one was found. */
  get linearization(): Int32Array {
    return this.order.subarray(0, this.depth)
  }

  /** Searches for about so many steps. Throws `LimitReached`; then this search cannot go on. */
  run(steps: number): Found {
    const until = this.meter.steps + steps
    while (this.meter.steps < until) {
      switch (this.phase) {
        case 'pure':
          if (this.cursor === this.head) return 'linearizable'
          if (!this.placePure() && !this.backtrack()) return 'not-linearizable'
          break
        case 'answered':
          this.tryAnswered()
          break
        case 'unknown':
          if (!this.tryUnknown() && !this.backtrack()) return 'not-linearizable'
          break
      }
    }
    return 'paused'
  }

  /** Looks at one event on the way to the first return. False: all of this was searched before. */
  private placePure(): boolean {
    const call = this.cursor
    const { known, returnedRank } = this.problem
    if (call >= known) {
      const rank = (returned: number): number => (returned < 0 ? -1 : (returnedRank[returned] ?? -1))
      if (rank(call - known) > rank(this.blockedBy)) this.blockedBy = call - known
      this.phase = 'answered'
      this.cursor = this.at(this.next, this.head)
      return (
        !this.isTooLate(call - known) && this.visited.add(this.placed, this.hash, this.relevantUnknown(), this.state)
      )
    }
    if (this.isPure(call) && this.isReady(call) && !this.endsTimeOfAny(call)) {
      const after = this.tryCall(call)
      if (after >= 0) {
        assert(after === this.state, 'model: a pure operation changes no state')
        this.place(call, after, 1)
        this.cursor = this.at(this.next, call)
        return true
      }
    }
    this.cursor = this.at(this.next, call)
    return true
  }

  private tryAnswered(): void {
    const call = this.cursor
    if (call >= this.problem.known) {
      this.phase = 'unknown'
      this.cursor = this.problem.known
      return
    }
    // A pure one that fits is placed by now, but where there are deadlines.
    const isCandidate = (this.live !== undefined || !this.isPure(call)) && this.isReady(call)
    const after = isCandidate ? this.tryCall(call) : -1
    if (after < 0) this.cursor = this.at(this.next, call)
    else this.descend(call, after)
  }

  /** False: there is no other call that could come next. */
  private tryUnknown(): boolean {
    const call = this.cursor
    const { calls, known, invokedRank, deadline, twin } = this.problem
    if (call === calls.length || this.at(invokedRank, call) > this.firstReturn()) return false
    const earlier = this.at(twin, call)
    const isOpen =
      !this.placedUnknown.has(call - known) && this.at(deadline, call - known) >= this.at(this.newest, this.depth)
    const isUseful = isOpen && (earlier < 0 || this.placedUnknown.has(earlier - known))
    const after = isUseful && this.isReady(call) ? this.tryCall(call) : -1
    if (after < 0 || after === this.state || this.isOverwritten(call, after)) this.cursor++
    else this.descend(call, after)
    return true
  }

  /** Whether the call leads to the same state without the call before it, which had no outcome either: then that is idle. */
  private isOverwritten(call: number, after: number): boolean {
    const last = this.order[this.depth - 1]
    if (this.depth === 0 || last === undefined || last < this.problem.known) return false
    const classOf = this.at(this.problem.classOf, call)
    return this.states.next(this.at(this.statesBefore, this.depth - 1), classOf) === after
  }

  private tryCall(call: number): number {
    this.meter.step()
    return this.states.next(this.state, this.at(this.problem.classOf, call))
  }

  private descend(call: number, after: number): void {
    this.place(call, after, 0)
    this.phase = 'pure'
    this.cursor = this.at(this.next, this.head)
  }

  /** Takes calls back up to the last one in whose stead something else can be tried. False: there is none. */
  private backtrack(): boolean {
    this.onStuck?.(this.linearization)
    while (this.depth > 0) {
      const call = this.takeBack()
      if (this.forced[this.depth] === 1) continue
      const isKnown = call < this.problem.known
      this.phase = isKnown ? 'answered' : 'unknown'
      this.cursor = isKnown ? this.at(this.next, call) : call + 1
      return true
    }
    return false
  }

  private place(call: number, after: number, forced: 0 | 1): void {
    const { known } = this.problem
    this.order[this.depth] = call
    this.statesBefore[this.depth] = this.state
    this.forced[this.depth++] = forced
    this.newest[this.depth] = Math.max(this.at(this.newest, this.depth - 1), this.at(this.problem.invokedRank, call))
    this.state = after
    if (call >= known) {
      this.placedUnknown.add(call - known)
      return
    }
    this.placed.add(call)
    this.hash ^= this.at(this.zobrist, call)
    this.remove(call + known)
    this.remove(call)
  }

  private takeBack(): number {
    const { known } = this.problem
    const call = this.at(this.order, --this.depth)
    this.state = this.at(this.statesBefore, this.depth)
    if (call >= known) {
      this.placedUnknown.delete(call - known)
      return call
    }
    this.placed.delete(call)
    this.hash ^= this.at(this.zobrist, call)
    this.restore(call)
    this.restore(call + known)
    return call
  }

  /** Knuth's dancing links: what is removed remembers where it was. */
  private remove(node: number): void {
    const next = this.at(this.next, node)
    const before = this.at(this.before, node)
    this.next[before] = next
    this.before[next] = before
  }

  private restore(node: number): void {
    this.next[this.at(this.before, node)] = node
    this.before[this.at(this.next, node)] = node
  }

  /** The rank of the first return in the ring: what was invoked later cannot come next. */
  private firstReturn(): number {
    let node = this.at(this.next, this.head)
    while (node < this.problem.known) node = this.at(this.next, node)
    return this.at(this.problem.returnedRank, node - this.problem.known)
  }

  private relevantUnknown(): CallSet {
    const { live } = this
    if (live === undefined) return this.placedUnknown
    const { deadline } = this.problem
    const newest = this.at(this.newest, this.depth)
    for (const [i, rank] of deadline.entries()) {
      if (this.placedUnknown.has(i) && rank >= newest) live.add(i)
      else live.delete(i)
    }
    return live
  }

  /** Whether an open call of unknown outcome can be placed before this one, but not after it. */
  private endsTimeOfAny(call: number): boolean {
    if (this.live === undefined) return false
    const newest = this.at(this.newest, this.depth)
    const invoked = this.at(this.problem.invokedRank, call)
    return this.problem.deadline.some((rank, i) => rank >= newest && rank < invoked && !this.placedUnknown.has(i))
  }

  /** Whether the call, which must come before anything that is invoked later, can be placed no more. */
  private isTooLate(call: number): boolean {
    if (this.model.isPast === undefined) return false
    const classOf = this.at(this.problem.classOf, call)
    const { result } = classAt(this.problem, classOf)
    if (result === undefined || this.states.next(this.state, classOf) >= 0) return false
    return this.model.isPast(this.states.value(this.state), result)
  }

  private isPure(call: number): boolean {
    return classAt(this.problem, this.at(this.problem.classOf, call)).pure
  }

  private isReady(call: number): boolean {
    const previous = this.at(this.problem.previous, call)
    return previous < 0 || this.placed.has(previous)
  }

  private at(array: Int32Array, i: number): number {
    const value = array[i]
    assert(value !== undefined, 'the search stays inside its arrays')
    return value
  }
}

function ringOf({ known, invokedRank, returnedRank }: Problem<unknown, unknown>): {
  next: Int32Array
  before: Int32Array
} {
  const head = 2 * known
  const rank = (node: number): number => (node < known ? invokedRank[node] : returnedRank[node - known]) ?? 0
  const nodes = Array.from({ length: head }, (_, node) => node).toSorted((a, b) => rank(a) - rank(b))
  const next = new Int32Array(head + 1)
  const before = new Int32Array(head + 1)
  for (const [i, node] of nodes.entries()) {
    next[node] = nodes[i + 1] ?? head
    before[node] = nodes[i - 1] ?? head
  }
  next[head] = nodes[0] ?? head
  before[head] = nodes.at(-1) ?? head
  return { next, before }
}
