import { assert } from '../core/index.ts'
import type { Change, History, HistoryEvent } from './history.ts'

/**
 * Records a history while it happens. Each `invoke` of a client is followed by exactly one of `ok`, `rejected` and
 * `unknown`; an operation that is in flight when the history is taken has an unknown outcome. Times are in milliseconds
 * from any origin and never go back.
 *
 * ```ts
 * const recorder = new Recorder<StoreOperation, StoreResult>('store')
 * recorder.invoke('client-1', 0, { type: 'put', key: 'a', value: '1' })
 * recorder.ok('client-1', 12, { type: 'put', revision: 2 })
 * check(recorder.history(), store())
 * ```
 */
export class Recorder<Operation, Result> {
  readonly model: string
  private readonly events: HistoryEvent<Operation, Result>[] = []
  private readonly waiting = new Set<string>()
  private now = Number.NEGATIVE_INFINITY

  /** `model` names what the history is to be judged by. */
  constructor(model: string) {
    this.model = model
  }

  invoke(client: string, time: number, operation: Operation): void {
    assert(!this.waiting.has(client), `recorder: ${client} has no operation in flight when it invokes one`)
    this.waiting.add(client)
    this.record({ type: 'invoke', time, client, operation })
  }

  /** It happened, and this is what it answered. */
  ok(client: string, time: number, result: Result): void {
    this.settle(client)
    this.record({ type: 'ok', time, client, result })
  }

  /** It certainly did not happen and never will. */
  rejected(client: string, time: number, reason: string): void {
    this.settle(client)
    this.record({ type: 'rejected', time, client, reason })
  }

  /** It may have happened, or may still. */
  unknown(client: string, time: number, reason: string): void {
    this.settle(client)
    this.record({ type: 'unknown', time, client, reason })
  }

  /** Somebody saw what made a revision of the store: a watch, or whoever reads a member's applied log. */
  observed(time: number, revision: number, changes: readonly Change[]): void {
    this.record({ type: 'observed', time, revision, changes })
  }

  /** What was recorded so far. */
  history(): History<Operation, Result> {
    return { model: this.model, events: [...this.events] }
  }

  private settle(client: string): void {
    assert(this.waiting.delete(client), `recorder: ${client} has an operation in flight when an outcome is recorded`)
  }

  private record(event: HistoryEvent<Operation, Result>): void {
    assert(event.time >= this.now, `recorder: time never goes back, from ${this.now} to ${event.time}`)
    this.now = event.time
    this.events.push(event)
  }
}
