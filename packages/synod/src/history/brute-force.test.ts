import { expect, test } from 'vitest'
import { choose, seeded } from '../core/index.ts'
import type { RandomState } from '../core/index.ts'
import { callsOf, partition } from './calls.ts'
import type { Call } from './calls.ts'
import {
  check,
  explain,
  IncrementalChecker,
  keyValue,
  lock,
  nondeterministicRegister,
  queue,
  Recorder,
  register,
  set,
  store,
} from './index.ts'
import type {
  Change,
  History,
  KeyValueOperation,
  LockOperation,
  Model,
  QueueOperation,
  RegisterOperation,
  SetOperation,
  StoreOperation,
  StoreRequest,
  StoreResult,
  SubsetOperation,
} from './index.ts'
import { at, run } from './models/store-run.ts'
import type { StoreState } from './models/store-run.ts'

// Goal: search, incremental checker and explanations say what the definition says. Method: small random histories, some of
// whose answers are guessed, judged by trying every order of every choice of the calls that need not have happened. Instants
// are few, so that many events share one; an operation takes effect when it is invoked, when it is answered, or long after
// its client gave up. `SEEDS=50000 npx vitest run brute-force` tries more of them.

/** A call of which it is known whether it must have happened; if it did, then between its invocation and its return. */
interface Candidate<Operation, Result> {
  readonly call: Call<Operation, Result>
  readonly isNeeded: boolean
}

/** Whether some order of all that is needed and some of the others respects real time and the model. */
function isLinearizable<Operation, Result, State>(
  candidates: readonly Candidate<Operation, Result>[],
  model: Model<Operation, Result, State>,
): boolean {
  const all = candidates.map((_, i) => i)
  // As bits: what must be before each call if it is needed, and what must not be before it.
  const before = all.map((i) => bits(all.filter((k) => candidates[k]?.isNeeded === true && precedes(candidates, k, i))))
  const behind = all.map((i) => bits(all.filter((k) => precedes(candidates, i, k))))
  const needed = bits(all.filter((i) => candidates[i]?.isNeeded === true))
  const hopeless = new Set<string>()
  const extend = (placed: number, state: State): boolean => {
    if ((placed & needed) === needed) return true
    const here = `${placed} ${JSON.stringify(state)}`
    if (hopeless.has(here)) return false
    const canGoOn = candidates.some(({ call }, i) => {
      const isNext =
        ((placed >>> i) & 1) === 0 && ((before[i] ?? 0) & ~placed) === 0 && ((behind[i] ?? 0) & placed) === 0
      const after = isNext ? model.step(state, call.operation, call.result) : undefined
      return after !== undefined && extend(placed | (1 << i), after)
    })
    if (!canGoOn) hopeless.add(here)
    return canGoOn
  }
  return extend(0, model.initial)
}

function bits(places: readonly number[]): number {
  return places.reduce((sum, place) => sum | (1 << place), 0)
}

/** Real time, in which what shares an instant is not ordered, and the order of each client. */
function precedes(candidates: readonly Candidate<unknown, unknown>[], i: number, k: number): boolean {
  const [a, b] = [candidates[i]?.call, candidates[k]?.call]
  if (a === undefined || b === undefined || i === k) return false
  return a.returned < b.invoked || (a.client === b.client && a.returned === b.invoked && i < k)
}

/** How a model is used: what clients ask, what is true, and what is not. */
interface Use<Operation, Result, State> {
  readonly model: Model<Operation, Result, State>
  readonly operation: (random: RandomState) => Operation
  readonly answer: (state: State, operation: Operation, random: RandomState) => Result
  readonly guess: (operation: Operation, random: RandomState) => Result
  /** What an observer sees of a change. */
  readonly changes?: (before: State, after: State) => { revision: number; changes: readonly Change[] } | undefined
}

