import { assert } from 'synod'
import type { Failure } from 'synod'
import type { Unary } from 'synod/grpc'
import type { OperationResult, StoreContext, StoreError } from 'synod/store'
import { writeAlarms } from '../proto/alarm-messages.ts'
import { writeDeleteRangeResult, writePutResult, writeTxnResult } from '../proto/kv-responses.ts'
import { writeLeaseGrantResult } from '../proto/other-messages.ts'
import type { ProtoWriter } from '../proto/wire.ts'
import { failCall, refuse } from './failures.ts'
import type { Front } from './front.ts'

/** A write that waits to be decided and applied: nothing but whom to answer. */
export class WriteCall implements StoreContext {
  private readonly front: Front
  private readonly call: Unary

  constructor(front: Front, call: Unary) {
    this.front = front
    this.call = call
  }

  applied(result: OperationResult): void {
    if (result.type === 'error') return refuse(this.call, result)
    this.front.answer(this.call, 'write', result, writeResult)
  }

  readable(): void {
    assert(false, 'a write is answered when it is applied')
  }

  failed(failure: Failure): void {
    failCall(this.call, failure, 'write')
  }
}

/** A read that waits until the store is recent enough; then it runs, in the same turn. */
export class ReadCall implements StoreContext {
  private readonly call: Unary
  private readonly run: () => void

  constructor(call: Unary, run: () => void) {
    this.call = call
    this.run = run
  }

  applied(): void {
    assert(false, 'a read is answered when it is readable')
  }

  readable(): void {
    if (!this.call.cancelled) this.run()
  }

  failed(failure: Failure): void {
    failCall(this.call, failure, 'read')
  }
}

function writeResult(out: ProtoWriter, result: Exclude<OperationResult, StoreError>): void {
  switch (result.type) {
    case 'put':
      return writePutResult(out, result.prevKv)
    case 'deleteRange':
      return writeDeleteRangeResult(out, result)
    case 'txn':
      return writeTxnResult(out, result)
    case 'leaseGrant':
      return writeLeaseGrantResult(out, result.id, result.ttlSeconds)
    case 'alarm':
      return writeAlarms(out, result.alarm === undefined ? [] : [result.alarm])
    case 'compact':
    case 'leaseRevoke':
    case 'leaseExpire':
    case 'leaseLead':
    case 'nothing':
      return undefined
  }
}
