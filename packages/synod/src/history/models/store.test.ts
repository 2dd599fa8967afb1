import { describe, expect, test } from 'vitest'
import { choose, seeded } from '../../core/index.ts'
import type { RandomState } from '../../core/index.ts'
import { compareResults, compareTargets, errors, Store } from '../../store/index.ts'
import type { OperationResult, RangeResult, RequestOp, ResponseOp, StoreError } from '../../store/index.ts'
import { check, IncrementalChecker, Recorder, store } from '../index.ts'
import type {
  Change,
  History,
  HistoryEvent,
  StoreCompare,
  StoreKeyValue,
  StoreOperation,
  StoreRequest,
  StoreResponse,
  StoreResult,
} from '../index.ts'

// Goal: the model says what Synod's store does, though it shares no code with it, and finds what a wrong store answers.
// Method: clients with random delays ask the real store; each operation takes effect at one instant between its
// invocation and its answer; some answers are lost, some operations never happen. Then the history is tampered with.

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const none = new Uint8Array()

function toRequest(operation: StoreRequest): NonNullable<RequestOp> {
  const key = 'key' in operation ? encoder.encode(operation.key) : none
  const rangeEnd = 'end' in operation && operation.end !== undefined ? encoder.encode(operation.end) : none
  switch (operation.type) {
    case 'get': {
      const { revision = 0, limit = 0 } = operation
      const bounds = { minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 }
      const flags = { serializable: false, keysOnly: false, countOnly: false }
      return { type: 'range', key, rangeEnd, limit, revision, sortOrder: 0, sortTarget: 0, ...flags, ...bounds }
    }
    case 'put': {
      const flags = { prevKv: false, ignoreValue: false, ignoreLease: false }
      return { type: 'put', key, value: encoder.encode(operation.value), lease: 0n, ...flags }
    }
    case 'delete':
      return { type: 'deleteRange', key, rangeEnd, prevKv: false }
    case 'txn': {
      const compare = operation.compare.map(toCompare)
      const [success, failure] = [operation.success.map(toRequest), operation.failure.map(toRequest)]
      return { type: 'txn', compare, success, failure }
    }
  }
}

function toCompare(compare: StoreCompare) {
  const key = encoder.encode(compare.key)
  const result = {
    '=': compareResults.equal,
    '!=': compareResults.notEqual,
    '>': compareResults.greater,
    '<': compareResults.less,
  }[compare.is]
  if (compare.target === 'value') {
    const operand = { field: 'value', bytes: encoder.encode(compare.operand) } as const
    return { result, target: compareTargets.value, key, rangeEnd: none, operand }
  }
  const field = ({ version: 'version', create: 'createRevision', mod: 'modRevision' } as const)[compare.target]
  return { result, target: compareTargets[field], key, rangeEnd: none, operand: { field, number: compare.operand } }
}

function toResponse(found: ResponseOp): StoreResponse {
  switch (found.type) {
    case 'range':
      return { type: 'get', kvs: found.kvs.map(toKeyValue), count: found.count }
    case 'put':
      return { type: 'put' }
    case 'deleteRange':
      return { type: 'delete', deleted: found.deleted }
    case 'txn':
      return { type: 'txn', succeeded: found.succeeded, responses: found.responses.map(toResponse) }
  }
}

function toKeyValue({ key, value, createRevision, modRevision, version }: RangeResult['kvs'][number]): StoreKeyValue {
  return { key: decoder.decode(key), value: decoder.decode(value), createRevision, modRevision, version }
}

function toResult(found: OperationResult | RangeResult | StoreError): StoreResult {
  if (found.type === 'error') {
    expect([errors.compacted, errors.futureRevision]).toContainEqual(found)
    return { type: 'error', error: found.message === errors.compacted.message ? 'compacted' : 'future-revision' }
  }
  if (found.type === 'compact') return { type: 'compact', revision: found.revision }
  return { ...toResponse(found as ResponseOp), revision: found.revision }
}

function ask(store: Store, operation: StoreOperation): StoreResult {
  if (operation.type === 'compact') return toResult(store.apply({ ...operation, physical: false }))
  const request = toRequest(operation as StoreRequest)
  if (request.type === 'range') return toResult(store.range(request))
  return toResult(store.apply(request))
}

const keys = ['a', 'b', 'c', 'd', 'e', '\u{1F600}', '\uFFFD']

function randomRequest(random: RandomState, revision: number, value: string): StoreRequest {
  const key = keys[choose(random, keys.length)] ?? 'a'
  const end = choose(random, 3) === 0 ? (choose(random, 2) === 0 ? '\0' : '\u{1F600}') : undefined
  const range = end === undefined ? { key } : { key, end }
  switch (choose(random, 9)) {
    case 0:
    case 1:
    case 2:
      return { type: 'put', key, value }
    case 3:
    case 4:
      return { type: 'get', ...range, ...(choose(random, 3) === 0 ? { limit: 2 } : {}) }
    case 5:
      return { type: 'get', ...range, revision: Math.max(1, revision - choose(random, 6)) }
    case 6:
      return { type: 'delete', ...range }
    default: {
      const is = (['=', '!=', '<', '>'] as const)[choose(random, 4)] ?? '='
      const compare: StoreCompare =
        choose(random, 2) === 0
          ? { target: 'value', key, is, operand: value }
          : { target: 'mod', key, is, operand: revision - choose(random, 4) }
      return {
        type: 'txn',
        compare: [compare],
        success: [
          { type: 'put', key, value },
          { type: 'get', key: 'a', end: '\0' },
        ],
        failure: choose(random, 2) === 0 ? [{ type: 'get', key }] : [{ type: 'delete', key }],
      }
    }
  }
}

