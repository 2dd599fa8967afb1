import { range } from '../proto/kv-requests.ts'
import { putOf } from 'synod/store'
import type { Compare, CompareOperand, RequestOp, TxnRequest } from 'synod/store'
import { noBytes } from '../proto/wire.ts'
import { UsageError } from './exit.ts'
import { prefixEnd } from './keys.ts'

/**
 * A transaction as people write it: etcdctl's form (comparisons, then what to do if all hold, then what to do
 * otherwise, each part ended by an empty line), or JSON.
 */
export function parseTxn(text: string): TxnRequest {
  return text.trimStart().startsWith('{') ? parseJson(text) : parseLines(text)
}

const results: Readonly<Record<string, number>> = { '=': 0, '>': 1, '<': 2, '!=': 3 }
const resultNames: Readonly<Record<string, number>> = { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3, ...results }
const targets: Readonly<Record<string, number>> = {
  version: 0,
  ver: 0,
  create: 1,
  c: 1,
  mod: 2,
  m: 2,
  value: 3,
  val: 3,
  lease: 4,
}

function parseLines(text: string): TxnRequest {
  const parts: { line: string; number: number }[][] = [[], [], []]
  let part = 0
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') part++
    else if (part > 2)
      throw new UsageError(`line ${index + 1}: a transaction has three parts, and this is after the third`)
    else parts[part]?.push({ line: line.trim(), number: index + 1 })
  }
  const [compares = [], success = [], failure = []] = parts
  return {
    type: 'txn',
    compare: compares.map(({ line, number }) => parseCompare(line, number)),
    success: success.map(({ line, number }) => parseOperation(line, number)),
    failure: failure.map(({ line, number }) => parseOperation(line, number)),
  }
}

function parseCompare(line: string, number: number): Compare {
  const match = /^(\w+)\s*\(\s*("(?:[^"\\]|\\.)*"|[^)\s]+)\s*\)\s*(!=|=|<|>)\s*(.+)$/.exec(line)
  const [, target = '', key = '', result = '', operand = ''] = match ?? []
  if (match === null) throw new UsageError(`line ${number}: ${line}: expected a comparison such as mod("key") > "0"`)
  return compareOf(target, unquote(key), results[result] ?? 0, unquote(operand.trim()), `line ${number}`)
}

function compareOf(target: string, key: string, result: number, operand: string, where: string): Compare {
  const number = targets[target.toLowerCase()]
  if (number === undefined) throw new UsageError(`${where}: ${target}: expected version, create, mod, value or lease`)
  return { target: number, result, key: bytes(key), rangeEnd: noBytes, operand: operandOf(number, operand, where) }
}

function operandOf(target: number, text: string, where: string): CompareOperand {
  if (target === 3) return { field: 'value', bytes: bytes(text) }
  if (target === 4) return { field: 'lease', id: leaseId(text, where) }
  const number = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number))
    throw new UsageError(`${where}: ${text}: expected a whole number`)
  return { field: target === 0 ? 'version' : target === 1 ? 'createRevision' : 'modRevision', number }
}

function parseOperation(line: string, number: number): RequestOp {
  const [verb, key, value, ...more] = words(line)
  const where = `line ${number}`
  const operation = operationOf(verb, key, value, more)
  if (operation === undefined)
    throw new UsageError(`${where}: ${line}: expected put <key> <value>, get <key> [<end>] or del <key> [<end>]`)
  return operation
}

function operationOf(
  verb: string | undefined,
  key: string | undefined,
  value: string | undefined,
  more: readonly string[],
): RequestOp {
  if (key === undefined || more.length > 0) return undefined
  if (verb === 'put') return value === undefined ? undefined : putOf(bytes(key), bytes(value))
  return rangeOf(verb, bytes(key), value === '--prefix' ? prefixEnd(bytes(key)) : bytes(value ?? ''))
}

