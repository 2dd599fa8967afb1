import { callsOf, happenedOf, partition, prepared } from './calls.ts'
import type { Call } from './calls.ts'
import type { Verdict } from './check.ts'
import type { Explanation } from './explain.ts'
import type { History } from './history.ts'
import { LimitReached, Meter } from './limits.ts'
import type { Limits } from './limits.ts'
import type { Model } from './model.ts'
import { arrange } from './problem.ts'
import { Search } from './search.ts'

/** What a picture of a history shows: plain data. */
export interface Drawing {
  /** One per client, in the order of first mention. */
  readonly lanes: readonly string[]
  /** In the order of invocation. */
  readonly calls: readonly DrawnCall[]
  /** Each a linearization of some calls of a partition: calls in their order, and the states after each. */
  readonly partials: readonly Partial[]
  /** What `Partial` calls by number. */
  readonly states: readonly string[]
  /** How many operations the history has; more than there are `calls` if only a part is drawn. */
  readonly operations: number
}

export interface DrawnCall {
  readonly lane: number
  readonly partition: string
  readonly text: string
  readonly from: number
  /** Missing where the outcome is unknown. */
  readonly to?: number
  readonly outcome: 'ok' | 'unknown' | 'rejected'
  readonly reason?: string
  /** The longest partial linearization found that contains it; missing if none was kept. */
  readonly partial?: number
  /** `blocked` cannot be placed; `window` is what proves it. */
  readonly mark?: 'blocked' | 'window'
}

export interface Partial {
  readonly order: readonly number[]
  /** The state before the first, then after each. */
  readonly states: readonly number[]
}

/** Beyond so many operations only the partition to blame is drawn, and of it only what surrounds the blocked one. */
const drawnMax = 10_000

/** How many calls all partial linearizations together may have. */
const partialCallsMax = 300_000

/** What finding them may cost if nothing else is said. */
const drawingSteps = 300_000

/** After so many calls in a row that have one as long, the rest of a partial linearization is not looked at. */
const knownInARow = 64

/** Lays out what is known of a history, for a picture. */
export function draw<Operation, Result, State>(
  history: History<Operation, Result>,
  model: Model<Operation, Result, State>,
  verdict: Verdict<Operation, Result>,
  explanation?: Explanation<Operation, Result>,
  limits: Limits = {},
): Drawing {
  const calls = callsOf(history, model.observe?.bind(model))
  const shown = selection(calls, model, verdict)
  const drawing = new Draft(model)
  for (const call of shown) drawing.add(call, markOf(call, verdict, explanation))
  const meter = new Meter({ steps: drawingSteps, ...limits })
  const parts = partition(prepared(happenedOf(shown), model), model)
  const blamed = verdict.outcome === 'not-linearizable' ? verdict.partition : undefined
  const inOrder = [...parts].toSorted(([a], [b]) => Number(b === blamed) - Number(a === blamed))
  for (const [, part] of inOrder) drawing.linearize(part, meter)
  return drawing.finish(calls.length)
}

function selection<Operation, Result, State>(
  calls: readonly Call<Operation, Result>[],
  model: Model<Operation, Result, State>,
  verdict: Verdict<Operation, Result>,
): readonly Call<Operation, Result>[] {
  if (calls.length <= drawnMax || verdict.outcome !== 'not-linearizable') return calls.slice(0, drawnMax)
  const { blocked, partition: blamed } = verdict
  const own = calls.filter(({ operation }) => (model.partition?.(operation) ?? '') === blamed)
  const place = own.findIndex((call) => isSame(call, blocked))
  return own.slice(Math.max(0, place - drawnMax / 2), place + drawnMax / 2)
}

function markOf<Operation, Result>(
  call: Call<Operation, Result>,
  verdict: Verdict<Operation, Result>,
  explanation: Explanation<Operation, Result> | undefined,
): DrawnCall['mark'] {
  if (verdict.outcome !== 'not-linearizable') return undefined
  if (isSame(call, verdict.blocked)) return 'blocked'
  const proof = [...(explanation?.window ?? []), ...(explanation?.proof ?? [])]
  return proof.some((one) => isSame(one, call)) ? 'window' : undefined
}

