import type { History, HistoryEvent } from '../history.ts'
import type { KeyValueOperation, KeyValueResult } from '../models/key-value.ts'
import type { RegisterOperation, RegisterResult, Value } from '../models/register.ts'
import type { Line } from './lines.ts'
import { malformed } from './lines.ts'

/** The key-value histories of Porcupine's tests: one event a line, as a map of EDN. Instants are line numbers. */
export function readPorcupineKeyValue(lines: readonly Line[]): History<KeyValueOperation, KeyValueResult> {
  return { model: 'key-value', events: lines.map(keyValueEvent) }
}

const keyValueForm = '{:process N, :type :invoke or :ok, :f :get, :put or :append, :key "…", :value "…" or nil}'

function keyValueEvent(line: Line): HistoryEvent<KeyValueOperation, KeyValueResult> {
  const fields = ednMap(line)
  const { process, type, f, key, value } = fields
  const time = line.number
  if (typeof process !== 'number' || typeof key !== 'string') throw malformed(line.number, keyValueForm, line.text)
  const client = String(process)
  if (type === ':invoke' && f === ':get') return { type: 'invoke', time, client, operation: { type: 'get', key } }
  if (type === ':invoke' && (f === ':put' || f === ':append') && typeof value === 'string')
    return { type: 'invoke', time, client, operation: { type: f === ':put' ? 'put' : 'append', key, value } }
  if (type === ':ok' && f === ':get' && typeof value === 'string') return { type: 'ok', time, client, result: value }
  if (type === ':ok' && (f === ':put' || f === ':append')) return { type: 'ok', time, client, result: null }
  throw malformed(line.number, keyValueForm, line.text)
}

/** As much of EDN as there is: a flat map from keywords to numbers, texts, keywords (with their colon) and nil. */
function ednMap({ number, text }: Line): Record<string, string | number | null> {
  const inner = /^\{(.*)\}$/.exec(text)?.[1]
  if (inner === undefined) throw malformed(number, keyValueForm, text)
  const fields: Record<string, string | number | null> = {}
  const field = /\s*:(\w+)\s+(?:(nil)|(-?\d+)|(:[\w-]+)|("(?:[^"\\]|\\.)*"))\s*(?:,|$)/y
  while (field.lastIndex < inner.length) {
    const found = field.exec(inner)
    if (found === null) throw malformed(number, keyValueForm, text)
    const [, name = '', nil, digits, keyword, quoted] = found
    if (nil !== undefined) fields[name] = null
    else if (digits !== undefined) fields[name] = Number(digits)
    else fields[name] = keyword ?? (JSON.parse(quoted ?? '""') as string)
  }
  return fields
}

const jepsenForm =
  'INFO  jepsen.util - PROCESS<tab>:invoke, :ok, :fail or :info<tab>:read, :write or :cas<tab>nil, a number, [from to] or :timed-out'

/**
 * A log of Jepsen 0.0.x about a compare-and-set register. `:fail` of a cas is an answer: it did not find its value;
 * `:info` is an unknown outcome. Lines of the nemesis are no client's. Instants are line numbers.
 */
export function readJepsenLog(lines: readonly Line[]): History<RegisterOperation, RegisterResult> {
  const asked = new Map<string, string>()
  const events = lines.flatMap((line): HistoryEvent<RegisterOperation, RegisterResult>[] => {
    const found = /^INFO\s+jepsen\.util - (\S+)\s+:(invoke|ok|fail|info)\s+:([\w-]+)\s+(.*)$/.exec(line.text)
    if (found === null) throw malformed(line.number, jepsenForm, line.text)
    const [, client = '', type = '', f = '', value = ''] = found
    if (client === ':nemesis') return []
    const time = line.number
    if (type === 'invoke') {
      asked.set(client, f)
      return [{ type, time, client, operation: registerOperation(line, f, value) }]
    }
    if (asked.get(client) !== f)
      throw malformed(line.number, `an answer to :${asked.get(client) ?? 'nothing'}`, line.text)
    if (type === 'info') return [{ type: 'unknown', time, client, reason: value }]
    if (type === 'fail' && f !== 'cas') return [{ type: 'rejected', time, client, reason: value }]
    if (type === 'fail' && value === ':timed-out') return [{ type: 'unknown', time, client, reason: value }]
    const result = f === 'cas' ? type === 'ok' : f === 'write' ? null : registerValue(line, value)
    return [{ type: 'ok', time, client, result }]
  })
  return { model: 'cas-register', events }
}

function registerOperation(line: Line, f: string, value: string): RegisterOperation {
  if (f === 'read') return { type: 'read' }
  if (f === 'write') return { type: 'write', value: registerValue(line, value) }
  const [, from, to] = /^\[(\S+) (\S+)\]$/.exec(value) ?? []
  if (f !== 'cas' || from === undefined || to === undefined) throw malformed(line.number, jepsenForm, line.text)
  return { type: 'cas', from: registerValue(line, from), to: registerValue(line, to) }
}

function registerValue(line: Line, value: string): Value {
  if (value === 'nil') return null
  if (!/^-?\d+$/.test(value)) throw malformed(line.number, jepsenForm, line.text)
  return Number(value)
}
