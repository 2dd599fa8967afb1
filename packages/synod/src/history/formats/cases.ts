import type { History, HistoryEvent } from '../history.ts'
import { MalformedHistory } from '../history.ts'
import { list, literals, number, record, text, whole } from './shape.ts'

/** An operation with both of its instants. */
interface TimedOperation {
  readonly client: number
  readonly call: number
  readonly return: number
  readonly op: string
  readonly value?: unknown
  readonly result?: unknown
}

interface Case {
  readonly name: string
  readonly model: string
  readonly initial: unknown
  readonly operations: readonly TimedOperation[]
}

const caseShape = record({
  name: text,
  model: literals('register', 'set', 'nondeterministic-register'),
  operations: list(record({ client: whole, call: number, return: number, op: text })),
})

/** How others call what our models know by one name. */
const names: Readonly<Record<string, string>> = { put: 'write', get: 'read' }

/** Small cases in one array: name, model, initial state, and operations with the instants of their call and return. */
export function readCases(value: unknown): History[] {
  if (!Array.isArray(value)) throw new MalformedHistory(`expected a list of cases, ${caseShape.expected}`)
  return value.map((one, i) => {
    if (!caseShape.accepts(one)) throw new MalformedHistory(`case ${i + 1}: expected ${caseShape.expected}`)
    const { name, model, initial, operations } = one as Case
    return { name, model, initial, events: operations.flatMap(eventsOf).toSorted(inOrder) }
  })
}

function eventsOf({ client: id, call, return: returned, op, value, result }: TimedOperation): HistoryEvent[] {
  const client = String(id)
  const operation = { type: names[op] ?? op, ...(value === undefined ? {} : { value }) }
  const answer: HistoryEvent =
    result === 'unknown'
      ? { type: 'unknown', time: returned, client, reason: 'its answer is unknown' }
      : { type: 'ok', time: returned, client, result: result ?? null }
  return [{ type: 'invoke', time: call, client, operation }, answer]
}

/** By instant; what shares one keeps each client's order. */
function inOrder(a: HistoryEvent, b: HistoryEvent): number {
  return a.time - b.time
}