function randomHistory<Operation, Result, State>(
  random: RandomState,
  { model, operation: draw, answer, guess, changes }: Use<Operation, Result, State>,
): History<Operation, Result> {
  const recorder = new Recorder<Operation, Result>(model.name)
  const inFlight = new Map<string, { operation: Operation; result?: Result }>()
  const late: Operation[] = []
  const [events, clients, pace] = [6 + choose(random, 8), 2 + choose(random, 3), 1 + choose(random, 3)]
  const [lost, wrong] = [[0, 1, 4, 7][choose(random, 4)] ?? 0, [2, 4, 8][choose(random, 3)] ?? 2]
  let { initial: state } = model
  let time = 0
  const happen = (operation: Operation): Result => {
    const result = answer(state, operation, random)
    const after = model.step(state, operation, result) ?? state
    const seen = choose(random, 3) === 0 ? changes?.(state, after) : undefined
    if (seen !== undefined) recorder.observed(time, seen.revision, seen.changes)
    state = after
    return result
  }
  for (let i = 0; i < events; i++) {
    time += choose(random, pace)
    if (late.length > 0 && choose(random, 3) === 0)
      for (const operation of late.splice(choose(random, late.length), 1)) happen(operation)
    const client = `c${choose(random, clients)}`
    const waiting = inFlight.get(client)
    if (waiting === undefined) {
      const operation = draw(random)
      recorder.invoke(client, time, operation)
      inFlight.set(client, choose(random, 2) === 0 ? { operation, result: happen(operation) } : { operation })
      continue
    }
    inFlight.delete(client)
    const { operation, result } = waiting
    const fate = choose(random, 10)
    if (fate < lost) {
      recorder.unknown(client, time, 'timeout')
      if (result === undefined) late.push(operation)
    } else if (fate === 9 && (result === undefined || choose(random, 3) === 0)) {
      recorder.rejected(client, time, 'no leader')
    } else {
      const truth = result === undefined ? happen(operation) : result
      recorder.ok(client, time, choose(random, wrong) === 0 ? guess(operation, random) : truth)
    }
  }
  return recorder.history()
}

/** The calls of each part that may have happened. */
function partsOf<Operation, Result, State>(
  { events }: Pick<History<Operation, Result>, 'events'>,
  model: Model<Operation, Result, State>,
): Call<Operation, Result>[][] {
  const calls = callsOf({ model: model.name, events }, model.observe?.bind(model))
  return [
    ...partition(
      calls.filter(({ outcome }) => outcome !== 'rejected'),
      model,
    ).values(),
  ]
}

function definition<Operation, Result, State>(
  history: Pick<History<Operation, Result>, 'events'>,
  model: Model<Operation, Result, State>,
): 'linearizable' | 'not-linearizable' {
  const isGood = partsOf(history, model).every((calls) =>
    isLinearizable(
      calls.map((call) => ({ call, isNeeded: call.outcome === 'ok' })),
      model,
    ),
  )
  return isGood ? 'linearizable' : 'not-linearizable'
}

/** Both ways of checking, with and without limits. */
function expectVerdicts<Operation, Result, State>(
  history: History<Operation, Result>,
  model: Model<Operation, Result, State>,
  random: RandomState,
): 'linearizable' | 'not-linearizable' {
  const expected = definition(history, model)
  expect(check(history, model).outcome, 'by the search').toBe(expected)
  expect([expected, 'unknown'], 'in few steps').toContain(
    check(history, model, { steps: 1 + choose(random, 20) }).outcome,
  )
  expect([expected, 'unknown'], 'in few bytes').toContain(
    check(history, model, { bytes: 3000 + choose(random, 9000) }).outcome,
  )
  const checker = new IncrementalChecker(model)
  const isEachLookedAt = choose(random, 8) === 0
  for (const [i, event] of history.events.entries()) {
    const verdict = checker.feed(event)
    if (!isEachLookedAt) continue
    expect(verdict, `after event ${i + 1}`).toBe(definition({ events: history.events.slice(0, i + 1) }, model))
  }
  expect(checker.verdict, 'incrementally').toBe(expected)
  const bounded = new IncrementalChecker(model, 1 + choose(random, 6))
  for (const event of history.events) bounded.feed(event)
  expect([expected, 'unknown'], 'with few configurations').toContain(bounded.verdict)
  return expected
}

