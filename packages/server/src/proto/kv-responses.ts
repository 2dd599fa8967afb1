import type { DeleteRangeResult, KeyValue, RangeResult, TxnResult } from 'synod/store'
import { noBytes, TooDeep } from './wire.ts'
import type { ProtoReader, ProtoWriter } from './wire.ts'

/** etcdserverpb.ResponseHeader */
export interface ResponseHeader {
  readonly clusterId: bigint
  readonly memberId: bigint
  readonly revision: number
  readonly raftTerm: number
}

/** Each response as a client reads it. */
export interface RangeResponse extends Omit<RangeResult, 'revision'> {
  readonly header: ResponseHeader
}
export interface PutResponse {
  readonly type: 'put'
  readonly header: ResponseHeader
  readonly prevKv: KeyValue | undefined
}
export interface DeleteRangeResponse extends Omit<DeleteRangeResult, 'revision'> {
  readonly header: ResponseHeader
}
export interface TxnResponse {
  readonly type: 'txn'
  readonly header: ResponseHeader
  readonly succeeded: boolean
  readonly responses: readonly ResponseOp[]
}
/** etcdserverpb.ResponseOp */
export type ResponseOp = RangeResponse | PutResponse | DeleteRangeResponse | TxnResponse | undefined

/** A header of which nothing is set. */
export const emptyHeader: ResponseHeader = {
  clusterId: 0n,
  memberId: 0n,
  revision: 0,
  raftTerm: 0,
}

/** Field 1 of every response. */
export function writeHeader(out: ProtoWriter, header: ResponseHeader): void {
  const mark = out.begin()
  out.number(4, header.raftTerm)
  out.number(3, header.revision)
  out.bigint(2, header.memberId)
  out.bigint(1, header.clusterId)
  out.end(1, mark)
}

/** The header of an operation in a transaction says the revision and nothing else. */
export function writeRevisionHeader(out: ProtoWriter, revision: number): void {
  const mark = out.begin()
  out.number(3, revision)
  out.end(1, mark)
}

export function readHeader(input: ProtoReader): ResponseHeader {
  const outer = input.enter()
  let { clusterId, memberId, revision, raftTerm } = emptyHeader
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        clusterId = input.uint64()
        break
      case 2:
        memberId = input.uint64()
        break
      case 3:
        revision = input.number()
        break
      case 4:
        raftTerm = input.number()
        break
      default:
        input.skip()
    }
  }
  input.leave(outer)
  return { clusterId, memberId, revision, raftTerm }
}

export function writeKeyValue(out: ProtoWriter, field: number, kv: KeyValue): void {
  const mark = out.begin()
  out.bigint(6, kv.lease)
  out.bytes(5, kv.value)
  out.number(4, kv.version)
  out.number(3, kv.modRevision)
  out.number(2, kv.createRevision)
  out.bytes(1, kv.key)
  out.end(field, mark)
}

function readKeyValue(input: ProtoReader): KeyValue {
  const outer = input.enter()
  let key = noBytes
  let createRevision = 0
  let modRevision = 0
  let version = 0
  let value = noBytes
  let lease = 0n
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        key = input.bytes()
        break
      case 2:
        createRevision = input.number()
        break
      case 3:
        modRevision = input.number()
        break
      case 4:
        version = input.number()
        break
      case 5:
        value = input.bytes()
        break
      case 6:
        lease = input.int64()
        break
      default:
        input.skip()
    }
  }
  input.leave(outer)
  return { key, createRevision, modRevision, version, value, lease }
}

function writeKeyValues(out: ProtoWriter, field: number, kvs: readonly KeyValue[]): void {
  for (let i = kvs.length - 1; i >= 0; i--) {
    const kv = kvs[i]
    if (kv !== undefined) writeKeyValue(out, field, kv)
  }
}

/** Everything of a RangeResponse after its header. */
export function writeRangeResult(out: ProtoWriter, result: Pick<RangeResult, 'kvs' | 'more' | 'count'>): void {
  out.number(4, result.count)
  out.flag(3, result.more)
  writeKeyValues(out, 2, result.kvs)
}

