import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { check, draw, explain, modelOf, parseHistory, Recorder, register, verdictText } from './index.ts'
import type {
  Call,
  Explanation,
  History,
  KeyValueOperation,
  Model,
  RegisterOperation,
  RegisterResult,
  StoreOperation,
  StoreResult,
} from './index.ts'
import { keyValue } from './index.ts'
import { Meter } from './limits.ts'
import { arrange } from './problem.ts'
import { Search } from './search.ts'

// Goal: what is wrong with a history can be read. Method: histories of others, of which one is known line by line, and
// small ones; the window and the proof must themselves be wrong, and every part of them must be needed.

const folder = join(import.meta.dirname, '../../testdata/histories')

function read(name: string): History {
  return parseHistory(readFileSync(join(folder, name), 'utf8'))
}

function explained(history: History): { explanation: Explanation; text: string } {
  const model = modelOf(history)
  const verdict = check(history, model)
  if (verdict.outcome !== 'not-linearizable') throw new Error(`the history is ${verdict.outcome}`)
  const explanation = explain(verdict, model)
  return { explanation, text: verdictText(verdict, model, explanation) }
}

describe('a stale read', () => {
  const recorder = new Recorder<RegisterOperation, RegisterResult>('register')
  for (let i = 1; i <= 50; i++) {
    recorder.invoke('writer', 10 * i, { type: 'write', value: i })
    recorder.ok('writer', 10 * i + 5, null)
    recorder.invoke('reader', 10 * i + 6, { type: 'read' })
    recorder.ok('reader', 10 * i + 7, i)
  }
  recorder.invoke('late', 600, { type: 'read' })
  recorder.ok('late', 610, 7)
  const { explanation, text } = explained(recorder.history())

  test('is the whole window, after what the register held', () => {
    expect(explanation.window).toEqual([explanation.blocked])
    expect(explanation).toMatchObject({ blocked: { client: 'late' }, before: ['50'], possible: ['50'], others: 100 })
  })

  test('is proved by another read before it, of a later value', () => {
    expect(explanation.proof.map(({ client, result }) => [client, result])).toEqual([
      ['reader', 50],
      ['late', 7],
    ])
  })

  test('is told in words', () => {
    expect(text).toContain('not linearizable: 101 operations')
    expect(text).toContain('No order explains read → 7 of client late:')
    expect(text).toMatch(/✗ {2}600 {3}610 {2}late {4}read → 7/)
    expect(text).toContain('Before that the state could be: 50')
  })
})

describe.each(['jepsen-etcd/etcd_000.log', 'jepsen-etcd/etcd_097.log', 'porcupine-kv/c10-bad.txt'])('%s', (name) => {
  const history = read(name)
  const { explanation } = explained(history)

  test('has a proof that is wrong whether or not any other happened, and of which no part can be left out', () => {
    const model = modelOf(history)
    const verdict = check(history, model)
    if (verdict.outcome !== 'not-linearizable') throw new Error(verdict.outcome)
    const { blocked, proof } = explanation
    const isWrong = (needed: readonly Call[]): boolean => {
      const calls = verdict.calls.flatMap((call): Call[] => {
        if (call.invoked > blocked.returned) return []
        if (call.returned > blocked.returned) return [{ ...call, outcome: 'unknown', returned: Infinity }]
        return [needed.some((one) => one === call) ? call : { ...call, outcome: 'unknown' }]
      })
      return new Search(arrange(calls, model), model, new Meter({})).run(Infinity) === 'not-linearizable'
    }
    const own = proof.map(
      (one) => verdict.calls.find(({ client, invoked }) => client === one.client && invoked === one.invoked) ?? one,
    )
    expect(proof.length).toBeGreaterThan(0)
    expect(proof.length).toBeLessThan(15)
    expect(isWrong(own)).toBe(true)
    for (const [i] of own.entries()) expect(isWrong(own.toSpliced(i, 1)), `without ${i}`).toBe(false)
  })
})

test('a proof keeps what could have come between, had it not been where it was', () => {
  const recorder = new Recorder<RegisterOperation, RegisterResult>('register')
  recorder.invoke('long', 0, { type: 'read' })
  const one = (
    client: string,
    from: number,
    to: number,
    operation: RegisterOperation,
    result: RegisterResult,
  ): void => {
    recorder.invoke(client, from, operation)
    recorder.ok(client, to, result)
  }
  one('a', 0, 1, { type: 'write', value: 1 }, null)
  one('b', 1.5, 2, { type: 'write', value: 0 }, null)
  // It fits wherever it is: placed too early, it would end the time in which `write 1` can come last.
  one('c', 3, 4, { type: 'cas', from: 5, to: 6 }, false)
  one('d', 5, 6, { type: 'read' }, 1)
  recorder.ok('long', 9, 0)
  const { explanation } = explained({ ...recorder.history(), initial: 0 })
  expect(explanation.proof.map(({ client }) => client)).toEqual(['b', 'd'])
})