function randomOperation(random: RandomState, revision: number, value: string): StoreOperation {
  if (choose(random, 40) === 0) return { type: 'compact', revision: Math.max(1, revision - choose(random, 5)) }
  return randomRequest(random, revision, value)
}

interface Workload {
  readonly seed: number
  readonly operations: number
  readonly clients: number
  /** One of so many answers is lost; half of these operations never happen. */
  readonly lost?: number
  readonly observe?: 'at once' | 'at the end'
}

/** A history of the real store under concurrent clients. */
function record({ seed, operations, clients, lost = 0, observe }: Workload): History<StoreOperation, StoreResult> {
  const random = seeded(seed)
  const real = new Store()
  const recorder = new Recorder<StoreOperation, StoreResult>('store')
  const seen: { revision: number; changes: Change[] }[] = []
  let time = 0
  real.observer = {
    changed(revision, kvs) {
      const changes = kvs.map(({ key, value, version }): Change =>
        version === 0
          ? { type: 'delete', key: decoder.decode(key) }
          : { type: 'put', key: decoder.decode(key), value: decoder.decode(value) },
      )
      if (observe === 'at once') recorder.observed(time, revision, changes)
      else seen.push({ revision, changes })
    },
  }
  const flights: {
    client: string
    operation: StoreOperation
    result?: StoreResult
    isLost: boolean
    isVain: boolean
  }[] = []
  for (let i = 0; i < operations || flights.length > 0; time += 1 + choose(random, 3)) {
    if (i < operations && flights.length < clients && choose(random, 2) === 0) {
      const operation = randomOperation(random, real.revision, `v${i}`)
      const client = `client-${[...Array(clients).keys()].find((n) => flights.every((one) => one.client !== `client-${n}`)) ?? 0}`
      recorder.invoke(client, time, operation)
      const isLost = lost > 0 && choose(random, lost) === 0
      flights.push({ client, operation, isLost, isVain: isLost && choose(random, 2) === 0 })
      i++
      continue
    }
    const flight = flights[choose(random, flights.length)]
    if (flight === undefined) continue
    const { client, operation, isLost, isVain } = flight
    if (flight.result === undefined && !isVain) {
      flight.result = ask(real, operation)
      continue
    }
    flights.splice(flights.indexOf(flight), 1)
    if (isLost || flight.result === undefined) recorder.unknown(client, time, 'timeout')
    else recorder.ok(client, time, flight.result)
  }
  if (observe === 'at the end') for (const { revision, changes } of seen) recorder.observed(time, revision, changes)
  return recorder.history()
}

/** The same history with one event replaced. */
function tampered(
  history: History<StoreOperation, StoreResult>,
  replace: (event: HistoryEvent<StoreOperation, StoreResult>) => HistoryEvent<StoreOperation, StoreResult> | undefined,
): History<StoreOperation, StoreResult> {
  const at = history.events.findLastIndex((event) => replace(event) !== undefined)
  const event = history.events[at]
  const replacement = event === undefined ? undefined : replace(event)
  expect(replacement).toBeDefined()
  return { ...history, events: replacement === undefined ? [] : history.events.with(at, replacement) }
}

const seeds = Array.from({ length: 15 }, (_, i) => i + 1)

describe('what the real store answers is linearizable', () => {
  test.each(seeds)('seed %i, every answer known', (seed) => {
    const verdict = check(record({ seed, operations: 300, clients: 6 }), store())
    expect(verdict.outcome).toBe('linearizable')
    expect(verdict.steps).toBeLessThan(300 * 12)
  })

  test.each(seeds)('seed %i, every tenth answer lost, its revisions observed', (seed) => {
    for (const observe of ['at once', 'at the end'] as const) {
      const verdict = check(record({ seed, operations: 300, clients: 6, lost: 10, observe }), store())
      expect(verdict.outcome).toBe('linearizable')
      expect(verdict.steps).toBeLessThan(300 * 24)
    }
  })

  test.each(seeds)('seed %i, every tenth answer lost, nothing observed', (seed) => {
    const verdict = check(record({ seed, operations: 200, clients: 4, lost: 10 }), store(), { steps: 1_000_000 })
    expect(verdict.outcome).toBe('linearizable')
  })

  test('five thousand operations in at most twelve steps each', () => {
    const history = record({ seed: 1, operations: 5000, clients: 10, lost: 50, observe: 'at the end' })
    const verdict = check(history, store())
    expect(verdict.outcome).toBe('linearizable')
    expect(verdict.steps).toBeLessThan(60_000)
  })

  test('and so says the incremental checker', () => {
    for (const seed of seeds.slice(0, 5)) {
      const checker = new IncrementalChecker(store())
      for (const event of record({ seed, operations: 200, clients: 4, lost: 40, observe: 'at once' }).events)
        checker.feed(event)
      expect(checker.verdict, `seed ${seed}`).toBe('linearizable')
    }
  })
})

