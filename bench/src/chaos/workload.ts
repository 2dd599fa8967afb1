import { choose, random, type RandomState, seeded } from 'synod'
import { CallFailed, Endpoint } from '../endpoint.ts'
import {
  deleteRequest,
  type KeyValue,
  paths,
  putRequest,
  rangeRequest,
  readDeleted,
  readRange,
  readRevision,
  readTxn,
  type TxnOperation,
  txnRequest,
} from '../etcd-api.ts'
import type { Asked, Change, Guard, Operation, Outcome } from './history.ts'
import type { Meter } from './meter.ts'

/** All keys of a run begin with this, and nobody else writes any. */
export const prefix = 'chaos/'

const keys: readonly string[] = Array.from({ length: 24 }, (_, i) => `${prefix}${String(i).padStart(2, '0')}`)

/** What a run's clients do. */
export interface WorkloadOptions {
  /** Where members serve clients at the moment. */
  readonly ports: () => readonly number[]
  readonly clients: number
  /** Of all clients together, when everything is answered at once. */
  readonly operationsPerSecond: number
  readonly seed: number
  readonly timeoutMs: number
}

/** Kinds of operation, each as often as it stands in the list. */
const kinds = (
  [
    ['put', 30],
    ['delete', 6],
    ['put two, delete one', 8],
    ['compare and put', 16],
    ['read', 22],
    ['read all', 3],
    ['serializable read', 10],
    ['read the past', 5],
  ] as const
).flatMap(([kind, times]) => Array.from({ length: times }, () => kind))

/** Clients that ask one thing after the other, of any member, and record what they were told. */
export class Workload {
  readonly operations: Operation[] = []
  private readonly options: WorkloadOptions
  private readonly meter: Meter
  private readonly now: () => number
  /** Orders all invocations and answers: one process, one thread, one order. */
  private events = 0
  private stopped = false
  private running: Promise<unknown> = Promise.resolve()
  /** The newest revision at which anybody saw each key changed: makes comparisons that often hold. */
  private readonly lastSeen = new Map<string, number>()
  private newestRevision = 1

  constructor(options: WorkloadOptions, meter: Meter, now: () => number) {
    this.options = options
    this.meter = meter
    this.now = now
  }

  start(): void {
    this.running = Promise.all(Array.from({ length: this.options.clients }, (_, client) => this.client(client)))
  }

  /** Resolves when the last answer has come, or its time is over. */
  async stop(): Promise<void> {
    this.stopped = true
    await this.running
  }

  private async client(client: number): Promise<void> {
    const dice = seeded(this.options.seed * 1009 + client)
    const pauseMs = (1000 * this.options.clients) / this.options.operationsPerSecond
    const [first = 0] = this.options.ports().slice(client % this.options.ports().length)
    let endpoint = new Endpoint(first)
    for (let n = 0; !this.stopped; n++) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 * random(dice)))
      const answered = await this.one(client, endpoint, dice, this.decide(dice, `${client}-${n}`))
      // a client whose member does not answer tries another one, as every client of etcd does
      if (answered && choose(dice, 50) > 0) continue
      const port = pick(dice, this.options.ports())
      if (port === endpoint.port) continue
      endpoint.close()
      endpoint = new Endpoint(port)
    }
    endpoint.close()
  }

  private async one(client: number, endpoint: Endpoint, dice: RandomState, asked: Asked): Promise<boolean> {
    const invoked = this.events++
    const invokedAt = this.now()
    const outcome = await this.ask(endpoint, asked, dice)
    this.operations.push({ client, asked, invoked, answered: this.events++, outcome })
    if (outcome.type !== 'ok') return false
    if (outcome.changed) this.meter.served(invokedAt)
    this.learn(asked, outcome.revision, outcome.changed, outcome.found)
    return true
  }

  private async ask(endpoint: Endpoint, asked: Asked, dice: RandomState): Promise<Outcome> {
    try {
      return await send(endpoint, asked, this.options.timeoutMs, choose(dice, 2) === 0)
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      const reason = error.message
      return error.certain ? { type: 'rejected', reason } : { type: 'unknown', reason }
    }
  }

  private decide(dice: RandomState, value: string): Asked {
    const key = pick(dice, keys)
    const guard: Guard = { key, modRevision: this.lastSeen.get(key) ?? 0 }
    const kind = pick(dice, kinds)
    switch (kind) {
      case 'put':
        return { type: 'write', changes: [{ key, value }] }
      case 'delete':
        return { type: 'delete', key }
      case 'put two, delete one': {
        const at = choose(dice, keys.length)
        const other = (step: number): string => keys[(at + step) % keys.length] ?? key
        const changes = [
          { key: other(0), value: `${value}-a` },
          { key: other(1), value: `${value}-b` },
          { key: other(2), value: undefined },
        ]
        return { type: 'write', changes }
      }
      case 'compare and put':
        return { type: 'write', changes: [{ key, value }], guard }
      case 'read':
        return { type: 'read', keys: [key], serializable: false }
      case 'read all':
        return { type: 'read', keys, serializable: false }
      case 'serializable read':
        return { type: 'read', keys: [key], serializable: true }
      case 'read the past':
        return { type: 'read', keys, serializable: false, at: 1 + choose(dice, this.newestRevision) }
    }
  }

  private learn(asked: Asked, revision: number, changed: boolean, found: readonly KeyValue[]): void {
    this.newestRevision = Math.max(this.newestRevision, revision)
    if (asked.type === 'read' && asked.at !== undefined) return
    for (const { key, modRevision } of found) this.lastSeen.set(key, modRevision)
    if (asked.type === 'write' && changed) {
      for (const { key, value } of asked.changes) this.lastSeen.set(key, value === undefined ? 0 : revision)
    } else if (asked.type === 'delete') {
      this.lastSeen.set(asked.key, 0)
    }
  }
}

