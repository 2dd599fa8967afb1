import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { check, IncrementalChecker, modelOf, parseHistories, Recorder, store } from 'synod/history'
import type { History, StoreOperation, StoreResult } from 'synod/history'

// How long the history checker takes: for the histories of others that the tests judge, and for what the simulator records.
// Each figure is the median of several runs in one process, after one that warms up; parsing is not counted.

const folder = join(import.meta.dirname, '../../packages/synod/testdata/histories')
const rounds = 5

function read(...path: string[]): readonly History[] {
  return parseHistories(readFileSync(join(folder, ...path), 'utf8'))
}

function readAll(name: string, ending: string): History[] {
  const files = readdirSync(join(folder, name)).filter((file) => file.endsWith(ending))
  return files.flatMap((file) => read(name, file))
}

interface Row {
  readonly name: string
  readonly operations: number
  readonly steps: number
  readonly milliseconds: number
  readonly megabytes: number
}

function measure(name: string, histories: readonly History[]): Row {
  let [operations, steps, bytes] = [0, 0, 0]
  const run = (): number => {
    const began = performance.now()
    ;[operations, steps, bytes] = [0, 0, 0]
    for (const history of histories) {
      const verdict = check(history, modelOf(history))
      operations += verdict.operations
      steps += verdict.steps
      bytes = Math.max(bytes, verdict.bytes)
    }
    return performance.now() - began
  }
  const milliseconds = medianOf(run)
  return { name, operations, steps, milliseconds, megabytes: bytes / 1e6 }
}

function medianOf(run: () => number): number {
  run()
  const times = Array.from({ length: rounds }, run).toSorted((a, b) => a - b)
  return times[rounds >>> 1] ?? Number.NaN
}

/** Ten clients that put and get, as the simulator records them: each answer comes nine operations after the invocation. */
function storeHistory(operations: number): History<StoreOperation, StoreResult> {
  const recorder = new Recorder<StoreOperation, StoreResult>('store')
  const keys = 50
  const kvs = new Map<
    string,
    { key: string; value: string; createRevision: number; modRevision: number; version: number }
  >()
  const results: StoreResult[] = []
  let revision = 1
  for (let i = 0; i < operations + 9; i++) {
    const key = `key-${(i * 7) % keys}`
    const result = results[i - 9]
    if (result !== undefined) recorder.ok(`client-${(i - 9) % 10}`, i, result)
    if (i >= operations) continue
    const old = kvs.get(key)
    if (i % 3 === 0) {
      recorder.invoke(`client-${i % 10}`, i, { type: 'get', key })
      results.push({ type: 'get', kvs: old === undefined ? [] : [old], revision })
      continue
    }
    const value = `value-${i}`
    recorder.invoke(`client-${i % 10}`, i, { type: 'put', key, value })
    revision++
    const { createRevision = revision, version = 0 } = old ?? {}
    kvs.set(key, { key, value, createRevision, modRevision: revision, version: version + 1 })
    results.push({ type: 'put', revision })
  }
  return recorder.history()
}

function incrementally(history: History<StoreOperation, StoreResult>): number {
  return medianOf(() => {
    const began = performance.now()
    const checker = new IncrementalChecker(store())
    for (const event of history.events) checker.feed(event)
    if (checker.verdict !== 'linearizable') throw new Error(`the history is ${checker.verdict}`)
    return performance.now() - began
  })
}

export function main(): void {
  const jepsen = readAll('jepsen-etcd', '.log')
  const keyValues = readAll('porcupine-kv', '.txt')
  const cases = readAll('porcupine-cases', '.json')
  const long = storeHistory(5000)
  const rows = [
    measure('all 102 + 6 + 9 histories', [...jepsen, ...keyValues, ...cases]),
    measure('102 of Jepsen against etcd 2.0', jepsen),
    measure('c50-bad', read('porcupine-kv', 'c50-bad.txt')),
    measure('c50-ok', read('porcupine-kv', 'c50-ok.txt')),
    measure('store, 500 operations', [storeHistory(500)]),
    measure('store, 5 000 operations', [long]),
  ]

  console.log(
    `> ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), one of them used; Node ${process.versions.node}\n`,
  )
  console.log('| history | operations | steps | milliseconds | MB |\n| --- | --- | --- | --- | --- |')
  for (const { name, operations, steps, milliseconds, megabytes } of rows)
    console.log(`| ${name} | ${operations} | ${steps} | ${milliseconds.toFixed(1)} | ${megabytes.toFixed(1)} |`)
  console.log(`\nIncrementally, store, 5 000 operations: ${incrementally(long).toFixed(1)} ms.`)
}
