import { expect, test } from 'vitest'
import { choose, seeded } from '../core/index.ts'
import type { RandomState } from '../core/index.ts'
import { callsOf } from './calls.ts'
import type { Call } from './calls.ts'
import { check, IncrementalChecker, lock, queue, Recorder, register } from './index.ts'
import type { History, Model, QueueOperation, RegisterOperation } from './index.ts'

// Goal: search and incremental checker say the same as the definition. Method: small random histories, half of whose
// answers are guessed, judged by trying every order of every subset of the calls of unknown outcome. Instants are few, so
// that many events share one.

/** Whether some order of all answered and some unknown calls respects real time and the model. */
function isLinearizable<Operation, Result, State>(
  calls: readonly Call<Operation, Result>[],
  model: Model<Operation, Result, State>,
): boolean {
  const extend = (state: State, left: readonly Call<Operation, Result>[]): boolean => {
    if (left.every(({ outcome }) => outcome === 'unknown')) return true
    return left.some((call, i) => {
      const isFirst = left.every((other, k) => other.outcome !== 'ok' || !precedes(other, call, k < i))
      const after = isFirst ? model.step(state, call.operation, call.result) : undefined
      return after !== undefined && extend(after, left.toSpliced(i, 1))
    })
  }
  return extend(
    model.initial,
    calls.filter(({ outcome }) => outcome !== 'rejected'),
  )
}

/** Real time, in which what shares an instant is not ordered, and the order of each client. */
function precedes(a: Call, b: Call, isEarlier: boolean): boolean {
  return a.returned < b.invoked || (a.client === b.client && a.returned === b.invoked && isEarlier)
}

function randomHistory<Operation, Result, State>(
  random: RandomState,
  model: Model<Operation, Result, State>,
  draw: { operation: () => Operation; guess: (operation: Operation) => Result },
): History<Operation, Result> {
  const recorder = new Recorder<Operation, Result>(model.name)
  const inFlight = new Map<string, { operation: Operation; result: Result | undefined }>()
  let { initial: state } = model
  let time = 0
  for (let i = 0; i < 12; i++) {
    time += choose(random, 2)
    const client = `c${choose(random, 3)}`
    const waiting = inFlight.get(client)
    if (waiting === undefined) {
      const operation = draw.operation()
      recorder.invoke(client, time, operation)
      // It takes effect at once, or never: the answer is right half of the time.
      const happens = choose(random, 4) > 0
      const result = happens ? model.answer?.(state, operation) : undefined
      if (happens) state = model.step(state, operation, undefined) ?? state
      inFlight.set(client, { operation, result })
      continue
    }
    inFlight.delete(client)
    const fate = choose(random, 8)
    if (fate === 0) recorder.unknown(client, time, 'timeout')
    else if (fate === 1) recorder.rejected(client, time, 'no leader')
    else
      recorder.ok(
        client,
        time,
        fate < 6 && waiting.result !== undefined ? waiting.result : draw.guess(waiting.operation),
      )
  }
  return recorder.history()
}

function expectAgreement<Operation, Result, State>(
  model: Model<Operation, Result, State>,
  draws: (random: RandomState) => { operation: () => Operation; guess: (operation: Operation) => Result },
): void {
  const seen = { linearizable: 0, 'not-linearizable': 0 }
  for (let seed = 1; seed <= 1500; seed++) {
    const random = seeded(seed)
    const history = randomHistory(random, model, draws(random))
    const expected = isLinearizable(callsOf(history), model) ? 'linearizable' : 'not-linearizable'
    seen[expected]++
    expect(check(history, model).outcome, `seed ${seed}`).toBe(expected)
    const checker = new IncrementalChecker(model)
    for (const event of history.events) checker.feed(event)
    expect(checker.verdict, `seed ${seed}, incrementally`).toBe(expected)
  }
  // Both kinds occur often enough to mean something.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(200)
}

test('a register with compare-and-set is judged as the definition says', () => {
  expectAgreement(register(0), (random) => ({
    operation: (): RegisterOperation => {
      const value = choose(random, 3)
      const kind = choose(random, 3)
      if (kind === 0) return { type: 'read' }
      return kind === 1 ? { type: 'write', value } : { type: 'cas', from: value, to: choose(random, 3) }
    },
    guess: ({ type }) => (type === 'read' ? choose(random, 3) : type === 'write' ? null : choose(random, 2) === 0),
  }))
})

test('a queue is judged as the definition says', () => {
  expectAgreement(queue(), (random) => ({
    operation: (): QueueOperation =>
      choose(random, 2) === 0 ? { type: 'enqueue', value: choose(random, 3) } : { type: 'dequeue' },
    guess: ({ type }) => (type === 'enqueue' ? null : ([null, 0, 1, 2][choose(random, 4)] ?? null)),
  }))
})

test('a lock is judged as the definition says', () => {
  expectAgreement(lock(), (random) => ({
    operation: () => ({
      type: choose(random, 2) === 0 ? 'acquire' : 'release',
      holder: choose(random, 2) === 0 ? 'a' : 'b',
    }),
    guess: () => choose(random, 2) === 0,
  }))
})
