import { describe, expect, test } from 'vitest'
import { check, Recorder, store } from '../index.ts'
import type { StoreOperation, StoreResult } from '../index.ts'

// Goal: what is known of operations whose outcome is not makes them cheap, and decides nothing that is open. Method:
// small histories written by hand.

describe('etcd#19303: patching', () => {
  const unknownPut = (value: string, observedValue: string | undefined, readTime: number): string => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke('a', 0, { type: 'put', key: 'k', value })
    recorder.unknown('a', 1, 'timeout')
    if (observedValue !== undefined) recorder.observed(2, 2, [{ type: 'put', key: 'k', value: observedValue }])
    recorder.invoke('b', readTime, { type: 'get', key: 'k' })
    const kv = { key: 'k', value, createRevision: 2, modRevision: 2, version: 1 }
    recorder.ok('b', readTime + 1, { type: 'get', kvs: [kv], revision: 2 })
    return check(recorder.history(), store()).outcome
  }

  test('a write of unknown outcome that was observed took effect there', () => {
    expect(unknownPut('1', '1', 3)).toBe('linearizable')
    expect(unknownPut('1', '2', 3)).toBe('not-linearizable')
  })

  test('it may take effect long after its client gave up: no return is made up for it', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke('a', 0, { type: 'put', key: 'k', value: '1' })
    recorder.unknown('a', 1, 'timeout')
    recorder.invoke('b', 5, { type: 'get', key: 'k' })
    recorder.ok('b', 6, { type: 'get', kvs: [], revision: 1 })
    recorder.invoke('b', 7, { type: 'put', key: 'j', value: '2' })
    recorder.ok('b', 8, { type: 'put', revision: 3 })
    // Seen late, by a watch that lags.
    recorder.observed(90, 2, [{ type: 'put', key: 'k', value: '1' }])
    expect(check(recorder.history(), store()).outcome).toBe('linearizable')
  })

  test('writes that nobody saw are dropped: a hundred of them cost nothing', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    for (let i = 0; i < 100; i++) {
      recorder.invoke(`a${i}`, i, { type: 'put', key: 'k', value: `lost ${i}` })
      recorder.unknown(`a${i}`, i, 'timeout')
    }
    for (let i = 0; i < 100; i++) {
      recorder.invoke('b', 100 + i, { type: 'put', key: 'k', value: `${i}` })
      recorder.ok('b', 100 + i, { type: 'put', revision: 2 + i })
    }
    const verdict = check(recorder.history(), store())
    expect(verdict.outcome).toBe('linearizable')
    expect(verdict.steps).toBeLessThan(500)
  })

  test('two equal writes of unknown outcome, of which one was observed', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    for (const client of ['a', 'b']) recorder.invoke(client, 0, { type: 'put', key: 'k', value: '1' })
    for (const client of ['a', 'b']) recorder.unknown(client, 1, 'timeout')
    recorder.observed(2, 2, [{ type: 'put', key: 'k', value: '1' }])
    expect(check(recorder.history(), store()).outcome).toBe('linearizable')
  })
})

