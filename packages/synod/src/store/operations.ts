import { Malformed, Reader, type Writer } from '../core/index.ts'
import { isAlarmType } from './alarms.ts'
import type { Alarm } from './alarms.ts'
import type {
  Compare,
  CompareOperand,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from './requests.ts'
import { compareResults, compareTargets, sortOrders, sortTargets } from './requests.ts'

/** Discards what a member's clients are no longer told about, up to a revision. */
export interface CompactOperation {
  readonly type: 'compact'
  readonly revision: number
  /** The client waits for the space; it has no say in what is decided. */
  readonly physical: boolean
}

export interface LeaseGrantOperation {
  readonly type: 'leaseGrant'
  /** Not 0: whoever proposes it has chosen one. */
  readonly id: bigint
  /** Already raised to the least that the cluster allows: every member grants what is written here. */
  readonly ttlSeconds: number
}

export interface LeaseRevokeOperation {
  readonly type: 'leaseRevoke'
  readonly id: bigint
}

/** The leader's clock says that a lease is over. */
export interface LeaseExpireOperation {
  readonly type: 'leaseExpire'
  readonly id: bigint
  /** Of the lease that is over: one of the same id that was granted since lives on. */
  readonly grantedAt: number
  /** The leader's. Without effect once the leader of a later term has taken over the leases: it gave them new time. */
  readonly term: number
}

/** The leader of `term` keeps the time of all leases from here on; what an earlier one says of their end no longer counts. */
export interface LeaseLeadOperation {
  readonly type: 'leaseLead'
  readonly term: number
}

/** A member asks how long a lease still runs, which its leader knows alone. It changes nothing. */
export interface LeaseAskOperation {
  readonly type: 'leaseAsk'
  readonly id: bigint
  /** Chosen by the one who asks, at random. */
  readonly question: bigint
}

/** The leader's answer: so many seconds, from when it was asked. It changes nothing. */
export interface LeaseTellOperation {
  readonly type: 'leaseTell'
  readonly question: bigint
  readonly seconds: number
}

/** An alarm goes on or off. */
export interface AlarmOperation extends Alarm {
  readonly type: 'alarm'
  readonly on: boolean
}

/** Changes nothing. */
export interface NothingOperation {
  readonly type: 'nothing'
}

/** What is replicated. */
export type Operation =
  | PutRequest
  | DeleteRangeRequest
  | TxnRequest
  | CompactOperation
  | LeaseGrantOperation
  | LeaseRevokeOperation
  | LeaseExpireOperation
  | LeaseLeadOperation
  | LeaseAskOperation
  | LeaseTellOperation
  | AlarmOperation
  | NothingOperation

/*
 * An operation is a byte, whose high half is the format and whose low half is the kind, and the fields of its kind in
 * the order of the encoders below. Numbers are little-endian; ids take eight bytes, signed numbers a sign (u8) and a u53,
 * bytes and lists come behind their length (u32). A command is a sequence of operations, each behind its length (u32).
 */

/** The high half of an operation's first byte. A member refuses the formats that it does not know. */
export const operationFormat = 1

/** The low half. Numbers are never used again. */
const kinds = {
  nothing: 0,
  put: 1,
  deleteRange: 2,
  txn: 3,
  compact: 4,
  leaseGrant: 5,
  leaseRevoke: 6,
  leaseExpire: 7,
  leaseLead: 8,
  /** In a transaction only. */
  range: 9,
  alarm: 10,
  leaseAsk: 11,
  leaseTell: 12,
} as const

const flags = { prevKv: 1, ignoreValue: 2, ignoreLease: 4, lease: 8 } as const
const rangeFlags = { serializable: 1, keysOnly: 2, countOnly: 4 } as const
const operands = { none: 0, version: 1, createRevision: 2, modRevision: 3, value: 4, lease: 5 } as const

/** A transaction spends at least one of 128 operations on each level: what is deeper was not checked by `checkTxn`. */
const depthMax = 128

function head(out: Writer, kind: number): void {
  out.u8((operationFormat << 4) | kind)
}

/** All 64 bits, signed or not. */
function writeId(out: Writer, id: bigint): void {
  out.u32(Number(BigInt.asUintN(32, id)))
  out.u32(Number(BigInt.asUintN(32, id >> 32n)))
}

/** A lease's id is signed in etcd's API. */
function readId(input: Reader): bigint {
  const low = input.u32()
  const high = input.u32()
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
}

/** A whole number with its sign; beyond 53 bits the greatest or least of them: no revision or limit is ever there. */
function writeNumber(out: Writer, value: number): void {
  const bounded = Math.min(Math.max(Math.trunc(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
  out.u8(bounded < 0 ? 1 : 0)
  out.u53(Math.abs(bounded))
}

function readNumber(input: Reader): number {
  const negative = input.flag()
  const magnitude = input.u53()
  return negative && magnitude > 0 ? -magnitude : magnitude
}

/** Appends one put: the operation that has to be fast. */
export function encodePut(out: Writer, put: PutRequest): void {
  head(out, kinds.put)
  out.u8(
    (put.prevKv ? flags.prevKv : 0) |
      (put.ignoreValue ? flags.ignoreValue : 0) |
      (put.ignoreLease ? flags.ignoreLease : 0) |
      (put.lease === 0n ? 0 : flags.lease),
  )
  if (put.lease !== 0n) writeId(out, put.lease)
  out.bytes(put.key)
  out.bytes(put.value)
}

function encodeDeleteRange(out: Writer, request: DeleteRangeRequest): void {
  head(out, kinds.deleteRange)
  out.u8(request.prevKv ? flags.prevKv : 0)
  out.bytes(request.key)
  out.bytes(request.rangeEnd)
}

function encodeRange(out: Writer, request: RangeRequest): void {
  head(out, kinds.range)
  out.u8(
    (request.serializable ? rangeFlags.serializable : 0) |
      (request.keysOnly ? rangeFlags.keysOnly : 0) |
      (request.countOnly ? rangeFlags.countOnly : 0),
  )
  out.u8(request.sortOrder)
  out.u8(request.sortTarget)
  out.bytes(request.key)
  out.bytes(request.rangeEnd)
  writeNumber(out, request.limit)
  writeNumber(out, request.revision)
  writeNumber(out, request.minModRevision)
  writeNumber(out, request.maxModRevision)
  writeNumber(out, request.minCreateRevision)
  writeNumber(out, request.maxCreateRevision)
}

function encodeOperand(out: Writer, operand: CompareOperand | undefined): void {
  if (operand === undefined) return out.u8(operands.none)
  out.u8(operands[operand.field])
  if (operand.field === 'value') out.bytes(operand.bytes)
  else if (operand.field === 'lease') writeId(out, operand.id)
  else writeNumber(out, operand.number)
}

function encodeTxn(out: Writer, txn: TxnRequest): void {
  head(out, kinds.txn)
  out.u32(txn.compare.length)
  for (const compare of txn.compare) {
    out.u8(compare.result)
    out.u8(compare.target)
    out.bytes(compare.key)
    out.bytes(compare.rangeEnd)
    encodeOperand(out, compare.operand)
  }
  for (const branch of [txn.success, txn.failure]) {
    out.u32(branch.length)
    for (const op of branch) encodeOp(out, op)
  }
}

function encodeOp(out: Writer, op: RequestOp): void {
  // `checkTxn` refuses an operation that asks for nothing; written, it is one that no decoder accepts.
  if (op === undefined) head(out, kinds.nothing)
  else if (op.type === 'range') encodeRange(out, op)
  else encodeOperation(out, op)
}

/** Appends an operation, which its `check…` has found to be sound. */
export function encodeOperation(out: Writer, operation: Operation): void {
  switch (operation.type) {
    case 'put':
      return encodePut(out, operation)
    case 'deleteRange':
      return encodeDeleteRange(out, operation)
    case 'txn':
      return encodeTxn(out, operation)
    case 'compact':
      head(out, kinds.compact)
      writeNumber(out, operation.revision)
      return out.flag(operation.physical)
    case 'leaseGrant':
      head(out, kinds.leaseGrant)
      writeId(out, operation.id)
      return out.u53(operation.ttlSeconds)
    case 'leaseRevoke':
      head(out, kinds.leaseRevoke)
      return writeId(out, operation.id)
    case 'leaseExpire':
      head(out, kinds.leaseExpire)
      writeId(out, operation.id)
      out.u53(operation.grantedAt)
      return out.u53(operation.term)
    case 'leaseLead':
      head(out, kinds.leaseLead)
      return out.u53(operation.term)
    case 'leaseAsk':
      head(out, kinds.leaseAsk)
      writeId(out, operation.id)
      return writeId(out, operation.question)
    case 'leaseTell':
      head(out, kinds.leaseTell)
      writeId(out, operation.question)
      return out.u53(operation.seconds)
    case 'alarm':
      head(out, kinds.alarm)
      out.flag(operation.on)
      out.u8(operation.alarm)
      writeId(out, operation.member)
      return out.u53(operation.quotaBytes)
    case 'nothing':
      return head(out, kinds.nothing)
  }
}

/**
 * Reads one operation; its bytes are views into what is read. Throws `Malformed` for what no `encode…` of this format
 * writes after its `check…`.
 */
export function decodeOperation(input: Reader): Operation {
  const operation = decodeKind(input, 0)
  if (operation.type === 'range') throw new Malformed('a range outside a transaction is never replicated')
  return operation
}

function decodeKind(input: Reader, depth: number): Operation | RangeRequest {
  const first = input.u8()
  if (first >>> 4 !== operationFormat) {
    throw new Malformed(`an operation of format ${first >>> 4}, this version reads format ${operationFormat}`)
  }
  switch (first & 0xf) {
    case kinds.put:
      return decodePut(input)
    case kinds.deleteRange: {
      const given = readFlags(input, flags.prevKv)
      return { type: 'deleteRange', key: readKey(input), rangeEnd: input.bytes(), prevKv: (given & flags.prevKv) !== 0 }
    }
    case kinds.txn:
      return decodeTxn(input, depth)
    case kinds.range:
      return decodeRange(input)
    case kinds.compact:
      return { type: 'compact', revision: readNumber(input), physical: input.flag() }
    case kinds.leaseGrant:
      return { type: 'leaseGrant', id: readLeaseId(input), ttlSeconds: input.u53() }
    case kinds.leaseRevoke:
      return { type: 'leaseRevoke', id: readId(input) }
    case kinds.leaseExpire:
      return { type: 'leaseExpire', id: readId(input), grantedAt: input.u53(), term: input.u53() }
    case kinds.leaseLead:
      return { type: 'leaseLead', term: input.u53() }
    case kinds.alarm:
      return decodeAlarm(input)
    case kinds.leaseAsk:
      return { type: 'leaseAsk', id: readId(input), question: readId(input) }
    case kinds.leaseTell:
      return { type: 'leaseTell', question: readId(input), seconds: input.u53() }
    case kinds.nothing:
      return { type: 'nothing' }
    default:
      throw new Malformed(`an operation of the unknown kind ${first & 0xf}`)
  }
}

function decodeAlarm(input: Reader): AlarmOperation {
  const on = input.flag()
  const alarm = input.u8()
  if (!isAlarmType(alarm)) throw new Malformed(`the unknown alarm ${alarm}`)
  return { type: 'alarm', on, alarm, member: BigInt.asUintN(64, readId(input)), quotaBytes: input.u53() }
}

function readFlags(input: Reader, known: number): number {
  const given = input.u8()
  if ((given & ~known) !== 0) throw new Malformed(`unknown flags ${given & ~known}`)
  return given
}

function readKey(input: Reader): Uint8Array {
  const key = input.bytes()
  if (key.length === 0) throw new Malformed('an operation on the empty key')
  return key
}

function readLeaseId(input: Reader): bigint {
  const id = readId(input)
  if (id === 0n) throw new Malformed('the lease 0, which stands for none')
  return id
}

const putFlags = flags.prevKv | flags.ignoreValue | flags.ignoreLease | flags.lease

function decodePut(input: Reader): PutRequest {
  const given = readFlags(input, putFlags)
  const lease = (given & flags.lease) === 0 ? 0n : readLeaseId(input)
  const key = readKey(input)
  const value = input.bytes()
  const ignoreValue = (given & flags.ignoreValue) !== 0
  const ignoreLease = (given & flags.ignoreLease) !== 0
  if (ignoreValue && value.length > 0) throw new Malformed('a put with a value that is to be ignored')
  if (ignoreLease && lease !== 0n) throw new Malformed('a put with a lease that is to be ignored')
  return { type: 'put', key, value, lease, prevKv: (given & flags.prevKv) !== 0, ignoreValue, ignoreLease }
}

function oneOf(value: number, known: Readonly<Record<string, number>>, what: string): number {
  if (!Object.values(known).includes(value)) throw new Malformed(`the unknown ${what} ${value}`)
  return value
}

function decodeRange(input: Reader): RangeRequest {
  const given = readFlags(input, rangeFlags.serializable | rangeFlags.keysOnly | rangeFlags.countOnly)
  return {
    type: 'range',
    serializable: (given & rangeFlags.serializable) !== 0,
    keysOnly: (given & rangeFlags.keysOnly) !== 0,
    countOnly: (given & rangeFlags.countOnly) !== 0,
    sortOrder: oneOf(input.u8(), sortOrders, 'sort order'),
    sortTarget: oneOf(input.u8(), sortTargets, 'sort target'),
    key: readKey(input),
    rangeEnd: input.bytes(),
    limit: readNumber(input),
    revision: readNumber(input),
    minModRevision: readNumber(input),
    maxModRevision: readNumber(input),
    minCreateRevision: readNumber(input),
    maxCreateRevision: readNumber(input),
  }
}

function decodeOperand(input: Reader): CompareOperand | undefined {
  const field = input.u8()
  switch (field) {
    case operands.none:
      return undefined
    case operands.version:
      return { field: 'version', number: readNumber(input) }
    case operands.createRevision:
      return { field: 'createRevision', number: readNumber(input) }
    case operands.modRevision:
      return { field: 'modRevision', number: readNumber(input) }
    case operands.value:
      return { field: 'value', bytes: input.bytes() }
    case operands.lease:
      return { field: 'lease', id: readId(input) }
    default:
      throw new Malformed(`a comparison with the unknown field ${field}`)
  }
}

function decodeTxn(input: Reader, depth: number): TxnRequest {
  if (depth >= depthMax) throw new Malformed(`transactions within transactions, more than ${depthMax} deep`)
  const compare: Compare[] = []
  for (let left = input.count(12); left > 0; left--) {
    compare.push({
      result: oneOf(input.u8(), compareResults, 'compare result'),
      target: oneOf(input.u8(), compareTargets, 'compare target'),
      key: readKey(input),
      rangeEnd: input.bytes(),
      operand: decodeOperand(input),
    })
  }
  return { type: 'txn', compare, success: decodeBranch(input, depth), failure: decodeBranch(input, depth) }
}

function decodeBranch(input: Reader, depth: number): RequestOp[] {
  const ops: RequestOp[] = []
  for (let left = input.count(1); left > 0; left--) {
    const op = decodeKind(input, depth + 1)
    switch (op.type) {
      case 'range':
      case 'put':
      case 'deleteRange':
      case 'txn':
        ops.push(op)
        break
      case 'compact':
      case 'leaseGrant':
      case 'leaseRevoke':
      case 'leaseExpire':
      case 'leaseLead':
      case 'leaseAsk':
      case 'leaseTell':
      case 'alarm':
      case 'nothing':
        throw new Malformed(`'${op.type}' inside a transaction`)
    }
  }
  return ops
}

/** A command's bytes: each operation behind its length. This appends one that is encoded already. */
export function appendOperation(command: Writer, operation: Uint8Array): void {
  command.bytes(operation)
}

/** Walks through a command's operations. A length that lies ends the walk: nothing after it can be told apart. */
export class Operations {
  private readonly reader: Reader
  private next = 0

  constructor(command: Uint8Array) {
    this.reader = new Reader(command)
  }

  get done(): boolean {
    return this.next >= this.reader.end
  }

  /** The next operation, or why its bytes are none. */
  take(): Operation | Malformed {
    const { reader } = this
    reader.at = this.next
    this.next = reader.end
    try {
      const length = reader.u32()
      if (length > reader.end - reader.at) {
        throw new Malformed(`an operation of ${length} bytes, ${reader.end - reader.at} are left`)
      }
      const end = reader.at + length
      this.next = end
      const operation = decodeOperation(reader)
      if (reader.at !== end) {
        throw new Malformed(`an operation of ${length} bytes ends after ${reader.at - end + length} of them`)
      }
      return operation
    } catch (error) {
      if (error instanceof Malformed) return error
      throw error
    }
  }
}
