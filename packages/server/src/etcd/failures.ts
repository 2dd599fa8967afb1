import type { Failure, RejectedDetail } from 'synod'
import { Rejected } from 'synod'
import type { Unary } from 'synod/grpc'
import { errors } from 'synod/store'

/** A gRPC status. Texts are part of the API: clients match on them. */
export interface Status {
  readonly code: number
  readonly message: string
}

const unavailable = 14
const resourceExhausted = 8

/** Refusals that this server gives by itself, in etcd's words. */
export const requestTooLarge: Status = { code: 3, message: 'etcdserver: request is too large' }
export const noLeader: Status = { code: unavailable, message: 'etcdserver: no leader' }

const timedOut: Status = { code: unavailable, message: 'etcdserver: request timed out' }

const rejections: Readonly<Record<RejectedDetail['code'], Status>> = {
  overloaded: { code: resourceExhausted, message: 'etcdserver: too many requests' },
  'no-space': errors.noSpace,
  'no-leader': noLeader,
  repairing: { code: unavailable, message: 'etcdserver: the log of this member is being repaired from its peers' },
  stopping: { code: unavailable, message: 'etcdserver: server stopped' },
}

/** The name of the trailer that tells apart what the codes of etcd do not: whether a write may have been applied. */
const outcome = 'synod-outcome'

/** Certainly not applied, now or later. */
export function refuse(call: Unary, { code, message }: Status): void {
  call.fail(code, message, { [outcome]: 'rejected' })
}

/** What a member answered instead of a result. */
export function failCall(call: Unary, failure: Failure, asked: 'read' | 'write'): void {
  if (failure instanceof Rejected) {
    // etcd says so of a read. Of a write it does not know; here, one that found no leader was certainly not applied.
    const waited = failure.detail.code === 'no-leader' && asked === 'read'
    return refuse(call, waited ? timedOut : rejections[failure.detail.code])
  }
  // Who reads may ask again whatever happened.
  const { message } = failure.detail.code === 'stopping' ? rejections.stopping : timedOut
  call.fail(unavailable, message, { [outcome]: asked === 'read' ? 'rejected' : 'unknown' })
}
