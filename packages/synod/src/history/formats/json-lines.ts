import type { History, HistoryEvent } from '../history.ts'
import { MalformedHistory } from '../history.ts'
import { catalogue } from '../models/catalogue.ts'
import type { Line } from './lines.ts'
import { malformed, parseJson } from './lines.ts'
import { list, literal, literals, number, oneOf, record, text, whole } from './shape.ts'
import type { Shape } from './shape.ts'

/** The version that is written, and the only one that is read. */
export const historyVersion = 1

/**
 * Our own format: a head, `{"synod":"history","version":1,"model":"store"}`, then one event a line. Another head begins
 * another history.
 */
export function writeHistory({ model, initial, name, events }: History): string {
  const head = { synod: 'history', version: historyVersion, model, initial, name }
  return `${[head, ...events].map((line) => JSON.stringify(line)).join('\n')}\n`
}

interface Head {
  readonly synod: 'history'
  readonly version: number
  readonly model: string
  readonly initial?: unknown
  readonly name?: string
}

const headShape = record({ synod: literal('history'), version: whole, model: text, 'name?': text })

export function isHead(line: string): boolean {
  return /^\{\s*"synod"\s*:\s*"history"/.test(line)
}

/** Throws `MalformedHistory` with the line's number. */
export function readJsonLines(lines: readonly Line[]): History[] {
  const histories: { head: Head; events: HistoryEvent[]; reader: EventReader }[] = []
  for (const line of lines) {
    if (isHead(line.text)) {
      const head = readHead(line)
      histories.push({ head, events: [], reader: new EventReader(head.model) })
      continue
    }
    const current = histories.at(-1)
    if (current === undefined) throw malformed(line.number, `the head of a history, ${headShape.expected}`, line.text)
    current.events.push(current.reader.read(line))
  }
  return histories.map(({ head, events }) => historyOf(head, events))
}

function historyOf({ model, initial, name }: Head, events: readonly HistoryEvent[]): History {
  return { model, ...(initial === undefined ? {} : { initial }), ...(name === undefined ? {} : { name }), events }
}

function readHead(line: Line): Head {
  const head = parseJson(line, `the head of a history, ${headShape.expected}`)
  if (!headShape.accepts(head)) throw malformed(line.number, `the head of a history, ${headShape.expected}`, line.text)
  const { version } = head as Head
  if (version !== historyVersion) {
    throw new MalformedHistory(
      `line ${line.number}: the history has version ${version}, and this version of Synod reads version ${historyVersion}: ` +
        `check it with the version of Synod that recorded it, or record it again`,
    )
  }
  return head as Head
}

const time = number
const outcomes = {
  ok: (result: Shape) => record({ type: literal('ok'), time, client: text, result }),
  other: record({ type: literals('rejected', 'unknown'), time, client: text, reason: text }),
  observed: record({
    type: literal('observed'),
    time,
    revision: whole,
    changes: list(
      oneOf(record({ type: literal('put'), key: text, value: text }), record({ type: literal('delete'), key: text })),
    ),
  }),
}

/** Reads the events of one history: each on a line of its own, its operation and result as the model wants them. */
class EventReader {
  private readonly shapes: Readonly<Record<string, Shape>>
  /** Who waits for an answer since which line. */
  private readonly waiting = new Map<string, number>()
  private now = Number.NEGATIVE_INFINITY

  constructor(model: string) {
    // A model of somebody's own judges its operations itself.
    const anything: Shape = { expected: 'anything', accepts: () => true }
    const { operation = anything, result = anything } = catalogue[model] ?? {}
    this.shapes = {
      invoke: record({ type: literal('invoke'), time, client: text, operation }),
      ok: outcomes.ok(result),
      rejected: outcomes.other,
      unknown: outcomes.other,
      observed: outcomes.observed,
    }
  }

  read(line: Line): HistoryEvent {
    const any = `an event with the type ${Object.keys(this.shapes).join(', ')}`
    const value = parseJson(line, any)
    const type = typeof value === 'object' && value !== null && 'type' in value ? String(value.type) : ''
    const shape = Object.hasOwn(this.shapes, type) ? this.shapes[type] : undefined
    if (shape === undefined) throw malformed(line.number, any, line.text)
    if (!shape.accepts(value)) throw malformed(line.number, shape.expected, line.text)
    const event = value as HistoryEvent
    this.pair(event, line)
    return event
  }

  private pair(event: HistoryEvent, line: Line): void {
    if (event.time < this.now) throw malformed(line.number, `a time of ${this.now} or later`, line.text)
    this.now = event.time
    if (event.type === 'observed') return
    const since = this.waiting.get(event.client)
    if (event.type !== 'invoke') {
      if (!this.waiting.delete(event.client))
        throw malformed(line.number, `an invocation of ${event.client} before its answer`, line.text)
    } else if (since !== undefined)
      throw malformed(line.number, `the answer to what ${event.client} invoked in line ${since}`, line.text)
    else this.waiting.set(event.client, line.number)
  }
}
