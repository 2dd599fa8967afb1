import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Reader, Writer } from '../core/index.ts'
import {
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkRange,
  checkTxn,
  compareResults,
  compareTargets,
  decodeOperation,
  encodeOperation,
  isReadOnly,
  sortOrders,
  sortTargets,
  ReplicatedStore,
  type Compare,
  type CompareOperand,
  type KeyValue,
  type Operation,
  type OperationResult,
  type RangeRequest,
  type RangeResult,
  type RequestOp,
  type ResponseOp,
  type Store,
  type StoreError,
  type TxnRequest,
} from './index.ts'

// What a real etcd answered (testdata/etcd-api/README.md), asked again of the store: each request goes through its check,
// its encoding, the state machine, and a snapshot where the transcript restarts the server. Streams, HTTP and calls that
// are not the store's are the server's tests.

const folder = join(import.meta.dirname, '../../../server/testdata/etcd-api')

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }
type Fields = Readonly<Record<string, Json | undefined>>

interface Line {
  readonly op?: string
  readonly scenario?: string
  readonly request?: Fields
  readonly response?: Json
  readonly repeat?: string
  readonly level?: string
  readonly note?: string
}

function scenario(file: string, name: string): readonly Line[] {
  const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')
  const parsed = lines.map((line) => JSON.parse(line) as Line)
  const start = parsed.findIndex((line) => line.scenario === name)
  expect(start, `${file} has the scenario ${name}`).toBeGreaterThanOrEqual(0)
  const length = parsed.slice(start + 1).findIndex((line) => line.scenario !== undefined)
  return parsed.slice(start + 1, length < 0 ? undefined : start + 1 + length)
}

/** `$repeat:3:{…<i>…}` is an array of copies, in which keys and values are plain text. */
function array(value: Json | undefined): readonly Fields[] {
  if (typeof value === 'string') {
    const [, count, copy] = /^\$repeat:(\d+):(.*)$/.exec(value) ?? []
    return Array.from({ length: Number(count) }, (_, i) => {
      const plain = JSON.parse((copy ?? '').replaceAll('<i>', String(i))) as Fields
      return JSON.parse(JSON.stringify(plain), (name, inner: unknown) =>
        (name === 'key' || name === 'value') && typeof inner === 'string'
          ? Buffer.from(inner).toString('base64')
          : inner,
      ) as Fields
    })
  }
  return (value ?? []) as readonly Fields[]
}

function bytes(value: Json | undefined): Uint8Array {
  const text = (value ?? '') as string
  const filled = /^\$bytes:(\d+)$/.exec(text)
  return new Uint8Array(filled === null ? Buffer.from(text, 'base64') : Buffer.alloc(Number(filled[1]), 'v'))
}

const number = (value: Json | undefined): number => Number(value ?? 0)
const flag = (value: Json | undefined): boolean => value === true
const id = (value: Json | undefined): bigint => BigInt((value ?? 0) as string)

function enumeration(value: Json | undefined, names: readonly string[]): number {
  return typeof value === 'number' ? value : Math.max(0, names.indexOf((value ?? '') as string))
}

const orders = Object.keys(sortOrders).map((name) => name.toUpperCase())
const targets = ['KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE']
const results = ['EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL']
const comparedTargets = ['VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE']

test('the names in the transcripts stand for the numbers of the API', () => {
  expect(targets).toHaveLength(Object.keys(sortTargets).length)
  expect(results).toHaveLength(Object.keys(compareResults).length)
  expect(comparedTargets).toHaveLength(Object.keys(compareTargets).length)
})

function rangeOf(request: Fields): RangeRequest {
  return {
    type: 'range',
    key: bytes(request['key']),
    rangeEnd: bytes(request['rangeEnd']),
    limit: number(request['limit']),
    revision: number(request['revision']),
    sortOrder: enumeration(request['sortOrder'], orders),
    sortTarget: enumeration(request['sortTarget'], targets),
    serializable: flag(request['serializable']),
    keysOnly: flag(request['keysOnly']),
    countOnly: flag(request['countOnly']),
    minModRevision: number(request['minModRevision']),
    maxModRevision: number(request['maxModRevision']),
    minCreateRevision: number(request['minCreateRevision']),
    maxCreateRevision: number(request['maxCreateRevision']),
  }
}