export function readRangeResponse(input: ProtoReader): RangeResponse {
  let header = emptyHeader
  const kvs: KeyValue[] = []
  let more = false
  let count = 0
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        header = readHeader(input)
        break
      case 2:
        kvs.push(readKeyValue(input))
        break
      case 3:
        more = input.flag()
        break
      case 4:
        count = input.number()
        break
      default:
        input.skip()
    }
  }
  return { type: 'range', header, kvs, more, count }
}

/** Everything of a PutResponse after its header. */
export function writePutResult(out: ProtoWriter, prevKv: KeyValue | undefined): void {
  if (prevKv !== undefined) writeKeyValue(out, 2, prevKv)
}

export function readPutResponse(input: ProtoReader): PutResponse {
  let header = emptyHeader
  let prevKv: KeyValue | undefined
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) header = readHeader(input)
    else if (field === 2) prevKv = readKeyValue(input)
    else input.skip()
  }
  return { type: 'put', header, prevKv }
}

/** Everything of a DeleteRangeResponse after its header. */
export function writeDeleteRangeResult(out: ProtoWriter, result: Pick<DeleteRangeResult, 'deleted' | 'prevKvs'>): void {
  writeKeyValues(out, 3, result.prevKvs)
  out.number(2, result.deleted)
}

export function readDeleteRangeResponse(input: ProtoReader): DeleteRangeResponse {
  let header = emptyHeader
  let deleted = 0
  const prevKvs: KeyValue[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        header = readHeader(input)
        break
      case 2:
        deleted = input.number()
        break
      case 3:
        prevKvs.push(readKeyValue(input))
        break
      default:
        input.skip()
    }
  }
  return { type: 'deleteRange', header, deleted, prevKvs }
}

/**
 * Everything of a TxnResponse after its header. An operation's own header has the revision so far and nothing else; that
 * of a transaction in a transaction is there, and empty.
 */
export function writeTxnResult(out: ProtoWriter, result: Pick<TxnResult, 'succeeded' | 'responses'>): void {
  for (let i = result.responses.length - 1; i >= 0; i--) {
    const response = result.responses[i]
    if (response === undefined) continue
    const mark = out.begin()
    switch (response.type) {
      case 'range':
        writeRangeResult(out, response)
        writeRevisionHeader(out, response.revision)
        out.end(1, mark)
        break
      case 'put':
        writePutResult(out, response.prevKv)
        writeRevisionHeader(out, response.revision)
        out.end(2, mark)
        break
      case 'deleteRange':
        writeDeleteRangeResult(out, response)
        writeRevisionHeader(out, response.revision)
        out.end(3, mark)
        break
      case 'txn':
        writeTxnResult(out, response)
        out.element(1, noBytes)
        out.end(4, mark)
        break
    }
    out.end(3, mark)
  }
  out.flag(2, result.succeeded)
}

export function readTxnResponse(input: ProtoReader, depth = 1): TxnResponse {
  if (depth > 130) throw new TooDeep('a response nests more than 130 levels')
  let header = emptyHeader
  let succeeded = false
  const responses: ResponseOp[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) header = readHeader(input)
    else if (field === 2) succeeded = input.flag()
    else if (field === 3) {
      const outer = input.enter()
      responses.push(readResponseOp(input, depth))
      input.leave(outer)
    } else input.skip()
  }
  return { type: 'txn', header, succeeded, responses }
}

function readResponseOp(input: ProtoReader, depth: number): ResponseOp {
  let op: ResponseOp
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field > 4) {
      input.skip()
      continue
    }
    const outer = input.enter()
    if (field === 1) op = readRangeResponse(input)
    else if (field === 2) op = readPutResponse(input)
    else if (field === 3) op = readDeleteRangeResponse(input)
    else op = readTxnResponse(input, depth + 1)
    input.leave(outer)
  }
  return op
}
