import { describe, expect, test } from 'vitest'
import { callsOf } from './calls.ts'
import { check, determinize, IncrementalChecker, keyValue, MalformedHistory, Recorder, register, set } from './index.ts'
import type {
  History,
  HistoryEvent,
  KeyValueOperation,
  KeyValueResult,
  Model,
  RegisterOperation,
  RegisterResult,
} from './index.ts'

// Goal: what an outcome, an instant and a limit mean; and the mistakes of other checkers, by their numbers. Method:
// histories of a few operations whose verdict can be seen, and large ones under limits whose clock is ours.

type Event = HistoryEvent<RegisterOperation, RegisterResult>

/** `w1 a 0 5` writes 1 from 0 to 5; `r1` reads it; `c12` sets 2 for 1; a `?` or `!` at the end: unknown, rejected. */
function events(...texts: string[]): Event[] {
  const all = texts.flatMap((text): Event[] => {
    const [what = '', client = '', from, to] = text.split(' ')
    const digits = what.match(/\d/g)?.map(Number) ?? []
    const [first = 0, second = 0] = digits
    const operation: RegisterOperation = what.startsWith('r')
      ? { type: 'read' }
      : what.startsWith('w')
        ? { type: 'write', value: first }
        : { type: 'cas', from: first, to: second }
    const time = Number(to)
    const answer: Event = what.endsWith('?')
      ? { type: 'unknown', time, client, reason: 'timeout' }
      : what.endsWith('!')
        ? { type: 'rejected', time, client, reason: 'no leader' }
        : {
            type: 'ok',
            time,
            client,
            result: operation.type === 'read' ? first : operation.type === 'write' ? null : true,
          }
    return [{ type: 'invoke', time: Number(from), client, operation }, answer]
  })
  return all.toSorted((a, b) => a.time - b.time)
}

function outcome(...texts: string[]): string {
  const history: History<RegisterOperation, RegisterResult> = { model: 'register', events: events(...texts) }
  const verdict = check(history, register(0)).outcome
  const checker = new IncrementalChecker(register(0))
  for (const event of history.events) checker.feed(event)
  expect(checker.verdict, 'the incremental checker').toBe(verdict)
  return verdict
}

describe('an operation of unknown outcome', () => {
  test('may have happened', () => {
    expect(outcome('w1? a 0 5', 'r1 b 6 7')).toBe('linearizable')
  })
  test('may have not', () => {
    expect(outcome('w1? a 0 5', 'r0 b 6 7')).toBe('linearizable')
  })
  test('may happen long after its client gave up', () => {
    expect(outcome('w1? a 0 5', 'r0 b 6 7', 'r1 b 8 9')).toBe('linearizable')
  })
  test('happens once', () => {
    expect(outcome('w1? a 0 5', 'r1 b 6 7', 'w2 b 8 9', 'r1 b 10 11')).toBe('not-linearizable')
  })
  test('does not happen before its invocation', () => {
    expect(outcome('r1 b 0 1', 'w1? a 2 3')).toBe('not-linearizable')
  })
  test('is one that is still in flight at the end', () => {
    const history = { model: 'register', events: events('w1 a 0 9', 'r1 b 1 2').slice(0, 3) }
    expect(check(history, register(0)).outcome).toBe('linearizable')
  })
})

describe('two equal operations of unknown outcome can stand for each other', () => {
  test('but not before an answer that one of them waits for', () => {
    // Both were invoked at 5. That of `a` comes after the read that needs it; that of `b` need not.
    expect(outcome('r1 a 0 5', 'w1? a 5 9', 'w1? b 5 9')).toBe('linearizable')
    expect(outcome('r1 a 0 5', 'w1? a 5 9', 'w1? b 6 9')).toBe('not-linearizable')
  })

  test('so that twelve of them cost little, each invoked when its client was answered', () => {
    const recorder = new Recorder<KeyValueOperation, KeyValueResult>('key-value')
    for (let i = 0; i < 12; i++) {
      recorder.invoke(`c${i}`, i, { type: 'get', key: 'k' })
      recorder.ok(`c${i}`, i + 1, '')
      recorder.invoke(`c${i}`, i + 1, { type: 'append', key: 'k', value: 'x' })
    }
    recorder.invoke('r', 20, { type: 'get', key: 'k' })
    recorder.ok('r', 21, 'no')
    const verdict = check(recorder.history(), keyValue())
    expect(verdict.outcome).toBe('not-linearizable')
    expect(verdict.steps).toBeLessThan(200)
  })
})