describe('what a store must not answer is not linearizable', () => {
  const expectBad = (history: History<StoreOperation, StoreResult>): void => {
    expect(check(history, store(), { steps: 1_000_000 }).outcome).toBe('not-linearizable')
  }

  test.each(seeds)('seed %i: a read of an older revision that claims to be current', (seed) => {
    const history = record({ seed, operations: 200, clients: 4 })
    expectBad(
      tampered(history, (event) => {
        if (event.type !== 'ok' || event.result.type !== 'get' || event.result.kvs.length === 0) return undefined
        return { ...event, result: { ...event.result, revision: event.result.revision - 20 } }
      }),
    )
  })

  test.each(seeds)('seed %i: a put whose revision another one has', (seed) => {
    expectBad(
      tampered(record({ seed, operations: 200, clients: 4 }), (event) =>
        event.type === 'ok' && event.result.type === 'put'
          ? { ...event, result: { ...event.result, revision: event.result.revision - 1 } }
          : undefined,
      ),
    )
  })

  test('a key with the version of another life', () => {
    expectBad(
      tampered(record({ seed: 1, operations: 200, clients: 4 }), (event) => {
        if (event.type !== 'ok' || event.result.type !== 'get') return undefined
        const [first, ...others] = event.result.kvs
        if (first === undefined) return undefined
        return { ...event, result: { ...event.result, kvs: [{ ...first, version: first.version + 1 }, ...others] } }
      }),
    )
  })

  test('a write that was acknowledged and is gone', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke('a', 0, { type: 'put', key: 'k', value: '1' })
    recorder.ok('a', 1, { type: 'put', revision: 2 })
    recorder.invoke('b', 2, { type: 'get', key: 'k' })
    recorder.ok('b', 3, { type: 'get', kvs: [], count: 0, revision: 1 })
    expectBad(recorder.history())
  })

  test('an observed revision with other content than its writer wrote', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke('a', 0, { type: 'put', key: 'k', value: '1' })
    recorder.ok('a', 1, { type: 'put', revision: 2 })
    recorder.observed(2, 2, [{ type: 'put', key: 'k', value: '2' }])
    expectBad(recorder.history())
  })

  test('an observed revision that nobody wrote', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.observed(0, 2, [{ type: 'put', key: 'k', value: '1' }])
    expectBad(recorder.history())
  })

  test('a read that does not know what a watch had seen before it began', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke('a', 0, { type: 'put', key: 'k', value: '1' })
    recorder.observed(1, 2, [{ type: 'put', key: 'k', value: '1' }])
    recorder.invoke('b', 2, { type: 'get', key: 'k' })
    recorder.ok('b', 3, { type: 'get', kvs: [], revision: 1 })
    expectBad(recorder.history())
  })
})

describe('a serializable read', () => {
  const stale = (isSerializable: boolean): History<StoreOperation, StoreResult> => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke('a', 0, { type: 'put', key: 'k', value: '1' })
    recorder.ok('a', 1, { type: 'put', revision: 2 })
    recorder.invoke('b', 2, { type: 'get', key: 'k', serializable: isSerializable })
    recorder.ok('b', 3, { type: 'get', kvs: [], revision: 1 })
    return recorder.history()
  }

  test('may answer what was true once, and no other may', () => {
    expect(check(stale(true), store()).outcome).toBe('linearizable')
    expect(check(stale(false), store()).outcome).toBe('not-linearizable')
  })
})

describe('observations', () => {
  test('of one instant are no later than the newest of them', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    for (const key of ['a', 'b']) {
      recorder.invoke(key, 0, { type: 'put', key, value: '1' })
      recorder.unknown(key, 0, 'timeout')
    }
    recorder.observed(2, 2, [{ type: 'put', key: 'b', value: '1' }])
    recorder.observed(2, 3, [{ type: 'put', key: 'a', value: '1' }])
    expect(check(recorder.history(), store()).outcome).toBe('linearizable')
  })

  test('that hit the bound of the incremental checker leave no verdict of before', () => {
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke('a', 0, { type: 'get', key: 'a', revision: 1 })
    recorder.invoke('b', 0, { type: 'put', key: 'b', value: 'y' })
    recorder.observed(0, 2, [{ type: 'put', key: 'b', value: 'y' }])
    recorder.ok('a', 1, { type: 'get', kvs: [], count: 0, revision: 2 })
    recorder.invoke('c', 1, { type: 'put', key: 'b', value: 'x' })
    recorder.observed(1, 3, [{ type: 'put', key: 'b', value: 'x' }])
    // Nobody wrote this one.
    recorder.observed(1, 4, [{ type: 'put', key: 'a', value: 'x' }])
    const checker = new IncrementalChecker(store(), 3)
    for (const event of recorder.history().events) checker.feed(event)
    expect(checker.verdict).toBe('unknown')
  })
})
