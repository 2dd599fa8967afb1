import { assert } from 'synod'
import type { Failure } from 'synod'
import type { Unary } from 'synod/grpc'
import type { OperationResult, StoreContext, StoreError } from 'synod/store'
import { writeAlarms } from '../proto/alarm-messages.ts'
import { writeDeleteRangeResult, writePutResult, writeTxnResult } from '../proto/kv-responses.ts'
import { writeLeaseGrantResult } from '../proto/other-messages.ts'
import { TooLong } from '../proto/wire.ts'
import { failCall, failTooLong, refuse } from './failures.ts'
import type { Front } from './front.ts'

/**
 * What writing an answer threw. Whoever asks for more than can be sent is refused: the member, in whose turn this is, has done
 * nothing wrong.
 */
function failUnsendable(call: Unary, asked: 'read' | 'write', error: unknown): void {
  if (!(error instanceof TooLong)) throw error
  failTooLong(call, error.message, asked)
}

/** Answers a read at once. */
export function answerNow(call: Unary, answer: () => void): void {
  try {
    answer()
  } catch (error) {
    failUnsendable(call, 'read', error)
  }
}

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
    try {
      this.answer(result)
    } catch (error) {
      failUnsendable(this.call, 'write', error)
    }
  }

  private answer(result: Exclude<OperationResult, StoreError>): void {
    const { front } = this
    const out = front.out.reset()
    switch (result.type) {
      case 'put':
        writePutResult(out, result.prevKv)
        break
      case 'deleteRange':
        writeDeleteRangeResult(out, result)
        break
      case 'txn':
        writeTxnResult(out, result)
        break
      case 'leaseGrant':
        writeLeaseGrantResult(out, result.id, result.ttlSeconds)
        break
      case 'alarm':
        writeAlarms(out, result.alarm === undefined ? [] : [result.alarm])
        break
      case 'compact':
      case 'leaseRevoke':
      case 'leaseExpire':
      case 'leaseLead':
      case 'nothing':
        break
    }
    front.writeHeader(result.revision)
    this.call.respond(out.finish())
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
    if (!this.call.cancelled) answerNow(this.call, this.run)
  }

  failed(failure: Failure): void {
    failCall(this.call, failure, 'read')
  }
}