/** What is said to be wrong is wrong, whatever became of all others; and what is not said to be, is not. */
function expectProofs<Operation, Result, State>(
  history: History<Operation, Result>,
  model: Model<Operation, Result, State>,
): void {
  const verdict = check(history, model)
  if (verdict.outcome !== 'not-linearizable') throw new Error(verdict.outcome)
  const { blocked, calls } = verdict
  const isWrong = (all: readonly Call<Operation, Result>[], isNeeded: (call: Call) => boolean): boolean =>
    !isLinearizable(
      all.map((call) => ({ call, isNeeded: call.outcome === 'ok' && isNeeded(call) })),
      model,
    )
  const isAmong = (some: readonly Call[], call: Call): boolean => some.some((one) => isSame(one, call))
  expect(partsOf(history, model)).toContainEqual(calls)
  const { window, proof } = explain(verdict, model)
  expect(proof.every((one) => isAmong(calls, one))).toBe(true)
  const proves = isWrong(calls, (call) => isAmong(proof, call))
  expect(proves, 'the proof').toBe(true)

  // What the window and the blocked call say, they say with what all answers tell of calls of unknown outcome.
  const known = model.prepare?.(calls) ?? calls
  expect([isWrong(known, ({ returned }) => returned <= blocked.returned), isAmong(window, blocked)]).toEqual([
    true,
    true,
  ])
  expect(isWrong(known, ({ returned }) => returned < blocked.returned)).toBe(false)
  const quiescence = Math.max(
    -1,
    ...known
      .flatMap(({ invoked, returned }) => [invoked, returned])
      .filter((time) => window.every(({ invoked }) => invoked > time))
      .filter((time) => !known.some((call) => isOpen(call, time) && call.returned <= blocked.returned)),
  )
  const isImpossible = isWrong(known, (call) => call.returned <= quiescence || isAmong(window, call))
  expect(isImpossible, 'the window, after what was before').toBe(true)
}

function isOpen({ invoked, returned, outcome }: Call, time: number): boolean {
  return outcome === 'ok' && invoked <= time && returned > time
}

function isSame(a: Call, b: Call): boolean {
  return (
    a.client === b.client &&
    a.invoked === b.invoked &&
    a.returned === b.returned &&
    JSON.stringify([a.operation, a.result]) === JSON.stringify([b.operation, b.result])
  )
}

const seeds = Number(process.env['SEEDS'] ?? 700)

function testAgainstDefinition<Operation, Result, State>(name: string, use: Use<Operation, Result, State>): void {
  test(`${name} is judged, and explained, as the definition says`, { timeout: 60_000 + 50 * seeds }, () => {
    const seen = { linearizable: 0, 'not-linearizable': 0 }
    for (let seed = 1; seed <= seeds; seed++) {
      const random = seeded(seed)
      const history = randomHistory(random, use)
      try {
        const verdict = expectVerdicts(history, use.model, random)
        seen[verdict]++
        if (verdict === 'not-linearizable') expectProofs(history, use.model)
      } catch (error) {
        throw new Error(`seed ${seed}:\n${history.events.map((event) => JSON.stringify(event)).join('\n')}`, {
          cause: error,
        })
      }
    }
    // Both kinds occur often enough to mean something.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(seeds / 8)
  })
}

const flip = (random: RandomState): boolean => choose(random, 2) === 0

/** The answer that the model itself gives. */
function answerOf<Operation, Result, State>(
  model: Model<Operation, Result, State>,
): (state: State, operation: Operation) => Result {
  const answer = model.answer?.bind(model)
  if (answer === undefined) throw new Error(`${model.name} has more than one answer`)
  return answer
}

testAgainstDefinition('a register with compare-and-set', {
  model: register(0),
  operation: (random): RegisterOperation => {
    const kind = choose(random, 3)
    if (kind === 0) return { type: 'read' }
    if (kind === 1) return { type: 'write', value: choose(random, 2) }
    return { type: 'cas', from: choose(random, 3), to: choose(random, 3) }
  },
  answer: answerOf(register(0)),
  guess: ({ type }, random) => (type === 'read' ? choose(random, 3) : type === 'write' ? null : flip(random)),
})

testAgainstDefinition('a key-value store', {
  model: keyValue(),
  operation: (random): KeyValueOperation => {
    const key = choose(random, 4) === 0 ? 'j' : 'k'
    const kind = choose(random, 3)
    if (kind === 0) return { type: 'get', key }
    return { type: kind === 1 ? 'put' : 'append', key, value: flip(random) ? 'x' : 'y' }
  },
  answer: answerOf(keyValue()),
  guess: ({ type }, random) => (type === 'get' ? (['', 'x', 'y', 'xy', 'xx'][choose(random, 5)] ?? '') : null),
})

testAgainstDefinition('a set', {
  model: set(),
  operation: (random): SetOperation => {
    const kind = choose(random, 3)
    return kind === 0 ? { type: 'read' } : { type: kind === 1 ? 'add' : 'remove', value: choose(random, 3) }
  },
  answer: (state, { type }) => (type === 'read' ? state : null),
  guess: ({ type }, random) => (type === 'read' ? [0, 1, 2].filter(() => flip(random)) : null),
})