function operandOf(compare: Fields): CompareOperand | undefined {
  for (const field of ['version', 'createRevision', 'modRevision'] as const) {
    if (compare[field] !== undefined) return { field, number: number(compare[field]) }
  }
  if (compare['value'] !== undefined) return { field: 'value', bytes: bytes(compare['value']) }
  return compare['lease'] === undefined ? undefined : { field: 'lease', id: id(compare['lease']) }
}

function compareOf(compare: Fields): Compare {
  return {
    result: enumeration(compare['result'], results),
    target: enumeration(compare['target'], comparedTargets),
    key: bytes(compare['key']),
    rangeEnd: bytes(compare['rangeEnd']),
    operand: operandOf(compare),
  }
}

function putOf(request: Fields): Extract<Operation, { type: 'put' }> {
  return {
    type: 'put',
    key: bytes(request['key']),
    value: bytes(request['value']),
    lease: id(request['lease']),
    prevKv: flag(request['prevKv']),
    ignoreValue: flag(request['ignoreValue']),
    ignoreLease: flag(request['ignoreLease']),
  }
}

function deleteOf(request: Fields): Extract<Operation, { type: 'deleteRange' }> {
  return {
    type: 'deleteRange',
    key: bytes(request['key']),
    rangeEnd: bytes(request['rangeEnd']),
    prevKv: flag(request['prevKv']),
  }
}

function opOf(op: Fields): RequestOp {
  for (const [name, request] of Object.entries(op)) {
    const fields = request as Fields
    if (name === 'requestRange') return rangeOf(fields)
    if (name === 'requestPut') return putOf(fields)
    if (name === 'requestDeleteRange') return deleteOf(fields)
    if (name === 'requestTxn') return txnOf(fields)
  }
  return undefined
}

function txnOf(request: Fields): TxnRequest {
  return {
    type: 'txn',
    compare: array(request['compare']).map(compareOf),
    success: array(request['success']).map(opOf),
    failure: array(request['failure']).map(opOf),
  }
}

/** proto3 JSON leaves out what is 0, empty or false, and writes 64-bit numbers as strings. */
function message(fields: Record<string, unknown>): Fields {
  const kept = Object.entries(fields).map(([name, value]): [string, unknown] => {
    if (value instanceof Uint8Array) return [name, Buffer.from(value).toString('base64')]
    return [name, typeof value === 'number' || typeof value === 'bigint' ? String(value) : value]
  })
  return Object.fromEntries(
    kept.filter(
      ([, value]) =>
        !['', '0', false, undefined].includes(value as never) && !(Array.isArray(value) && value.length === 0),
    ),
  ) as Fields
}

const kvOf = (kv: KeyValue): Fields => message({ ...kv })

function rangeFields(result: RangeResult): Record<string, unknown> {
  return { kvs: result.kvs.map(kvOf), more: result.more, count: result.count }
}

function resultFields(result: ResponseOp): Record<string, unknown> {
  switch (result.type) {
    case 'range':
      return rangeFields(result)
    case 'put':
      return { prevKv: result.prevKv === undefined ? undefined : kvOf(result.prevKv) }
    case 'deleteRange':
      return { deleted: result.deleted, prevKvs: result.prevKvs.map(kvOf) }
    case 'txn':
      return { succeeded: result.succeeded, responses: result.responses.map(responseOf) }
  }
}

function responseOf(result: ResponseOp): Fields {
  const name = { range: 'responseRange', put: 'responsePut', deleteRange: 'responseDeleteRange', txn: 'responseTxn' }[
    result.type
  ]
  const header = result.type === 'txn' ? {} : message({ revision: result.revision })
  return { [name]: { header, ...message(resultFields(result)) } as Json }
}

