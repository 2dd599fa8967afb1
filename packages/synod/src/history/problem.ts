import { present } from '../core/index.ts'
import type { Call } from './calls.ts'
import type { Model } from './model.ts'

/** Calls that a model cannot tell apart: the same operation with the same answer. */
export interface CallClass<Operation, Result> {
  readonly operation: Operation
  readonly result: Result | undefined
  readonly pure: boolean
}

/**
 * The calls of one part as the search wants them: numbered, answered ones first, each group in the order of invocation.
 * `known` of them were answered. Ranks are places in the order of all events: of invocations by call, of returns by
 * answered call.
 */
export interface Problem<Operation, Result> {
  readonly calls: readonly Call<Operation, Result>[]
  readonly known: number
  readonly invokedRank: Int32Array
  readonly returnedRank: Int32Array
  readonly classOf: Int32Array
  readonly classes: readonly CallClass<Operation, Result>[]
  /** By call of unknown outcome, counted from 0: the rank at which it can take effect no more, or the greatest number. */
  readonly deadline: Int32Array
  /** The same client's call that was answered at the very instant at which this one was invoked, or -1. */
  readonly previous: Int32Array
  /** A call of unknown outcome and of the same class, open and ready whenever this one is, which goes first; or -1. */
  readonly twin: Int32Array
}

interface End {
  readonly time: number
  /** 0 for an invocation, 1 for a return. */
  readonly kind: 0 | 1
  readonly call: number
}

/**
 * At one instant invocations come before returns: what shares an instant is not ordered (porcupine#40). Only the order
 * of one client's own calls is kept there, by `previous`.
 */
export function arrange<Operation, Result, State>(
  unordered: readonly Call<Operation, Result>[],
  model: Model<Operation, Result, State>,
): Problem<Operation, Result> {
  const inOrder = unordered.toSorted((a, b) => a.invoked - b.invoked)
  const known = inOrder.filter(({ outcome }) => outcome === 'ok')
  const calls = [...known, ...inOrder.filter(({ outcome }) => outcome !== 'ok')]

  const ends: End[] = calls.map(({ invoked }, call) => ({ time: invoked, kind: 0, call }))
  for (const [call, { returned }] of calls.entries())
    if (Number.isFinite(returned)) ends.push({ time: returned, kind: 1, call })
  ends.sort((a, b) => a.time - b.time || a.kind - b.kind || a.call - b.call)
  const invokedRank = new Int32Array(calls.length)
  const returnedRank = new Int32Array(known.length)
  const deadline = new Int32Array(calls.length - known.length).fill(0x7fff_ffff)
  for (const [rank, { kind, call }] of ends.entries()) {
    if (kind === 0) invokedRank[call] = rank
    else if (call < known.length) returnedRank[call] = rank
    else deadline[call - known.length] = rank
  }

  const { classes, classOf } = classify(calls, model)
  const previous = previousOf(unordered, calls)
  return {
    calls,
    known: known.length,
    invokedRank,
    returnedRank,
    deadline,
    classOf,
    classes,
    previous,
    twin: twinsOf(calls, classOf, previous, known.length),
  }
}

function classify<Operation, Result, State>(
  calls: readonly Call<Operation, Result>[],
  model: Model<Operation, Result, State>,
): { classes: CallClass<Operation, Result>[]; classOf: Int32Array } {
  const ids = new Map<string, number>()
  const classes: CallClass<Operation, Result>[] = []
  const classOf = Int32Array.from(calls, ({ operation, result }) => {
    // JSON has no undefined: a missing answer must not look like null.
    const text = JSON.stringify(result === undefined ? [operation] : [operation, result])
    const id = ids.get(text)
    if (id !== undefined) return id
    ids.set(text, classes.length)
    const pure = result !== undefined && model.isPure?.(operation, result) === true
    return classes.push({ operation, result, pure }) - 1
  })
  return { classes, classOf }
}

/** By the order of recording, which `unordered` has. */
function previousOf(unordered: readonly Call[], calls: readonly Call[]): Int32Array {
  const ids = new Map(calls.map((call, id) => [call, id]))
  const previous = new Int32Array(calls.length).fill(-1)
  const lastAnswered = new Map<string, Call>()
  for (const call of unordered) {
    const last = lastAnswered.get(call.client)
    const id = ids.get(call)
    if (last?.returned === call.invoked && id !== undefined) previous[id] = ids.get(last) ?? -1
    if (call.outcome === 'ok') lastAnswered.set(call.client, call)
  }
  return previous
}

/**
 * Who may be asked to go first is whoever can be placed wherever the other can: then, if a linearization has the other one
 * alone or earlier, the two change places. Each exchange puts a lower number earlier, so they come to an end.
 *
 * A twin that was invoked no later is open whenever the other is; but it must also be ready. One that was invoked at the
 * very instant of its client's last answer (`previous`) is not, until that answer is placed. What was invoked at a later
 * instant comes after that answer anyhow; what was invoked at the same one need not.
 */
function twinsOf(calls: readonly Call[], classOf: Int32Array, previous: Int32Array, known: number): Int32Array {
  const earlier = new Map<number, number[]>()
  return classOf.map((id, i) => {
    const call = calls[i]
    if (i < known || call?.returned !== Infinity) return -1
    const group = earlier.get(id) ?? []
    const twin = group.findLast((one) => previous[one] === -1 || (calls[one]?.invoked ?? Infinity) < call.invoked)
    group.push(i)
    earlier.set(id, group)
    return twin ?? -1
  })
}

/** The class of a call, which has one. */
export function classAt<Operation, Result>(
  problem: Problem<Operation, Result>,
  id: number,
): CallClass<Operation, Result> {
  return present(problem.classes[id], 'every call has a class')
}
