import { buffer } from 'node:stream/consumers'
import { range, writeDeleteRange, writePut, writeRange, writeTxn } from '../proto/kv-requests.ts'
import type { ResponseOp, TxnResponse } from '../proto/kv-responses.ts'
import type { KeyValue } from 'synod/store'
import { readDeleteRangeResponse, readPutResponse, readRangeResponse, readTxnResponse } from '../proto/kv-responses.ts'
import { noBytes } from '../proto/wire.ts'
import { withClient } from './client.ts'
import type { ClientOptions } from './client.ts'
import { exitCodes, UsageError } from './exit.ts'
import { readStandardInput } from './input.ts'
import { prefixEnd } from './keys.ts'
import { keyValueJson, printBytes, printJson, printLine } from './output.ts'
import { leaseId, parseTxn } from './txn-text.ts'

export interface PutOptions extends ClientOptions {
  readonly lease?: string
  readonly prevKv?: boolean
}

export interface RangeOptions extends ClientOptions {
  readonly prefix?: boolean
  readonly fromKey?: boolean
}

export interface GetOptions extends RangeOptions {
  readonly rev?: number
  readonly limit?: number
  readonly keysOnly?: boolean
  readonly valuesOnly?: boolean
  readonly countOnly?: boolean
  readonly serializable?: boolean
}

export interface DelOptions extends RangeOptions {
  readonly prevKv?: boolean
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The value from the command line, or from standard input. */
async function valueOf(value: string | undefined): Promise<Uint8Array> {
  if (value !== undefined) return bytes(value)
  if (process.stdin.isTTY)
    throw new UsageError('the value is missing: give it as the second argument or on standard input')
  return buffer(process.stdin)
}

export async function put(key: string, value: string | undefined, options: PutOptions): Promise<number> {
  const request = {
    type: 'put',
    key: bytes(key),
    value: await valueOf(value),
    lease: options.lease === undefined ? 0n : leaseId(options.lease, '--lease'),
    prevKv: options.prevKv === true,
    ignoreValue: false,
    ignoreLease: false,
  } as const
  const answer = await withClient(options, async (client) =>
    client.change('/etcdserverpb.KV/Put', (out) => writePut(out, request), readPutResponse),
  )
  const { prevKv } = answer
  if (options.json === true) {
    printJson({ revision: answer.header.revision, ...(prevKv === undefined ? {} : { prevKv: keyValueJson(prevKv) }) })
    return exitCodes.ok
  }
  printLine('OK')
  if (prevKv !== undefined) printBytes(prevKv.key, prevKv.value)
  return exitCodes.ok
}

/** What `[end]`, `--prefix` and `--from-key` say together: where the interval ends. */
function rangeEndOf(key: string, end: string | undefined, options: RangeOptions): Uint8Array {
  const said = [end !== undefined, options.prefix === true, options.fromKey === true].filter(Boolean).length
  if (said > 1) throw new UsageError('give one of: an end, --prefix, --from-key')
  if (end !== undefined) return bytes(end)
  if (options.fromKey === true) return Uint8Array.of(0)
  return options.prefix === true ? prefixEnd(bytes(key)) : noBytes
}

/** The API has no empty key: everything is what begins at `\0`. */
function keyOf(key: string, options: RangeOptions): Uint8Array {
  return key === '' && (options.prefix === true || options.fromKey === true) ? Uint8Array.of(0) : bytes(key)
}

export async function get(key: string, end: string | undefined, options: GetOptions): Promise<number> {
  const request = {
    ...range(keyOf(key, options)),
    rangeEnd: rangeEndOf(key, end, options),
    revision: options.rev ?? 0,
    limit: options.limit ?? 0,
    keysOnly: options.keysOnly === true,
    countOnly: options.countOnly === true,
    serializable: options.serializable === true,
  }
  const answer = await withClient(options, async (client) =>
    client.ask('/etcdserverpb.KV/Range', (out) => writeRange(out, request), readRangeResponse),
  )
  if (options.json === true) {
    const { header, kvs, count, more } = answer
    printJson({ revision: header.revision, count, more, kvs: kvs.map(keyValueJson) })
  } else if (options.countOnly === true) printLine(String(answer.count))
  else for (const kv of answer.kvs) printFound(kv, options)
  return answer.count === 0 && request.rangeEnd.length === 0 ? exitCodes.notFound : exitCodes.ok
}

function printFound(kv: KeyValue, options: GetOptions): void {
  if (options.keysOnly === true) printBytes(kv.key)
  else if (options.valuesOnly === true) printBytes(kv.value)
  else printBytes(kv.key, kv.value)
}

export async function del(key: string, end: string | undefined, options: DelOptions): Promise<number> {
  const request = {
    type: 'deleteRange',
    key: keyOf(key, options),
    rangeEnd: rangeEndOf(key, end, options),
    prevKv: options.prevKv === true,
  } as const
  const answer = await withClient(options, async (client) =>
    client.change('/etcdserverpb.KV/DeleteRange', (out) => writeDeleteRange(out, request), readDeleteRangeResponse),
  )
  if (options.json === true) {
    const { header, deleted, prevKvs } = answer
    printJson({
      revision: header.revision,
      deleted,
      ...(prevKvs.length === 0 ? {} : { prevKvs: prevKvs.map(keyValueJson) }),
    })
    return exitCodes.ok
  }
  printLine(String(answer.deleted))
  for (const kv of answer.prevKvs) printBytes(kv.key, kv.value)
  return exitCodes.ok
}

export async function txn(options: ClientOptions): Promise<number> {
  if (process.stdin.isTTY) {
    process.stderr.write(
      'comparisons, an empty line, operations if they hold, an empty line, operations if not, Ctrl-D:\n',
    )
  }
  const request = parseTxn(await readStandardInput())
  const answer = await withClient(options, async (client) =>
    client.change('/etcdserverpb.KV/Txn', (out) => writeTxn(out, request), readTxnResponse),
  )
  if (options.json === true) printJson({ revision: answer.header.revision, ...txnJson(answer) })
  else printTxn(answer)
  return exitCodes.ok
}

function txnJson(answer: TxnResponse): object {
  return { succeeded: answer.succeeded, responses: answer.responses.map(operationJson) }
}

function operationJson(answer: ResponseOp): object {
  if (answer?.type === 'put') return { put: answer.prevKv === undefined ? {} : { prevKv: keyValueJson(answer.prevKv) } }
  if (answer?.type === 'range')
    return { get: { count: answer.count, more: answer.more, kvs: answer.kvs.map(keyValueJson) } }
  if (answer?.type === 'deleteRange') return { del: { deleted: answer.deleted } }
  return answer === undefined ? {} : { txn: txnJson(answer) }
}

function printTxn(answer: TxnResponse): void {
  printLine(answer.succeeded ? 'SUCCESS' : 'FAILURE')
  for (const one of answer.responses) {
    printLine('')
    switch (one?.type) {
      case 'put':
        printLine('OK')
        break
      case 'range':
        for (const kv of one.kvs) printBytes(kv.key, kv.value)
        break
      case 'deleteRange':
        printLine(String(one.deleted))
        break
      case 'txn':
        printTxn(one)
        break
      case undefined:
        break
    }
  }
}