test('a rejected operation certainly did not happen', () => {
  expect(outcome('w1! a 0 5', 'r1 b 6 7')).toBe('not-linearizable')
  expect(outcome('w1! a 0 5', 'r0 b 6 7')).toBe('linearizable')
})

test('an empty history is linearizable', () => {
  expect(outcome()).toBe('linearizable')
})

test('events that do not pair are refused by number', () => {
  const [invoke, ok] = events('w1 a 0 5') as [Event, Event]
  const wrong =
    (...all: Event[]) =>
    () =>
      check({ model: 'register', events: all }, register(0))
  expect(wrong(ok)).toThrow('event 1: a is answered and has invoked nothing')
  expect(wrong(invoke, invoke)).toThrow('event 2: a invokes while it waits for an answer')
  expect(wrong(invoke, { ...ok, time: -1 })).toThrow(MalformedHistory)
  const checker = new IncrementalChecker(register(0))
  expect(() => checker.feed(ok)).toThrow(MalformedHistory)
})

describe('porcupine#40: events at one instant are not ordered', () => {
  test('a read that begins when a write ends may come before it', () => {
    expect(outcome('w1 a 0 5', 'r0 b 5 6')).toBe('linearizable')
    expect(outcome('w1 a 0 5', 'r0 b 6 7')).toBe('not-linearizable')
  })
  test('operations that take no time are concurrent', () => {
    expect(outcome('w1 a 5 5', 'r0 b 5 5', 'r1 c 5 5')).toBe('linearizable')
  })
  test('but a client still has its own order', () => {
    expect(outcome('w1 a 0 5', 'r0 a 5 6')).toBe('not-linearizable')
    expect(outcome('w1 a 5 5', 'r0 a 5 5')).toBe('not-linearizable')
  })
})

/** Many clients that append at once, then a read of what nobody appended: every order leads to another state. */
function hopeless(writes: number): History<KeyValueOperation, KeyValueResult> {
  const recorder = new Recorder<KeyValueOperation, KeyValueResult>('key-value')
  for (let i = 0; i < writes; i++) recorder.invoke(`w${i}`, 0, { type: 'append', key: 'k', value: `${i} ` })
  for (let i = 0; i < writes; i++) recorder.ok(`w${i}`, 1, null)
  recorder.invoke('r', 2, { type: 'get', key: 'k' })
  recorder.ok('r', 3, 'impossible')
  return recorder.history()
}

describe('limits hold', () => {
  test('porcupine#44, etcd#21606: time, even where each call of the model takes long', () => {
    let now = 0
    const model = keyValue()
    const slow: typeof model = {
      ...model,
      step(state, operation, result) {
        now += 5
        return model.step(state, operation, result)
      },
    }
    const verdict = check(hopeless(40), slow, { milliseconds: 1000, clock: () => now })
    expect(verdict).toMatchObject({ outcome: 'unknown', limit: 'time', unfinished: ['k'] })
    expect(now).toBeLessThanOrEqual(1100)
  })

  test('etcd#21928, porcupine#3: memory, by its own account', () => {
    for (const megabytes of [1, 4, 16]) {
      const bytes = megabytes * 2 ** 20
      const verdict = check(hopeless(40), keyValue(), { bytes })
      expect(verdict).toMatchObject({ outcome: 'unknown', limit: 'memory' })
      expect(verdict.bytes).toBeLessThanOrEqual(bytes)
      expect(verdict.bytes).toBeGreaterThan(bytes / 4)
    }
  })

  test('porcupine#6: steps, so that what never ends ends', () => {
    const verdict = check(hopeless(400), keyValue(), { steps: 20_000 })
    expect(verdict).toMatchObject({ outcome: 'unknown', limit: 'steps', steps: 20_000 })
  })

  test('a partition that is too hard does not hide that another one is wrong', () => {
    const recorder = new Recorder<
      { type: 'get'; key: string } | { type: 'append'; key: string; value: string },
      string | null
    >('key-value')
    for (let i = 0; i < 30; i++) recorder.invoke(`c${i}`, 0, { type: 'append', key: 'hard', value: `${i} ` })
    recorder.invoke('b', 0, { type: 'get', key: 'wrong' })
    recorder.ok('b', 1, 'nobody wrote this')
    for (let i = 0; i < 30; i++) recorder.ok(`c${i}`, 2, null)
    recorder.invoke('b', 3, { type: 'get', key: 'hard' })
    recorder.ok('b', 4, 'impossible')
    const verdict = check(recorder.history(), keyValue(), { steps: 10_000 })
    expect(verdict).toMatchObject({ outcome: 'not-linearizable', partition: 'wrong' })
    expect(verdict.steps).toBeLessThan(3000)
  })

  test('a limit of time needs a clock', () => {
    expect(() => check(hopeless(1), keyValue(), { milliseconds: 1 })).toThrow(TypeError)
  })

  test('the incremental checker says that its bound was hit', () => {
    const checker = new IncrementalChecker(keyValue(), 100)
    for (const event of hopeless(40).events) checker.feed(event)
    expect(checker.verdict).toBe('unknown')
  })
})