function expectDecoded(encoded: Uint8Array, operation: Operation): void {
  expect(decodeOperation(new Reader(encoded))).toEqual(operation)
}

/** One member's store behind the calls of the API. */
class Server {
  machine = new ReplicatedStore()
  private index = 0

  get store(): Store {
    return this.machine.store
  }

  /** As a client's operation travels: encoded, decided, applied, answered. */
  apply(operation: Operation): OperationResult {
    const out = new Writer()
    encodeOperation(out, operation)
    const encoded = out.control.slice(0, out.length)
    expectDecoded(encoded, operation)
    const command = new Writer()
    command.bytes(encoded)
    const answers: OperationResult[] = []
    const context = { applied: (result: OperationResult) => answers.push(result), readable: () => {}, failed: () => {} }
    this.machine.apply(++this.index, command.control.slice(0, command.length), [context])
    const [answer] = answers
    if (answer === undefined) throw new Error('an operation is answered')
    return answer
  }

  restart(): void {
    const source = this.machine.snapshot()
    this.machine = new ReplicatedStore()
    const sink = this.machine.install()
    for (let piece = source.next(); piece !== undefined; piece = source.next()) sink.write(piece)
    source.close()
    sink.finish()
  }

  call(op: string, request: Fields): Fields | undefined {
    switch (op) {
      case 'KV/Range':
        return this.answer(this.range(rangeOf(request)))
      case 'KV/Put':
        return this.answer(checkPut(putOf(request)) ?? this.apply(putOf(request)))
      case 'KV/DeleteRange':
        return this.answer(checkDeleteRange(deleteOf(request)) ?? this.apply(deleteOf(request)))
      case 'KV/Txn':
        return this.answer(this.txn(txnOf(request)))
      case 'KV/Compact':
        return this.answer(
          this.apply({ type: 'compact', revision: number(request['revision']), physical: flag(request['physical']) }),
        )
      case 'Lease/LeaseGrant':
        return this.grant(id(request['ID']), number(request['TTL']))
      case 'Lease/LeaseRevoke':
        return this.answer(this.apply({ type: 'leaseRevoke', id: id(request['ID']) }))
      case 'Lease/LeaseLeases':
        return this.leases()
      case 'Lease/LeaseTimeToLive':
        return this.timeToLive(id(request['ID']), flag(request['keys']))
      default:
        return undefined
    }
  }

  private range(request: RangeRequest): RangeResult | StoreError {
    return checkRange(request) ?? this.store.range(request)
  }

  private txn(request: TxnRequest): OperationResult {
    const error = checkTxn(request)
    if (error !== undefined) return error
    return isReadOnly(request) ? this.store.read(request) : this.apply(request)
  }

  private grant(wanted: bigint, ttl: number): Fields {
    const chosen = wanted === 0n ? 7_587_883_112_005_661_441n : wanted
    const result = checkLeaseGrant(ttl) ?? this.apply({ type: 'leaseGrant', id: chosen, ttlSeconds: Math.max(ttl, 2) })
    return result.type === 'leaseGrant' ? this.header({ ID: result.id, TTL: result.ttlSeconds }) : this.answer(result)
  }

  private leases(): Fields {
    const byExpiry = [...this.store.leases.values()].toSorted((a, b) => a.ttlSeconds - b.ttlSeconds)
    return this.header({ leases: byExpiry.map((lease) => message({ ID: lease.id })) })
  }

  private timeToLive(asked: bigint, keys: boolean): Fields {
    const lease = this.store.leases.get(asked)
    if (lease === undefined) return this.header({ ID: asked, TTL: -1 })
    const attached = keys ? lease.sortedKeys().map((key) => Buffer.from(key.text, 'latin1').toString('base64')) : []
    return this.header({ ID: asked, TTL: lease.ttlSeconds, grantedTTL: lease.ttlSeconds, keys: attached })
  }

