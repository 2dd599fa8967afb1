import { prepared } from './calls.ts'
import type { Call } from './calls.ts'
import type { Verdict } from './check.ts'
import { PartChecker } from './incremental.ts'
import type { PartEvent } from './incremental.ts'
import { LimitReached, Meter } from './limits.ts'
import type { Limits } from './limits.ts'
import type { Model } from './model.ts'
import { arrange } from './problem.ts'
import { Search } from './search.ts'

/** Why a history is not linearizable: as few operations as prove it. */
export interface Explanation<Operation = unknown, Result = unknown> {
  readonly partition: string
  /** What cannot be placed. */
  readonly blocked: Call<Operation, Result>
  /**
   * Operations, in the order of their invocation, that cannot be linearized after what came before them, whether or not any
   * other happened since; `blocked` is one of them. All answers count that tell of calls of unknown outcome.
   */
  readonly window: readonly Call<Operation, Result>[]
  /** The states that are possible before the window. */
  readonly before: readonly string[]
  /** The states that are possible when the answer of `blocked` comes; empty if they were too many to be followed. */
  readonly possible: readonly string[]
  /** How many others of this partition had been invoked by then. */
  readonly others: number
  /**
   * The same from the initial state on, and alone: operations that cannot be linearized, whether or not any other happened
   * while it was in flight. More of them, but they tell how the state came about. Empty if that was too much work. Of a
   * model that prepares its calls, `blocked` need not be among them.
   */
  readonly proof: readonly Call<Operation, Result>[]
}

type Refuted<Operation, Result> = Extract<Verdict<Operation, Result>, { readonly outcome: 'not-linearizable' }>

/** What shrinking may cost if nothing else is said: half of it for the window, half for the proof. */
const shrinkingSteps = 1_000_000

/** What a single trial may cost, beside three times the refutation of the whole: what is not over by then may be needed. */
const trialSteps = 20_000

/** How many possible beginnings of a window are searched at most. */
const startsMax = 32

/**
 * Finds the smallest window that cannot be linearized: what was invoked up to the return that no linearization can pass,
 * from the last moment on at which nothing was in flight, from any state that is possible there; of it only what makes a
 * difference. Limits end the shrinking, not the explanation.
 */
export function explain<Operation, Result, State>(
  { calls, blocked, partition }: Refuted<Operation, Result>,
  model: Model<Operation, Result, State>,
  limits: Limits = {},
): Explanation<Operation, Result> {
  const { steps = shrinkingSteps } = limits
  const meterOf = (): Meter => new Meter({ ...limits, steps: Math.ceil(steps / 2) })
  const [forWindow, forProof] = [meterOf(), meterOf()]
  const prepare: Prepare<Operation, Result> = (some) => prepared(some, model)
  const asItIs: Prepare<Operation, Result> = (some) => some
  // The window comes after all else, which may tell of calls of unknown outcome.
  const known = upTo(prepare(calls), blocked)
  const { starts, possible } = reach(known, blocked, model)
  // What returned later than the blocked call was followed without its answer: then too much may seem possible.
  const shrunk =
    shrink(starts, blocked, model, forWindow, asItIs) ??
    shrink([beginning(known, model)], blocked, model, forWindow, asItIs)
  // The proof stands alone. If nothing is wrong before the blocked call, something later told that it is.
  const prefix = upTo(calls, blocked)
  const proof =
    shrink([beginning(prefix, model)], blocked, model, forProof, prepare) ??
    shrink([beginning(calls, model)], blocked, model, forProof, prepare)
  const before = [...new Set((shrunk?.starts ?? [beginning(known, model)]).map(({ text }) => text))]
  const window = answeredOf(shrunk?.window ?? known)
  const others = prefix.length - window.length
  return { partition, blocked, window, before, possible, others, proof: answeredOf(proof?.window ?? []) }
}

/** What is known of the whole history, put into the calls. */
type Prepare<Operation, Result> = (calls: readonly Call<Operation, Result>[]) => readonly Call<Operation, Result>[]

function upTo<Operation, Result>(
  calls: readonly Call<Operation, Result>[],
  blocked: Call<Operation, Result>,
): readonly Call<Operation, Result>[] {
  return calls.filter(({ invoked }) => invoked <= blocked.returned).map((call) => cut(call, blocked))
}

function answeredOf<Operation, Result>(calls: readonly Call<Operation, Result>[]): Call<Operation, Result>[] {
  return calls.filter(({ outcome }) => outcome === 'ok').toSorted((a, b) => a.invoked - b.invoked)
}

/** What had not returned when the blocked call did may have happened by then, or not. */
function cut<Operation, Result>(
  call: Call<Operation, Result>,
  blocked: Call<Operation, Result>,
): Call<Operation, Result> {
  return call.returned > blocked.returned ? { ...call, outcome: 'unknown', returned: Infinity } : call
}

/** The call, as if nobody knew whether it happened while it was in flight; if it did, it answered as it did. */
function loosen<Operation, Result>(call: Call<Operation, Result>): Call<Operation, Result> {
  return { ...call, outcome: 'unknown' }
}

/** A possible state at a moment at which nothing was in flight, and what may or did happen from then on. */
interface Start<Operation, Result, State> {
  readonly state: State
  readonly text: string
  readonly calls: readonly Call<Operation, Result>[]
}