test('knossos#10: the memo tells states apart, not only what was placed', () => {
  // Both writes are placed before the reads are; only the second order that is tried leaves 1.
  expect(outcome('w1 a 0 9', 'w2 b 0 9', 'r1 c 10 11')).toBe('linearizable')
  expect(outcome('w2 a 0 9', 'w1 b 0 9', 'r1 c 10 11')).toBe('linearizable')
  expect(outcome('w1 a 0 9', 'w2 b 0 9', 'r1 c 10 11', 'r2 c 12 13')).toBe('not-linearizable')
})

test('knossos#25, #26: a model with infinitely many states is asked only for those that are reached', () => {
  let asked = 0
  const counter: Model<'increment', number, number> = {
    name: 'counter',
    initial: 0,
    step(count, _, result) {
      asked++
      return result === undefined || result === count + 1 ? count + 1 : undefined
    },
    encode: String,
    describe: (_, result) => `increment → ${result ?? '?'}`,
  }
  const recorder = new Recorder<'increment', number>('counter')
  for (let i = 1; i <= 100; i++) {
    recorder.invoke('a', 2 * i, 'increment')
    recorder.ok('a', 2 * i + 1, i)
  }
  recorder.invoke('b', 300, 'increment')
  recorder.unknown('b', 301, 'timeout')
  expect(check(recorder.history(), counter).outcome).toBe('linearizable')
  expect(asked).toBe(100)
})

test('a pure operation that changes the state is a mistake of the model, and said to be one', () => {
  const wrong = { ...set(), isPure: () => true }
  const recorder = new Recorder<{ type: 'add'; value: number }, null>('set')
  recorder.invoke('a', 0, { type: 'add', value: 1 })
  recorder.ok('a', 1, null)
  expect(() => check(recorder.history(), wrong)).toThrow('model: a pure operation changes no state')
})

test('a non-deterministic model follows every choice', () => {
  const coin = determinize<'toss' | 'look', string | null, string>({
    name: 'coin',
    initial: 'heads',
    steps: (side, operation, result) => {
      if (operation === 'toss') return ['heads', 'tails']
      return result === undefined || result === side ? [side] : []
    },
    encode: (side) => side,
    describe: (operation, result) => `${operation} → ${result ?? '?'}`,
  })
  const looks = (...sides: string[]): string => {
    const recorder = new Recorder<'toss' | 'look', string | null>('coin')
    recorder.invoke('a', 0, 'toss')
    recorder.ok('a', 1, null)
    for (const [i, side] of sides.entries()) {
      recorder.invoke('a', 2 * i + 2, 'look')
      recorder.ok('a', 2 * i + 3, side)
    }
    return check(recorder.history(), coin).outcome
  }
  expect([looks('heads'), looks('tails', 'tails'), looks('tails', 'heads')]).toEqual([
    'linearizable',
    'linearizable',
    'not-linearizable',
  ])
})

test('calls are found in the order of their invocation', () => {
  const calls = callsOf({ model: 'register', events: events('w1 a 0 5', 'r1! b 1 2', 'w2? c 3 4') })
  expect(calls.map(({ client, outcome: became, returned }) => [client, became, returned])).toEqual([
    ['a', 'ok', 5],
    ['b', 'rejected', 2],
    ['c', 'unknown', Infinity],
  ])
})
