import { Writer } from 'synod'
import type { Unary } from 'synod/grpc'
import { checkDeleteRange, checkPut, checkRange, checkTxn, encodePut, isReadOnly, isSerializable } from 'synod/store'
import type { PutRequest, RangeRequest, StoreError, TxnRequest } from 'synod/store'
import { readCompaction, readDeleteRange, readPut, readRange, readTxn } from '../proto/kv-requests.ts'
import { writeRangeResult, writeTxnResult } from '../proto/kv-responses.ts'
import { ProtoReader } from '../proto/wire.ts'
import { ReadCall, WriteCall } from './calls.ts'
import { notForLearners, refuse, requestTooLarge } from './failures.ts'
import type { Status } from './failures.ts'
import type { Front } from './front.ts'

/**
 * etcdserverpb.KV. Whatever a client can get wrong is refused here, before it is proposed: what is decided must be
 * applied by every member, whatever it says.
 */
export class KvService {
  private readonly front: Front
  /** One buffer for all puts: the replica copies what it is given. */
  private readonly operation = new Writer()

  constructor(front: Front) {
    this.front = front
  }

  put(call: Unary, message: Uint8Array): void {
    const request = readPut(new ProtoReader(message))
    const refused = checkPut(request) ?? this.tooLarge(message) ?? this.alarmed(request)
    if (refused !== undefined) return refuse(call, refused)
    const { operation, front } = this
    operation.reset()
    encodePut(operation, request)
    front.replica.submit(operation.control.subarray(0, operation.length), new WriteCall(front, call))
  }

  deleteRange(call: Unary, message: Uint8Array): void {
    const request = readDeleteRange(new ProtoReader(message))
    const refused = checkDeleteRange(request) ?? this.tooLarge(message)
    if (refused !== undefined) return refuse(call, refused)
    this.front.submit(request, new WriteCall(this.front, call))
  }

  txn(call: Unary, message: Uint8Array): void {
    const request = readTxn(new ProtoReader(message))
    const refused = checkTxn(request)
    if (refused !== undefined) return refuse(call, refused)
    if (isReadOnly(request)) return this.readOnlyTxn(call, message, request)
    const tooMuch = this.tooLarge(message) ?? this.alarmed(request)
    if (tooMuch !== undefined) return refuse(call, tooMuch)
    this.front.submit(request, new WriteCall(this.front, call))
  }

  compact(call: Unary, message: Uint8Array): void {
    const { revision, physical } = readCompaction(new ProtoReader(message))
    this.front.submit({ type: 'compact', revision, physical }, new WriteCall(this.front, call))
  }

  range(call: Unary, message: Uint8Array): void {
    const request = readRange(new ProtoReader(message))
    const refused = checkRange(request)
    if (refused !== undefined) return refuse(call, refused)
    if (request.serializable) return this.answerRange(call, request)
    if (this.front.isLearner) return refuse(call, notForLearners)
    // The message is gone when this returns; what waits keeps what it needs of it.
    const kept = { ...request, key: request.key.slice(), rangeEnd: request.rangeEnd.slice() }
    this.front.replica.read(new ReadCall(call, () => this.answerRange(call, kept)))
  }

  private answerRange(call: Unary, request: RangeRequest): void {
    const { front } = this
    const result = front.store.range(request)
    if (result.type === 'error') return refuse(call, result)
    front.answer(call, 'read', result, writeRangeResult)
  }

  /** It need not be ordered with the writes by the log: a linearizable read is enough. */
  private readOnlyTxn(call: Unary, message: Uint8Array, request: TxnRequest): void {
    const asks = request.success.length + request.failure.length
    // Comparisons alone cannot ask to be answered from what this member happens to know.
    if (asks > 0 && isSerializable(request)) return this.answerTxn(call, request)
    const kept = readTxn(new ProtoReader(message.slice()))
    this.front.replica.read(new ReadCall(call, () => this.answerTxn(call, kept)))
  }

  private answerTxn(call: Unary, request: TxnRequest): void {
    const { front } = this
    const result = front.store.read(request)
    if (result.type === 'error') return refuse(call, result)
    front.answer(call, 'read', result, writeTxnResult)
  }

  private tooLarge(message: Uint8Array): Status | undefined {
    return message.length > this.front.config.maxRequestBytes ? requestTooLarge : undefined
  }

  /** What an alarm forbids is refused at once; whoever has not heard of it yet finds out when it is applied. */
  private alarmed(request: PutRequest | TxnRequest): StoreError | undefined {
    return this.front.store.checkAlarms(request) ?? this.front.space.refuse(request)
  }
}
