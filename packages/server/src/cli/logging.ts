import { styleText } from 'node:util'
import { pino, stdSerializers } from 'pino'
import type { Logger } from 'synod'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line of the log, as pino writes it. */
export interface LogLine {
  readonly level: number
  readonly time: number
  readonly msg: string
}

/**
 * The server's log, on standard error: readable lines on a terminal, one JSON object a line elsewhere. Written at once:
 * what a node said before it stopped is never lost in a buffer.
 */
export function createLogger(level: LogLevel, format: 'auto' | 'text' | 'json'): Logger {
  const readable = format === 'text' || (format === 'auto' && process.stderr.isTTY)
  const destination = readable
    ? { write: (line: string): unknown => process.stderr.write(`${readableLine(line) ?? line.trimEnd()}\n`) }
    : pino.destination({ dest: 2, sync: true })
  const log = pino({ level, base: { pid: process.pid }, serializers: { cause: asError, error: asError } }, destination)
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  }
}

/** An error's fields are not enumerable: as it stands, JSON would have none of it. */
function asError(value: unknown): unknown {
  return value instanceof Error ? stdSerializers.err(value) : value
}

const levelNames: Readonly<Record<number, string>> = {
  20: styleText('gray', 'debug'),
  30: styleText('green', 'info '),
  40: styleText('yellow', 'warn '),
  50: styleText('red', 'error'),
  60: styleText('red', 'fatal'),
}

/** Reads one line of the JSON log; undefined if it is none. */
export function parseLogLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return isLogLine(value) ? value : undefined
  } catch {
    // Not JSON: something else than the logger wrote to the same stream. The caller shows it as it is.
    return undefined
  }
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === 'object' && value !== null && 'msg' in value && 'level' in value && 'time' in value
}

/** A JSON line for people: time, level, message, the rest as name=value. */
export function readableLine(line: string): string | undefined {
  const parsed = parseLogLine(line)
  if (parsed === undefined) return undefined
  const { level, time, msg, ...fields } = parsed
  const rest = Object.entries(fields)
    .filter(([name]) => name !== 'pid')
    .map(([name, value]) =>
      styleText('gray', ` ${name}=${typeof value === 'string' ? printable(value) : JSON.stringify(value)}`),
    )
  const clock = new Date(time).toISOString().slice(11, 23)
  return `${styleText('gray', clock)} ${levelNames[level] ?? String(level)} ${printable(msg)}${rest.join('')}`
}

/** What strangers say stands in the log, such as the name of a peer: it begins no line of its own, and steers no terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
