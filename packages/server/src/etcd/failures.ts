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

export const invalidUrls: Status = { code: 3, message: 'etcdserver: given member URLs are invalid' }
export const memberNotFound: Status = { code: 5, message: 'etcdserver: member not found' }
export const urlTaken: Status = { code: 9, message: 'etcdserver: Peer URLs already exists' }
export const notLeader: Status = { code: 9, message: 'etcdserver: not leader' }
export const badTransferee: Status = { code: 9, message: 'etcdserver: bad leader transferee' }
export const slowTransfer: Status = {
  code: unavailable,
  message: 'etcdserver: request timed out, leader transfer took too long',
}
export const notForLearners: Status = { code: 9, message: 'etcdserver: rpc not supported for learner' }
export const wrongVersionFormat: Status = { code: 3, message: 'etcdserver: wrong downgrade target version format' }
export const invalidTargetVersion: Status = { code: 3, message: 'etcdserver: invalid downgrade target version' }
export const noDowngrade: Status = { code: 9, message: 'etcdserver: no inflight downgrade job' }
export const invalidAction: Status = { code: 3, message: 'etcdserver: invalid downgrade action' }
export const serverStopped: Status = { code: unavailable, message: 'etcdserver: server stopped' }

export const timedOut: Status = { code: unavailable, message: 'etcdserver: request timed out' }
const notEnough: Status = {
  code: 9,
  message: 'etcdserver: re-configuration failed due to not enough started members',
}

const rejections: Readonly<Record<RejectedDetail['code'], Status>> = {
  overloaded: { code: resourceExhausted, message: 'etcdserver: too many requests' },
  'no-space': errors.noSpace,
  'no-leader': noLeader,
  repairing: { code: unavailable, message: 'etcdserver: the log of this member is being repaired from its peers' },
  stopping: serverStopped,
  pending: timedOut,
  'too-early': timedOut,
  'unknown-member': memberNotFound,
  exists: { code: 9, message: 'etcdserver: member ID already exist' },
  'not-learner': { code: 9, message: 'etcdserver: can only promote a learner member' },
  'not-caught-up': {
    code: 9,
    message: 'etcdserver: can only promote a learner member which is in sync with leader',
  },
  'loses-quorum': notEnough,
  'no-voters': notEnough,
  'too-many-learners': { code: 9, message: 'etcdserver: too many learner members in cluster' },
  'lost-disk': { code: 9, message: 'etcdserver: another disk of this member takes part' },
  malformed: invalidUrls,
}

/** etcd's text alone would not say which members are missing. */
const explained: ReadonlySet<RejectedDetail['code']> = new Set(['loses-quorum', 'no-voters'])

/** The name of the trailer that tells apart what the codes of etcd do not: whether a write may have been applied. */
const outcome = 'synod-outcome'
/** And of the one with what etcd's texts have no room for: which numbers a refusal is about. */
const reason = 'synod-reason'

/** Certainly not applied, now or later. `why`: for people, beside the text that clients match on. */
export function refuse(call: Unary, { code, message }: Status, why?: string): void {
  const printable = why?.replaceAll(/[^ -~]/g, '?')
  call.fail(code, message, { [outcome]: 'rejected', ...(printable === undefined ? {} : { [reason]: printable }) })
}

/** How a read that failed is told of where nobody waits for a status. */
export function readFailure(failure: Failure): string {
  const known = failure instanceof Rejected && failure.detail.code !== 'no-leader'
  return (known ? rejections[failure.detail.code] : timedOut).message
}

/** What a member answered instead of a result. */
export function failCall(call: Unary, failure: Failure, asked: 'read' | 'write'): void {
  if (failure instanceof Rejected) {
    // etcd says so of a read. Of a write it does not know; here, one that found no leader was certainly not applied.
    const waited = failure.detail.code === 'no-leader' && asked === 'read'
    const { code } = failure.detail
    const { code: status, message } = waited ? timedOut : rejections[code]
    const text = explained.has(code) ? `${message}: ${failure.message}` : message
    return refuse(call, { code: status, message: text }, failure.message)
  }
  // Who reads may ask again whatever happened.
  const { message } = failure.detail.code === 'stopping' ? serverStopped : timedOut
  call.fail(unavailable, message, { [outcome]: asked === 'read' ? 'rejected' : 'unknown' })
}

/** A write has been applied all the same: whoever is not told its result has to look. */
export function answerTooLarge(call: Unary, asked: 'read' | 'write', bytesMax: number): void {
  const message = `the answer is larger than max (${bytesMax} bytes): ask for fewer keys at once, by a limit`
  call.fail(resourceExhausted, message, { [outcome]: asked === 'read' ? 'rejected' : 'unknown' })
}