  private answer(result: OperationResult | RangeResult): Fields {
    if (result.type === 'error') return { error: { code: result.code, message: result.message } }
    const known =
      result.type === 'range' || result.type === 'put' || result.type === 'deleteRange' || result.type === 'txn'
    expectSame(result.revision, this.store.revision, 'the revision of an answer is the one after it')
    return this.header(known ? resultFields(result) : {})
  }

  private header(fields: Record<string, unknown>): Fields {
    const header = {
      clusterId: '$cluster',
      memberId: '$member1',
      revision: String(this.store.revision),
      raftTerm: '$term',
    }
    return { header, ...message(fields) }
  }
}

/** Placeholders match what they stand for; all else must be the same. */
function expectSame(actual: Json | undefined, wanted: Json | undefined, where: string): void {
  if (typeof wanted === 'string' && wanted.startsWith('$')) {
    const [, kind, first, second] = /^\$([a-z]+)(?::(-?\d+)(?::(-?\d+))?)?/i.exec(wanted) ?? []
    if (kind === 'array') expect(actual, where).toHaveLength(Number(first))
    else if (kind === 'range') {
      expect(Number(actual), where).toBeGreaterThanOrEqual(Number(first))
      expect(Number(actual), where).toBeLessThanOrEqual(Number(second))
    } else expect(actual, where).toBeDefined()
  } else if (Array.isArray(wanted)) {
    expect(actual, where).toHaveLength(wanted.length)
    for (const [i, inner] of wanted.entries())
      expectSame((actual as readonly Json[])[i], inner as Json, `${where}[${i}]`)
  } else if (typeof wanted === 'object' && wanted !== null) {
    expect(Object.keys(actual ?? {}).toSorted(), where).toEqual(Object.keys(wanted).toSorted())
    for (const [name, inner] of Object.entries(wanted)) expectSame((actual as Fields)[name], inner, `${where}.${name}`)
  } else expect(actual, where).toEqual(wanted)
}

/** Where Synod's answer is better; each is a line of the transcripts whose note says so, or a known defect. */
const deviations: Readonly<Record<string, string>> = {
  'an unknown sort order': 'etcdserver: invalid sort option',
  'an unknown result': 'etcdserver: invalid compare result',
  'the server ended: do not copy; answer code 3': 'etcdserver: invalid sort option',
}

function expectAnswers(file: string, name: string): void {
  const server = new Server()
  let asked = 0
  for (const [i, line] of scenario(file, name).entries()) {
    const where = `${file}, ${name}, line ${i + 1}: ${line.op ?? ''} ${line.note ?? ''}`
    if (line.op === '@restart') server.restart()
    if (line.op === undefined || line.request === undefined || line.response === undefined) continue
    const actual = server.call(line.op, line.request)
    if (actual === undefined) continue
    asked++
    const better = deviations[line.note ?? '']
    const wanted = better === undefined ? line.response : { error: { code: 3, message: better } }
    expectSame(actual as Json, wanted, where)
  }
  expect(asked, 'a scenario asks something of the store').toBeGreaterThan(0)
}

test.each(['put-get', 'put-options', 'range-options', 'delete'])(
  'keys are read and changed as etcd does: %s',
  (name) => {
    expectAnswers('kv.jsonl', name)
  },
)

test.each(['compare', 'operations', 'duplicates', 'nested', 'limits'])('transactions run as in etcd: %s', (name) => {
  expectAnswers('txn.jsonl', name)
})

test('a compaction keeps and refuses what etcd keeps and refuses', () => {
  expectAnswers('compaction.jsonl', 'compact')
})

test.each(['kubernetes', 'go-concurrency'])('the calls of well-known clients are answered as by etcd: %s', (name) => {
  expectAnswers('clients.jsonl', name)
})

test.each(['grant', 'list', 'keys', 'restart'])('leases are granted and end as in etcd: %s', (name) => {
  expectAnswers('lease.jsonl', name)
})

test('an unknown sort target is refused, and harms nobody', () => {
  expectAnswers('limits.jsonl', 'sort-target')
})
