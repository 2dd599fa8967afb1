import { expect, test } from 'vitest'
import { AssertionFailed } from '../core/index.ts'
import { parseHistory, Recorder, writeHistory } from './index.ts'
import type { StoreOperation, StoreResult } from './index.ts'

// Goal: a history says what was recorded, and nothing else can be recorded. Method: record, write, parse, compare.

function recorded(): Recorder<StoreOperation, StoreResult> {
  const recorder = new Recorder<StoreOperation, StoreResult>('store')
  recorder.invoke('a', 0, { type: 'put', key: 'k', value: '</script>"\u2028' })
  recorder.invoke('b', 0.5, { type: 'get', key: 'k', end: '\0' })
  recorder.ok('a', 1, { type: 'put', revision: 2 })
  recorder.rejected('b', 2, 'no leader')
  recorder.invoke('b', 3, { type: 'compact', revision: 2 })
  recorder.unknown('b', 4, 'timeout')
  recorder.observed(5, 2, [
    { type: 'put', key: 'k', value: '</script>"\u2028' },
    { type: 'delete', key: 'j' },
  ])
  recorder.invoke('b', 6, {
    type: 'txn',
    compare: [{ target: 'mod', key: 'k', is: '=', operand: 2 }],
    success: [],
    failure: [],
  })
  return recorder
}

test('what is written is parsed again, with an operation that is in flight', () => {
  const history = recorded().history()
  expect(history.events).toHaveLength(8)
  expect(parseHistory(writeHistory(history))).toEqual(history)
})

test('a history that was taken does not grow', () => {
  const recorder = recorded()
  const history = recorder.history()
  recorder.unknown('b', 7, 'the end')
  expect(history.events).toHaveLength(8)
  expect(recorder.history().events).toHaveLength(9)
})

test('a client has one operation in flight, each has one outcome, and time never goes back', () => {
  const wrong: ((recorder: Recorder<StoreOperation, StoreResult>) => void)[] = [
    (recorder) => recorder.invoke('b', 7, { type: 'get', key: 'k' }),
    (recorder) => recorder.ok('a', 7, { type: 'put', revision: 3 }),
    (recorder) => recorder.rejected('a', 7, 'twice'),
    (recorder) => recorder.unknown('nobody', 7, 'timeout'),
    (recorder) => recorder.invoke('a', 5, { type: 'get', key: 'k' }),
  ]
  for (const misuse of wrong) expect(() => misuse(recorded())).toThrow(AssertionFailed)
})