function rangeOf(verb: string | undefined, key: Uint8Array, rangeEnd: Uint8Array): RequestOp {
  if (verb === 'get') return { ...range(key), rangeEnd }
  return verb === 'del' ? { type: 'deleteRange', key, rangeEnd, prevKv: false } : undefined
}

/** Words separated by spaces; quotes keep spaces, a backslash keeps the next character. */
function words(line: string): string[] {
  const found = line.match(/"(?:[^"\\]|\\.)*"|'[^']*'|\S+/g) ?? []
  return found.map((word) => (word.startsWith("'") ? word.slice(1, -1) : unquote(word)))
}

function unquote(word: string): string {
  if (!/^".*"$/s.test(word)) return word
  return word.slice(1, -1).replace(/\\(.)/gs, (_, kept: string) => ({ n: '\n', t: '\t' })[kept] ?? kept)
}

function bytes(text: string): Uint8Array {
  return text === '' ? noBytes : new TextEncoder().encode(text)
}

/** A lease's id as etcdctl writes it: hexadecimal. */
export function leaseId(text: string, where: string): bigint {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text))
    throw new UsageError(`${where}: ${text}: expected a lease id, 1 to 16 hexadecimal digits`)
  return BigInt.asIntN(64, BigInt(`0x${text}`))
}

// The JSON form.

type Plain = Readonly<Record<string, unknown>>

function parseJson(text: string): TxnRequest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`the transaction is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const txn = record(value, 'the transaction', ['compare', 'success', 'failure'])
  return {
    type: 'txn',
    compare: list(txn['compare'], 'compare').map((one, i) => jsonCompare(one, `compare[${i}]`)),
    success: list(txn['success'], 'success').map((one, i) => jsonOperation(one, `success[${i}]`)),
    failure: list(txn['failure'], 'failure').map((one, i) => jsonOperation(one, `failure[${i}]`)),
  }
}

function jsonCompare(value: unknown, where: string): Compare {
  const compare = record(value, where, ['target', 'result', 'key', 'operand'])
  const result = resultNames[asText(compare['result'] ?? '=', `${where}.result`)]
  if (result === undefined) throw new UsageError(`${where}.result: expected =, !=, < or >`)
  return compareOf(
    asText(compare['target'], `${where}.target`),
    asText(compare['key'], `${where}.key`),
    result,
    asText(compare['operand'], `${where}.operand`),
    where,
  )
}

function jsonOperation(value: unknown, where: string): RequestOp {
  const [verb, ...others] = Object.keys(record(value, where, ['put', 'get', 'del']))
  if (verb === undefined || others.length > 0) throw new UsageError(`${where}: expected one of put, get, del`)
  const at = `${where}.${verb}`
  const fields = verb === 'put' ? ['key', 'value'] : ['key', 'end', 'prefix']
  const body = record(record(value, where, [verb])[verb], at, fields)
  const key = bytes(asText(body['key'], `${at}.key`))
  if (verb === 'put') return putOf(key, bytes(asText(body['value'], `${at}.value`)))
  const { end, prefix = false } = body
  if (typeof prefix !== 'boolean') throw new UsageError(`${at}.prefix: expected true or false`)
  if (prefix && end !== undefined) throw new UsageError(`${at}: give one of end, prefix`)
  const rangeEnd = prefix ? prefixEnd(key) : end === undefined ? noBytes : bytes(asText(end, `${at}.end`))
  return rangeOf(verb, key, rangeEnd)
}

function record(value: unknown, where: string, known: readonly string[]): Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${where}: expected an object`)
  const entries: [string, unknown][] = Object.entries(value)
  for (const [name] of entries) {
    if (!known.includes(name)) throw new UsageError(`${where}: ${name} is unknown; expected ${known.join(', ')}`)
  }
  return Object.fromEntries(entries)
}

function list(value: unknown, where: string): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new UsageError(`${where}: expected a list`)
  return value
}

function asText(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new UsageError(`${where}: expected text`)
}
