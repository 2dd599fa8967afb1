import type { History } from './history.ts'
import { MalformedHistory } from './history.ts'
import type { Model } from './model.ts'

/** One operation of a client, from its invocation to what became of it. */
export interface Call<Operation = unknown, Result = unknown> {
  readonly client: string
  readonly operation: Operation
  /** In milliseconds. */
  readonly invoked: number
  /**
   * Infinite where the outcome is unknown: it may take effect at any later time. (A finite one with an unknown outcome is
   * what `explain` makes of calls whose outcome makes no difference: they happened while they were in flight, or never.)
   */
  readonly returned: number
  readonly outcome: 'ok' | 'unknown' | 'rejected'
  /** Of an `ok`. */
  readonly result: Result | undefined
  /** Of any other. */
  readonly reason?: string
}

/**
 * The calls of a history in the order of their invocation, rejected ones too, and observations as calls of an observer.
 * Throws `MalformedHistory` where events do not pair.
 */
export function callsOf<Operation, Result>(
  history: History<Operation, Result>,
  observe?: Model<Operation, Result, unknown>['observe'],
): Call<Operation, Result>[] {
  const calls: Call<Operation, Result>[] = []
  const inFlight = new Map<string, number>()
  for (const [i, event] of history.events.entries()) {
    const { type, time } = event
    if (type === 'observed') {
      if (observe === undefined) continue
      const seen = observe(event)
      calls.push({ client: observer, ...seen, invoked: time, returned: time, outcome: 'ok' })
      continue
    }
    const { client } = event
    const at = inFlight.get(client)
    if (type === 'invoke') {
      if (at !== undefined) throw new MalformedHistory(`event ${i + 1}: ${client} invokes while it waits for an answer`)
      inFlight.set(client, calls.length)
      const { operation } = event
      calls.push({ client, operation, invoked: time, returned: Infinity, outcome: 'unknown', result: undefined })
      continue
    }
    const call = at === undefined ? undefined : calls[at]
    if (at === undefined || call === undefined)
      throw new MalformedHistory(`event ${i + 1}: ${client} is answered and has invoked nothing`)
    if (time < call.invoked) throw new MalformedHistory(`event ${i + 1}: ${client} is answered before it invoked`)
    inFlight.delete(client)
    calls[at] =
      type === 'ok'
        ? { ...call, returned: time, outcome: 'ok', result: event.result }
        : { ...call, returned: type === 'rejected' ? time : Infinity, outcome: type, reason: event.reason }
  }
  return calls
}

/** The client's name of what somebody saw who is none. */
export const observer = 'observer'

/** Rejected calls never happened. */
export function happenedOf<Operation, Result>(
  calls: readonly Call<Operation, Result>[],
): readonly Call<Operation, Result>[] {
  return calls.filter(({ outcome }) => outcome !== 'rejected')
}

/** What the search looks at: the model may know more of the calls that may have happened. */
export function prepared<Operation, Result, State>(
  happened: readonly Call<Operation, Result>[],
  model: Model<Operation, Result, State>,
): readonly Call<Operation, Result>[] {
  return model.prepare?.(happened) ?? happened
}

/** The calls of each part that can be judged on its own, in the order of first mention. */
export function partition<Operation, Result, State>(
  calls: readonly Call<Operation, Result>[],
  model: Model<Operation, Result, State>,
): Map<string, Call<Operation, Result>[]> {
  const parts = new Map<string, Call<Operation, Result>[]>()
  for (const call of calls) {
    const name = model.partition?.(call.operation) ?? ''
    const part = parts.get(name)
    if (part === undefined) parts.set(name, [call])
    else part.push(call)
  }
  return parts
}
