import { observer } from './calls.ts'
import { JustInTime } from './configurations.ts'
import type { Configurations } from './configurations.ts'
import type { HistoryEvent } from './history.ts'
import { MalformedHistory } from './history.ts'
import { LimitReached } from './limits.ts'
import type { Model } from './model.ts'

/** Of the events so far. `unknown`: the bound was hit, in a partition that was linearizable until then. */
export type IncrementalVerdict = 'linearizable' | 'not-linearizable' | 'unknown'

/** What a client does to one partition, with its place in the order of invocation in the whole history as its name. */
export type PartEvent<Operation, Result> =
  | { readonly type: 'invoke'; readonly id: number; readonly client: string; readonly operation: Operation }
  | { readonly type: 'ok'; readonly id: number; readonly client: string; readonly result: Result }
  | { readonly type: 'rejected' | 'unknown'; readonly id: number; readonly client: string }

/** So few states and answers are not worth forgetting. */
const keptMin = 256

/** How many configurations one answer may lead to. */
const configurationsMax = 20_000

/**
 * Judges a history while it is recorded: after each event, whether what was recorded so far is linearizable. It agrees
 * with `check`, except that it does not use what comes later: `prepare` of the model is not called. Its memory is bounded:
 * states that no explanation needs any more are forgotten, and beyond `most` configurations the verdict is `unknown`.
 *
 * ```ts
 * const checker = new IncrementalChecker(register())
 * checker.feed({ type: 'invoke', time: 0, client: 'a', operation: { type: 'write', value: 1 } }) // 'linearizable'
 * ```
 */
export class IncrementalChecker<Operation, Result, State> {
  /** Of everything that was fed. */
  verdict: IncrementalVerdict = 'linearizable'
  private readonly model: Model<Operation, Result, State>
  private readonly most: number
  private readonly parts = new Map<string, PartChecker<Operation, Result>>()
  private readonly inFlight = new Map<string, { readonly id: number; readonly part: PartChecker<Operation, Result> }>()
  private invocations = 0

  constructor(model: Model<Operation, Result, State>, most: number = configurationsMax) {
    this.model = model
    this.most = most
  }

  /** Takes the next event; throws `MalformedHistory` if it cannot be the next one. Answers the verdict. */
  feed(event: HistoryEvent<Operation, Result>): IncrementalVerdict {
    const { time } = event
    if (event.type === 'observed') {
      const seen = this.model.observe?.(event)
      if (seen === undefined) return this.verdict
      const id = this.invocations++
      const part = this.partOf(seen.operation)
      return this.conclude(
        part,
        time,
        { type: 'invoke', id, client: observer, operation: seen.operation },
        { type: 'ok', id, client: observer, result: seen.result },
      )
    }
    const { client } = event
    const waiting = this.inFlight.get(client)
    if (event.type === 'invoke') {
      if (waiting !== undefined) throw new MalformedHistory(`${client} invokes while it waits for an answer`)
      const part = this.partOf(event.operation)
      const id = this.invocations++
      this.inFlight.set(client, { id, part })
      return this.conclude(part, time, { type: 'invoke', id, client, operation: event.operation })
    }
    if (waiting === undefined) throw new MalformedHistory(`${client} is answered and has invoked nothing`)
    this.inFlight.delete(client)
    const { id, part } = waiting
    return this.conclude(
      part,
      time,
      event.type === 'ok' ? { type: 'ok', id, client, result: event.result } : { type: event.type, id, client },
    )
  }

  private partOf(operation: Operation): PartChecker<Operation, Result> {
    const name = this.model.partition?.(operation) ?? ''
    let part = this.parts.get(name)
    if (part === undefined) {
      part = new PartChecker(this.model as Model<Operation, Result, unknown>, this.most)
      this.parts.set(name, part)
    }
    return part
  }

  private conclude(
    part: PartChecker<Operation, Result>,
    time: number,
    ...events: PartEvent<Operation, Result>[]
  ): IncrementalVerdict {
    const before = part.verdict
    for (const event of events) part.feed(time, event)
    if (part.verdict !== before) {
      const verdicts = new Set([...this.parts.values()].map(({ verdict }) => verdict))
      this.verdict = (['not-linearizable', 'unknown'] as const).find((one) => verdicts.has(one)) ?? 'linearizable'
    }
    return this.verdict
  }
}

/**
 * One partition. The events of the present instant are gone through again with each further one, invocations first: what
 * shares an instant is not ordered, and a verdict may improve within it.
 */
export class PartChecker<Operation, Result> {
  verdict: IncrementalVerdict = 'linearizable'
  readonly search: JustInTime<Operation, Result>
  /** Before the last event that changed anything. */
  before: Configurations<Operation>
  now: Configurations<Operation>
  private settled: Configurations<Operation>
  private instant = Number.NEGATIVE_INFINITY
  private events: PartEvent<Operation, Result>[] = []
  /** States and answers that were kept when others were forgotten last. */
  private kept = 0

  constructor(model: Model<Operation, Result, unknown>, most: number) {
    this.search = new JustInTime(model, most)
    this.settled = this.search.begin()
    this.now = this.settled
    this.before = this.settled
  }

  feed(time: number, event: PartEvent<Operation, Result>): void {
    if (time < this.instant) throw new MalformedHistory(`time goes back from ${this.instant} to ${time}`)
    if (time > this.instant) this.settle(time)
    if (this.verdict === 'unknown' || this.settled.all.length === 0) return
    this.events.push(event)
    try {
      this.run()
      this.verdict = this.now.all.length === 0 ? 'not-linearizable' : 'linearizable'
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error
      this.verdict = 'unknown'
    }
  }

  /** Nothing is in flight: whatever comes later comes after all that was answered. */
  get isQuiescent(): boolean {
    return [...this.now.open.values()].every(({ isUnknown }) => isUnknown)
  }

  private settle(time: number): void {
    this.instant = time
    this.events = []
    if (this.search.size > 2 * this.kept + keptMin) {
      this.now = this.search.compact(this.now)
      this.kept = this.search.size
    }
    this.settled = this.now
  }

  private run(): void {
    const answeredNow = new Map<string, number>()
    let { settled: now } = this
    for (const event of this.events) {
      if (event.type === 'ok') answeredNow.set(event.client, event.id)
      if (event.type !== 'invoke') continue
      const after = answeredNow.get(event.client)
      if (after !== undefined) now = this.search.awaited(now, after)
      now = this.search.invoked(now, event.id, event.operation, after)
    }
    this.before = now
    for (const event of this.events) {
      if (event.type === 'invoke' || now.all.length === 0) continue
      this.before = now
      if (event.type === 'ok') now = this.search.answered(now, event.id, event.result)
      else now = event.type === 'rejected' ? this.search.rejected(now, event.id) : this.search.unknown(now, event.id)
    }
    this.now = now
  }
}