/** Follows all configurations to the blocked call, and keeps those of the last moment at which nothing was in flight. */
function reach<Operation, Result, State>(
  prefix: readonly Call<Operation, Result>[],
  blocked: Call<Operation, Result>,
  model: Model<Operation, Result, State>,
): { starts: Start<Operation, Result, State>[]; possible: string[] } {
  const checker = new PartChecker(model as Model<Operation, Result, unknown>, 10_000)
  let starts = [beginning(prefix, model)]
  for (const { time, event, isLast } of eventsOf(prefix)) {
    checker.feed(time, event)
    if (checker.verdict === 'unknown') return { starts, possible: [] }
    if (checker.verdict === 'not-linearizable') break
    const { now, search } = checker
    if (!isLast || !checker.isQuiescent || now.all.length > startsMax || time >= blocked.returned) continue
    const later = prefix.filter(({ invoked }) => invoked > time)
    starts = now.all.map((one) => {
      const { used } = one
      const value = search.stateOf(one)
      const state = (model.nondeterministic === undefined ? value : [value]) as State
      const open = prefix.filter(({ outcome, invoked }, i) => outcome !== 'ok' && invoked <= time && !used.includes(i))
      return { state, text: textOf(state, model), calls: [...open, ...later] }
    })
  }
  return { starts, possible: checker.search.describe(checker.before) }
}

function beginning<Operation, Result, State>(
  calls: readonly Call<Operation, Result>[],
  model: Model<Operation, Result, State>,
): Start<Operation, Result, State> {
  return { state: model.initial, text: textOf(model.initial, model), calls }
}

function textOf<Operation, Result, State>(state: State, model: Model<Operation, Result, State>): string {
  return model.describeState?.(state) ?? (model.encode === 'lineage' ? '' : model.encode(state))
}

interface TimedEvent<Operation, Result> {
  readonly time: number
  readonly event: PartEvent<Operation, Result>
  /** No other event has this instant. */
  readonly isLast: boolean
}

/** The events of calls, in the order in which one client after the other could have recorded them. */
function eventsOf<Operation, Result>(calls: readonly Call<Operation, Result>[]): TimedEvent<Operation, Result>[] {
  type Event = Omit<TimedEvent<Operation, Result>, 'isLast'>
  const events = calls.flatMap(({ client, operation, invoked, returned, outcome, result }, id): Event[] => {
    const invoke: Event = { time: invoked, event: { type: 'invoke', id, client, operation } }
    if (outcome !== 'ok') return [invoke, { time: invoked, event: { type: 'unknown', id, client } }]
    return [invoke, { time: returned, event: { type: 'ok', id, client, result: result as Result } }]
  })
  const sorted = events.toSorted((a, b) => a.time - b.time)
  return sorted.map(({ time, event }, i) => ({ time, event, isLast: sorted[i + 1]?.time !== time }))
}

/** A window, and all that can be before it. */
interface Shrunk<Operation, Result, State> {
  readonly starts: readonly Start<Operation, Result, State>[]
  readonly window: readonly Call<Operation, Result>[]
}

/**
 * Leaves out one call after the other, as long as no start can be linearized: a pure one altogether, any other by not
 * saying any more whether it happened. What is left out may still be tried by the search; it proves nothing.
 * Answers undefined if some start can be linearized as it is, or if that could not be found out.
 */
function shrink<Operation, Result, State>(
  starts: readonly Start<Operation, Result, State>[],
  blocked: Call<Operation, Result>,
  model: Model<Operation, Result, State>,
  meter: Meter,
  prepare: Prepare<Operation, Result>,
): Shrunk<Operation, Result, State> | undefined {
  // Starts differ only in which calls of unknown outcome are open.
  let window = starts[0]?.calls.filter(({ outcome }) => outcome === 'ok') ?? []
  const free = new Map<Call<Operation, Result>, Call<Operation, Result> | undefined>()
  const isIllegal = (steps: number): boolean =>
    starts.every(({ state, calls }) => {
      const kept = calls.flatMap((call) => (free.has(call) ? (free.get(call) ?? []) : [call]))
      const { bytes } = meter
      const found = new Search(arrange(prepare(kept), model), model, meter, state).run(steps)
      meter.release(meter.bytes - bytes)
      return found === 'not-linearizable'
    })
  /** Set as soon as the whole is known to be illegal. */
  let most: number | undefined
  const tryWithout = (calls: readonly Call<Operation, Result>[]): boolean => {
    for (const call of calls) free.set(call, isPure(call, model) ? undefined : loosen(call))
    const isStillIllegal = isIllegal(most ?? Infinity)
    if (isStillIllegal) window = window.filter((call) => !calls.includes(call))
    else for (const call of calls) free.delete(call)
    return isStillIllegal
  }
  try {
    const { steps } = meter
    if (!isIllegal(Infinity)) return undefined
    most = trialSteps + 3 * (meter.steps - steps)
    leaveOut(
      window.filter((call) => !isSameCall(call, blocked)),
      tryWithout,
    )
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error
  }
  return most === undefined ? undefined : { starts, window }
}

function isPure<Operation, Result, State>(
  call: Call<Operation, Result>,
  model: Model<Operation, Result, State>,
): boolean {
  return call.result !== undefined && model.isPure?.(call.operation, call.result) === true
}

/** What the model prepared twice is another object. */
function isSameCall(a: Call, b: Call): boolean {
  if (a.client !== b.client || a.invoked !== b.invoked || a.returned !== b.returned) return false
  return JSON.stringify([a.operation, a.result]) === JSON.stringify([b.operation, b.result])
}

/** Tries whole halves first: most of a long window makes no difference. */
function leaveOut<T>(candidates: readonly T[], tryWithout: (some: readonly T[]) => boolean): void {
  if (candidates.length === 0 || tryWithout(candidates) || candidates.length === 1) return
  const half = Math.ceil(candidates.length / 2)
  leaveOut(candidates.slice(0, half), tryWithout)
  leaveOut(candidates.slice(half), tryWithout)
}
