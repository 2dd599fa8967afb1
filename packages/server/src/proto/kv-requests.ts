import type {
  Compare,
  CompareOperand,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from 'synod/store'
import { noBytes, TooDeep } from './wire.ts'
import type { ProtoReader, ProtoWriter } from './wire.ts'

/** etcdserverpb.CompactionRequest */
export interface CompactionRequest {
  readonly revision: number
  readonly physical: boolean
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A RangeRequest of which nothing but the key is set. */
export function range(key: Uint8Array): Mutable<RangeRequest> {
  return {
    type: 'range',
    key,
    rangeEnd: noBytes,
    limit: 0,
    revision: 0,
    sortOrder: 0,
    sortTarget: 0,
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  }
}

export function readRange(input: ProtoReader): RangeRequest {
  const request = range(noBytes)
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        request.key = input.bytes()
        break
      case 2:
        request.rangeEnd = input.bytes()
        break
      case 3:
        request.limit = input.number()
        break
      case 4:
        request.revision = input.number()
        break
      case 5:
        request.sortOrder = input.enumeration()
        break
      case 6:
        request.sortTarget = input.enumeration()
        break
      case 7:
        request.serializable = input.flag()
        break
      case 8:
        request.keysOnly = input.flag()
        break
      case 9:
        request.countOnly = input.flag()
        break
      case 10:
        request.minModRevision = input.number()
        break
      case 11:
        request.maxModRevision = input.number()
        break
      case 12:
        request.minCreateRevision = input.number()
        break
      case 13:
        request.maxCreateRevision = input.number()
        break
      default:
        input.skip()
    }
  }
  return request
}

export function writeRange(out: ProtoWriter, request: RangeRequest): void {
  out.number(13, request.maxCreateRevision)
  out.number(12, request.minCreateRevision)
  out.number(11, request.maxModRevision)
  out.number(10, request.minModRevision)
  out.flag(9, request.countOnly)
  out.flag(8, request.keysOnly)
  out.flag(7, request.serializable)
  out.number(6, request.sortTarget)
  out.number(5, request.sortOrder)
  out.number(4, request.revision)
  out.number(3, request.limit)
  out.bytes(2, request.rangeEnd)
  out.bytes(1, request.key)
}

export function readPut(input: ProtoReader): PutRequest {
  let key = noBytes
  let value = noBytes
  let lease = 0n
  let prevKv = false
  let ignoreValue = false
  let ignoreLease = false
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        key = input.bytes()
        break
      case 2:
        value = input.bytes()
        break
      case 3:
        lease = input.int64()
        break
      case 4:
        prevKv = input.flag()
        break
      case 5:
        ignoreValue = input.flag()
        break
      case 6:
        ignoreLease = input.flag()
        break
      default:
        input.skip()
    }
  }
  return { type: 'put', key, value, lease, prevKv, ignoreValue, ignoreLease }
}

export function writePut(out: ProtoWriter, request: PutRequest): void {
  out.flag(6, request.ignoreLease)
  out.flag(5, request.ignoreValue)
  out.flag(4, request.prevKv)
  out.bigint(3, request.lease)
  out.bytes(2, request.value)
  out.bytes(1, request.key)
}

export function readDeleteRange(input: ProtoReader): DeleteRangeRequest {
  let key = noBytes
  let rangeEnd = noBytes
  let prevKv = false
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        key = input.bytes()
        break
      case 2:
        rangeEnd = input.bytes()
        break
      case 3:
        prevKv = input.flag()
        break
      default:
        input.skip()
    }
  }
  return { type: 'deleteRange', key, rangeEnd, prevKv }
}

export function writeDeleteRange(out: ProtoWriter, request: DeleteRangeRequest): void {
  out.flag(3, request.prevKv)
  out.bytes(2, request.rangeEnd)
  out.bytes(1, request.key)
}