describe('a proof about a store stands alone', () => {
  const history = (later: boolean): History => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    const put = (time: number): void => {
      recorder.invoke('a', time, { type: 'put', key: 'k', value: '1' })
      recorder.ok('a', time + 1, { type: 'put', revision: 2 })
    }
    recorder.invoke('b', 0, { type: 'put', key: 'k', value: '2' })
    recorder.unknown('b', 0, 'timeout')
    if (!later) put(0)
    recorder.observed(3, 2, [{ type: 'put', key: 'k', value: '2' }])
    if (later) put(4)
    return recorder.history()
  }

  test.each([false, true])('it has the answer without which an unknown write could have been seen', (later) => {
    const { explanation } = explained(history(later))
    expect(explanation.proof.map(({ client }) => client)).toEqual(later ? ['observer', 'a'] : ['a', 'observer'])
  })
})

test('what cannot be followed to the end is explained from the beginning', () => {
  const recorder = new Recorder<KeyValueOperation, string | null>('key-value')
  for (let i = 0; i < 8; i++) recorder.invoke(`c${i}`, 0, { type: 'append', key: 'k', value: `${i}` })
  for (let i = 0; i < 8; i++) recorder.ok(`c${i}`, 1, null)
  recorder.invoke('r', 2, { type: 'get', key: 'k' })
  recorder.ok('r', 3, 'no')
  const verdict = check(recorder.history(), keyValue())
  if (verdict.outcome !== 'not-linearizable') throw new Error(verdict.outcome)
  const explanation = explain(verdict, keyValue())
  expect(explanation.window).toContainEqual(explanation.blocked)
  expect(explanation).toMatchObject({ before: ['""'], possible: [] })
})

test('of many operations the last fifty are told', () => {
  const recorder = new Recorder<RegisterOperation, RegisterResult>('register')
  recorder.invoke('a', 0, { type: 'read' })
  recorder.ok('a', 1, 1)
  const { explanation } = explained(recorder.history())
  const verdict = check(recorder.history(), register(0))
  const window = Array.from({ length: 60 }, (_, i) => ({ ...explanation.blocked, invoked: i, returned: i + 0.5 }))
  const text = verdictText(verdict, register(0) as Model<unknown, unknown, unknown>, { ...explanation, window })
  expect(text.match(/read → 1/g)).toHaveLength(1 + 50)
  expect(text).toContain('… 10 operations before these')
  expect(text).toContain('59    59.5  a       read → 1')
})

describe('a picture', () => {
  const recorder = new Recorder<RegisterOperation, RegisterResult>('register')
  recorder.invoke('a', 0, { type: 'write', value: 1 })
  recorder.invoke('b', 0, { type: 'write', value: 2 })
  recorder.ok('a', 1, null)
  recorder.unknown('b', 1, 'timeout')
  recorder.invoke('a', 2, { type: 'read' })
  recorder.invoke('c', 2, { type: 'write', value: 3 })
  recorder.ok('a', 3, 9)
  recorder.rejected('c', 3, 'no leader')
  const history = recorder.history()
  const model = register(0)
  const verdict = check(history, model)

  test('has a lane for each client, and says of each operation what became of it', () => {
    const drawing = draw(history, model, verdict)
    expect(drawing.lanes).toEqual(['a', 'b', 'c'])
    expect(drawing.calls).toMatchObject([
      { lane: 0, text: 'write 1', from: 0, to: 1, outcome: 'ok' },
      { lane: 1, text: 'write 2', from: 0, outcome: 'unknown', reason: 'timeout' },
      { lane: 0, text: 'read → 9', mark: 'blocked' },
      { lane: 2, outcome: 'rejected' },
    ])
    expect(drawing.calls[1]).not.toHaveProperty('to')
  })

  test('has for each operation the longest partial linearization through it, with its states', () => {
    const { calls, partials, states } = draw(history, model, verdict)
    const through = (call: number): string[] | undefined => {
      const partial = partials[calls[call]?.partial ?? -1]
      return partial?.order.map((id, i) => `${calls[id]?.text ?? ''}: ${states[partial.states[i + 1] ?? -1] ?? ''}`)
    }
    expect(through(0)).toHaveLength(2)
    expect(through(1)).toContain('write 2: 2')
    expect(through(2)).toBeUndefined()
  })

  test('of more than ten thousand operations shows those around what is wrong', () => {
    const long = new Recorder<RegisterOperation, RegisterResult>('register')
    for (let i = 0; i < 12_000; i++) {
      long.invoke('a', 2 * i, { type: 'write', value: i })
      long.ok('a', 2 * i + 1, null)
    }
    long.invoke('a', 24_000, { type: 'read' })
    long.ok('a', 24_001, -1)
    const verdictOfLong = check(long.history(), model)
    const drawing = draw(long.history(), model, verdictOfLong)
    expect(drawing.operations).toBe(12_001)
    expect(drawing.calls.length).toBeLessThanOrEqual(10_000)
    expect(drawing.calls.some(({ mark }) => mark === 'blocked')).toBe(true)
  })
})