/** `asTxn`: what a plain call can say may also be said as a transaction, and must mean the same. */
async function send(endpoint: Endpoint, asked: Asked, timeoutMs: number, asTxn: boolean): Promise<Outcome> {
  switch (asked.type) {
    case 'write':
      return write(endpoint, asked.changes, asked.guard, timeoutMs, asTxn)
    case 'delete': {
      const answer = readDeleted(await endpoint.call(paths.deleteRange, deleteRequest(asked.key), timeoutMs))
      return { type: 'ok', revision: answer.revision, changed: answer.deleted > 0, found: [] }
    }
    case 'read': {
      const [key = '', ...more] = asked.keys
      const options = {
        key: more.length > 0 ? prefix : key,
        prefix: more.length > 0,
        serializable: asked.serializable,
        revision: asked.at ?? 0,
      }
      if (asTxn) {
        const txn = await endpoint.call(paths.txn, txnRequest({ success: [{ range: options }] }), timeoutMs)
        const { revision, ranges } = readTxn(txn)
        return { type: 'ok', revision, changed: false, found: ranges[0]?.found ?? [] }
      }
      const answer = readRange(await endpoint.call(paths.range, rangeRequest(options), timeoutMs))
      return { type: 'ok', revision: answer.revision, changed: false, found: answer.found }
    }
  }
}

async function write(
  endpoint: Endpoint,
  changes: readonly Change[],
  guard: Guard | undefined,
  timeoutMs: number,
  asTxn: boolean,
): Promise<Outcome> {
  const [first] = changes
  if (!asTxn && guard === undefined && changes.length === 1 && first?.value !== undefined) {
    const answer = await endpoint.call(paths.put, putRequest(first.key, first.value), timeoutMs)
    return { type: 'ok', revision: readRevision(answer), changed: true, found: [] }
  }
  const success = changes.map(({ key, value }): TxnOperation =>
    value === undefined ? { delete: key } : { put: { key, value } },
  )
  const failure: TxnOperation[] = guard === undefined ? [] : [{ range: { key: guard.key } }]
  const request = guard === undefined ? txnRequest({ success }) : txnRequest({ guard, success, failure })
  const answer = readTxn(await endpoint.call(paths.txn, request, timeoutMs))
  const found = answer.ranges.flatMap((range) => range.found)
  return { type: 'ok', revision: answer.revision, changed: answer.succeeded, found }
}

function pick<T>(dice: RandomState, from: readonly T[]): T {
  const picked = from[choose(dice, from.length)]
  if (picked === undefined) throw new Error('nothing to choose from')
  return picked
}