/** A client has one operation at a time; what takes no time is told apart by what it is. */
function isSame(a: Call, b: Call): boolean {
  return a.client === b.client && a.invoked === b.invoked && (a.operation === b.operation || a.returned > a.invoked)
}

class Draft<Operation, Result, State> {
  private readonly model: Model<Operation, Result, State>
  private readonly lanes: string[] = []
  private readonly calls: DrawnCall[] = []
  private readonly places = new Map<Call<Operation, Result> | string, number>()
  private readonly partials: Partial[] = []
  private readonly states: string[] = []
  private readonly stateIds = new Map<string, number>()
  private readonly laneIds = new Map<string, number>()
  private partialCalls = 0

  constructor(model: Model<Operation, Result, State>) {
    this.model = model
  }

  add(call: Call<Operation, Result>, mark: DrawnCall['mark']): void {
    const { client, operation, result, invoked, returned, outcome, reason } = call
    const lane = this.laneIds.get(client) ?? this.lanes.push(client) - 1
    this.laneIds.set(client, lane)
    this.places.set(call, this.calls.length)
    this.places.set(instants(call), this.calls.length)
    this.calls.push({
      lane,
      partition: this.model.partition?.(operation) ?? '',
      text: this.model.describe(operation, result),
      from: invoked,
      ...(outcome === 'unknown' ? {} : { to: returned }),
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(mark === undefined ? {} : { mark }),
    })
  }

  /** Finds, for each call of a partition, the longest partial linearization that contains it. */
  linearize(part: readonly Call<Operation, Result>[], meter: Meter): void {
    const problem = arrange(part, this.model)
    const longest = problem.calls.map((): Int32Array => new Int32Array(0))
    const keep = (order: Int32Array): void => {
      let copy: Int32Array | undefined
      // Backwards: what comes early was in most of those before. Most often there is nothing new, and the end tells.
      let known = 0
      for (let i = order.length - 1; i >= 0 && known < knownInARow; i--) {
        const call = order[i] ?? 0
        if ((longest[call]?.length ?? 0) >= order.length) {
          known++
          continue
        }
        known = 0
        copy ??= order.slice()
        longest[call] = copy
      }
    }
    const bytes = meter.bytes
    try {
      const search = new Search(problem, this.model, meter, this.model.initial, keep)
      if (search.run(Infinity) === 'linearizable') keep(search.linearization)
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error
    } finally {
      meter.release(meter.bytes - bytes)
    }
    const places = problem.calls.map((call) => this.placeOf(call))
    for (const order of [...new Set(longest)].toSorted((a, b) => b.length - a.length)) {
      this.partialCalls += order.length
      if (order.length === 0 || this.partialCalls > partialCallsMax) break
      const id = this.partials.push(this.partial(order, problem.calls, places)) - 1
      for (const [call, own] of longest.entries()) {
        const place = places[call] ?? -1
        const drawn = this.calls[place]
        if (own === order && drawn !== undefined) this.calls[place] = { ...drawn, partial: id }
      }
    }
  }

  finish(operations: number): Drawing {
    const { lanes, calls, partials, states } = this
    return { lanes, calls, partials, states, operations }
  }

  private partial(order: Int32Array, calls: readonly Call<Operation, Result>[], places: readonly number[]): Partial {
    let state: State | undefined = this.model.initial
    const states = [this.stateId(state)]
    for (const id of order) {
      const call = calls[id]
      if (state !== undefined && call !== undefined) state = this.model.step(state, call.operation, call.result)
      states.push(state === undefined ? -1 : this.stateId(state))
    }
    return { order: Array.from(order, (id) => places[id] ?? -1), states }
  }

  private stateId(state: State): number {
    const { encode } = this.model
    const text = this.model.describeState?.(state) ?? (encode === 'lineage' ? '' : encode(state))
    const id = this.stateIds.get(text) ?? this.states.push(text) - 1
    this.stateIds.set(text, id)
    return id
  }

  /** A call that the model prepared is another object with the same client and instants. */
  private placeOf(call: Call<Operation, Result>): number {
    return this.places.get(call) ?? this.places.get(instants(call)) ?? -1
  }
}

function instants({ client, invoked, returned }: Call): string {
  return `${invoked} ${returned} ${client}`
}