testAgainstDefinition('a queue', {
  model: queue(),
  operation: (random): QueueOperation =>
    flip(random) ? { type: 'enqueue', value: choose(random, 3) } : { type: 'dequeue' },
  answer: answerOf(queue()),
  guess: ({ type }, random) => (type === 'enqueue' ? null : ([null, 0, 1, 2][choose(random, 4)] ?? null)),
})

testAgainstDefinition('a lock', {
  model: lock(),
  operation: (random): LockOperation => ({
    type: flip(random) ? 'acquire' : 'release',
    holder: flip(random) ? 'a' : 'b',
  }),
  answer: answerOf(lock()),
  guess: (_, random) => flip(random),
})

testAgainstDefinition('a register that keeps what it likes', {
  model: nondeterministicRegister(),
  operation: (random): SubsetOperation => {
    const kind = choose(random, 3)
    if (kind === 0) return { type: 'put-any', value: [0, 1].filter(() => flip(random)) }
    return { type: kind === 1 ? 'get-any' : 'get-all' }
  },
  answer: (states, { type }, random) => (type === 'put-any' ? null : (states[choose(random, states.length)] ?? [])),
  guess: ({ type }, random) => (type === 'put-any' ? null : [0, 1].filter(() => flip(random))),
})

function storeRequest(random: RandomState, isInside = false): StoreRequest {
  const key = choose(random, 3) === 0 ? 'b' : 'a'
  switch (choose(random, isInside ? 3 : 4)) {
    case 0: {
      const range = choose(random, 4) === 0 ? { end: '\0' } : {}
      const past = choose(random, isInside ? 2 : 3) === 0 ? { revision: [1, 2, 3, 9][choose(random, 4)] ?? 1 } : {}
      return {
        type: 'get',
        key,
        ...range,
        ...past,
        ...(!isInside && choose(random, 4) === 0 && { serializable: true }),
      }
    }
    case 1:
      return { type: 'put', key, value: flip(random) ? 'x' : 'y' }
    case 2:
      return { type: 'delete', key }
    default: {
      const [success, failure] = [[storeRequest(random, true)], flip(random) ? [storeRequest(random, true)] : []]
      return {
        type: 'txn',
        compare: [{ key, target: 'version', is: '=', operand: choose(random, 2) }],
        success,
        failure,
      }
    }
  }
}

function storeOperation(random: RandomState): StoreOperation {
  return choose(random, 4) === 0 ? { type: 'compact', revision: 1 + choose(random, 3) } : storeRequest(random)
}

function storeAnswer(state: StoreState, operation: StoreOperation, random: RandomState): StoreResult {
  if (operation.type === 'compact') {
    if (operation.revision > state.revision) return { type: 'error', error: 'future-revision' }
    if (operation.revision <= state.compacted) return { type: 'error', error: 'compacted' }
    return { type: 'compact', revision: state.revision }
  }
  const isStale = operation.type === 'get' && operation.serializable === true && flip(random)
  const source = (isStale ? at(state, state.revision - 1) : undefined) ?? state
  const { after, response } = run(source, operation as StoreRequest)
  return response.type === 'error' ? response : { ...response, revision: after.revision }
}

const storeModel = store()

const storeUse: Use<StoreOperation, StoreResult, StoreState> = {
  model: storeModel,
  operation: storeOperation,
  answer: storeAnswer,
  // True of another past, or an error, which carries no revision.
  guess: (operation, random) => {
    const mayBeRefused = operation.type === 'compact' || operation.type === 'txn'
    if (mayBeRefused && flip(random)) return { type: 'error', error: flip(random) ? 'compacted' : 'future-revision' }
    let state = storeModel.initial
    for (let i = choose(random, 4); i > 0; i--)
      state = storeModel.step(state, storeOperation(random), undefined) ?? state
    return storeAnswer(state, operation, random)
  },
  changes: (before, after) => (after.revision === before.revision ? undefined : after),
}

testAgainstDefinition('a store with compactions', storeUse)

testAgainstDefinition('a store that refuses', {
  ...storeUse,
  operation: (random): StoreOperation => {
    const kind = choose(random, 4)
    if (kind === 0) return { type: 'compact', revision: 2 + choose(random, 2) }
    if (kind === 1) return { type: 'put', key: 'a', value: 'x' }
    if (kind === 2) return { type: 'get', key: 'a', revision: 1 }
    const compare = [{ key: 'a', target: 'version', is: '=', operand: 1 + choose(random, 2) }] as const
    return { type: 'txn', compare, success: [{ type: 'get', key: 'a', revision: 9 }], failure: [] }
  },
})