function readCompare(input: ProtoReader): Compare {
  let result = 0
  let target = 0
  let key = noBytes
  let rangeEnd = noBytes
  let operand: CompareOperand | undefined
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        result = input.enumeration()
        break
      case 2:
        target = input.enumeration()
        break
      case 3:
        key = input.bytes()
        break
      case 4:
        operand = { field: 'version', number: input.number() }
        break
      case 5:
        operand = { field: 'createRevision', number: input.number() }
        break
      case 6:
        operand = { field: 'modRevision', number: input.number() }
        break
      case 7:
        operand = { field: 'value', bytes: input.bytes() }
        break
      case 8:
        operand = { field: 'lease', id: input.int64() }
        break
      case 64:
        rangeEnd = input.bytes()
        break
      default:
        input.skip()
    }
  }
  return { result, target, key, rangeEnd, operand }
}

const operandFields = {
  version: 4,
  createRevision: 5,
  modRevision: 6,
  value: 7,
  lease: 8,
} as const

function writeCompare(out: ProtoWriter, compare: Compare): void {
  const { operand } = compare
  out.bytes(64, compare.rangeEnd)
  // A member of a oneof is written even when it is zero: what was chosen matters. Zero and absent mean the same to a comparison.
  if (operand?.field === 'value') out.element(7, operand.bytes)
  else if (operand?.field === 'lease') out.bigint(8, operand.id)
  else if (operand !== undefined) out.number(operandFields[operand.field], operand.number)
  out.bytes(3, compare.key)
  out.number(2, compare.target)
  out.number(1, compare.result)
}

/**
 * A transaction in a transaction shares the limit of 128 operations with it, so one that lies deeper than this has too
 * many. It is not descended into: a message of a megabyte can nest 300,000 levels, more than any stack.
 */
const deepest = 130

export function readTxn(input: ProtoReader, depth = 1): TxnRequest {
  if (depth > deepest) throw new TooDeep(`a transaction nests more than ${deepest} levels`)
  const compare: Compare[] = []
  const success: RequestOp[] = []
  const failure: RequestOp[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field > 3) {
      input.skip()
      continue
    }
    const outer = input.enter()
    if (field === 1) compare.push(readCompare(input))
    else (field === 2 ? success : failure).push(readRequestOp(input, depth))
    input.leave(outer)
  }
  return { type: 'txn', compare, success, failure }
}

function readRequestOp(input: ProtoReader, depth: number): RequestOp {
  let op: RequestOp
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field > 4) {
      input.skip()
      continue
    }
    const outer = input.enter()
    if (field === 1) op = readRange(input)
    else if (field === 2) op = readPut(input)
    else if (field === 3) op = readDeleteRange(input)
    else op = readTxn(input, depth + 1)
    input.leave(outer)
  }
  return op
}

export function writeTxn(out: ProtoWriter, request: TxnRequest): void {
  for (const op of request.failure.toReversed()) writeRequestOp(out, 3, op)
  for (const op of request.success.toReversed()) writeRequestOp(out, 2, op)
  for (const compare of request.compare.toReversed()) {
    const mark = out.begin()
    writeCompare(out, compare)
    out.end(1, mark)
  }
}

function writeRequestOp(out: ProtoWriter, field: number, op: RequestOp): void {
  const mark = out.begin()
  if (op !== undefined) {
    const inner = out.begin()
    switch (op.type) {
      case 'range':
        writeRange(out, op)
        out.end(1, inner)
        break
      case 'put':
        writePut(out, op)
        out.end(2, inner)
        break
      case 'deleteRange':
        writeDeleteRange(out, op)
        out.end(3, inner)
        break
      case 'txn':
        writeTxn(out, op)
        out.end(4, inner)
        break
    }
  }
  out.end(field, mark)
}

export function readCompaction(input: ProtoReader): CompactionRequest {
  let revision = 0
  let physical = false
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) revision = input.number()
    else if (field === 2) physical = input.flag()
    else input.skip()
  }
  return { revision, physical }
}

export function writeCompaction(out: ProtoWriter, request: CompactionRequest): void {
  out.flag(2, request.physical)
  out.number(1, request.revision)
}