describe('an error carries no revision', () => {
  const put = (recorder: Recorder<StoreOperation, StoreResult>, client: string, time: number, key = 'k'): void => {
    recorder.invoke(client, time, { type: 'put', key, value: '1' })
    recorder.unknown(client, time, 'timeout')
  }
  const compact = (recorder: Recorder<StoreOperation, StoreResult>, client: string, time: number): void =>
    recorder.invoke(client, time, { type: 'compact', revision: 2 })
  const compacted: StoreResult = { type: 'error', error: 'compacted' }

  test('it may tell of a compaction that nobody saw, of a revision that nobody saw', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    put(recorder, 'a', 0)
    compact(recorder, 'b', 2)
    recorder.unknown('b', 3, 'timeout')
    compact(recorder, 'b', 4)
    recorder.ok('b', 5, compacted)
    expect(check(recorder.history(), store()).outcome).toBe('linearizable')
  })

  test('those that no refusal needs cost nothing, whatever was written since', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    let revision = 1
    let time = 0
    const write = (): void => {
      recorder.invoke('a', time++, { type: 'put', key: 'k', value: `${++revision}` })
      recorder.ok('a', time++, { type: 'put', revision })
    }
    const compactTo = (through: number, client = 'b'): void =>
      recorder.invoke(client, time++, { type: 'compact', revision: through })
    for (let i = 0; i < 30; i++) write()
    compactTo(5)
    recorder.ok('b', time++, { type: 'compact', revision })
    for (let i = 0; i < 10; i++) {
      compactTo(15 + i, `b${i}`)
      recorder.unknown(`b${i}`, time++, 'timeout')
    }
    for (let i = 0; i < 10; i++) {
      // Its revision is missing among those of the others: something must have been done that nobody was told of.
      put(recorder, `c${i}`, time++)
      revision++
      write()
    }
    compactTo(3)
    recorder.ok('b', time++, compacted)
    compactTo(10)
    recorder.ok('b', time++, { type: 'compact', revision })
    const verdict = check(recorder.history(), store(), { steps: 10_000 })
    expect(verdict.outcome).toBe('linearizable')
    expect(verdict.steps).toBeLessThan(500)
  })

  test('but not of one that was never asked for', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    put(recorder, 'a', 0)
    compact(recorder, 'b', 4)
    recorder.ok('b', 5, compacted)
    expect(check(recorder.history(), store()).outcome).toBe('not-linearizable')
  })

  test.each(['k', 'j'])('it may tell of a branch, which depends on a write of %s that nobody saw', (key) => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    put(recorder, 'a', 0, key)
    recorder.invoke('b', 2, {
      type: 'txn',
      compare: [{ target: 'version', key: 'k', is: '=', operand: 1 }],
      success: [{ type: 'get', key: 'k', revision: 9 }],
      failure: [],
    })
    recorder.ok('b', 3, { type: 'error', error: 'future-revision' })
    expect(check(recorder.history(), store()).outcome).toBe(key === 'k' ? 'linearizable' : 'not-linearizable')
  })

  test('writes that it does not tell of still cost nothing', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    for (let i = 0; i < 100; i++) put(recorder, `a${i}`, 0, `lost ${i}`)
    recorder.invoke('b', 2, { type: 'get', key: 'k', revision: 9 })
    recorder.ok('b', 3, { type: 'error', error: 'future-revision' })
    for (let i = 0; i < 100; i++) {
      recorder.invoke('b', 4 + i, { type: 'put', key: 'k', value: `${i}` })
      recorder.ok('b', 4 + i, { type: 'put', revision: 2 + i })
    }
    compact(recorder, 'b', 200)
    recorder.ok('b', 201, { type: 'compact', revision: 101 })
    compact(recorder, 'b', 202)
    recorder.ok('b', 203, compacted)
    recorder.invoke('b', 204, { type: 'get', key: 'k' })
    recorder.ok('b', 205, { type: 'get', kvs: [], revision: 101 })
    const verdict = check(recorder.history(), store())
    expect(verdict.outcome).toBe('not-linearizable')
    expect(verdict.steps).toBeLessThan(500)
  })

  test('and those that it may tell of, little: what comes next is too late after them', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    for (let i = 0; i < 100; i++) put(recorder, `a${i}`, 0, `lost ${i}`)
    recorder.invoke('b', 2, {
      type: 'txn',
      compare: [],
      success: [{ type: 'get', key: 'k', revision: 9 }],
      failure: [],
    })
    recorder.ok('b', 3, { type: 'error', error: 'future-revision' })
    recorder.invoke('b', 4, { type: 'get', key: 'k' })
    recorder.ok('b', 5, { type: 'get', kvs: [], revision: 2 })
    recorder.invoke('b', 6, { type: 'get', key: 'k' })
    recorder.ok('b', 7, { type: 'get', kvs: [], revision: 1 })
    const verdict = check(recorder.history(), store(), { steps: 100_000 })
    expect(verdict.outcome).toBe('not-linearizable')
    expect(verdict.steps).toBeLessThan(500)
  })
})
