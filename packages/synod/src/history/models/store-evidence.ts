import type { Call } from '../calls.ts'
import type { Change } from '../history.ts'
import type { Revision, StoreOperation, StoreRequest, StoreResponse, StoreResult } from './store-operations.ts'
import { contains } from './store-run.ts'

type StoreCall = Call<StoreOperation, StoreResult>

/**
 * What the answers and observations say of writes whose outcome is unknown. Each revision was made by one write; those
 * that no answered write made, up to the last that can matter, were made by unknown ones. So an unknown write that fits
 * into none of these gaps changed nothing that anybody saw, and is dropped; any other may fill only a gap, and only one
 * that was not observed with other content. (etcd patches its histories to the same end. Here a write's return is
 * never made up: it stays open, whatever was observed when: etcd#19303, #19579.)
 */
export function patch(all: readonly StoreCall[], firstRevision: number): readonly StoreCall[] {
  const calls = withoutIdleCompactions(all)
  const made = new Set<number>()
  const seen = new Map<number, readonly Change[]>()
  let newest = firstRevision
  for (const { operation, result, outcome } of calls) {
    if (outcome !== 'ok') continue
    if (operation.type === 'observe') for (const { revision, changes } of operation.seen) seen.set(revision, changes)
    if (result === undefined || result.type === 'error') continue
    newest = Math.max(newest, result.revision)
    if (hasWritten(result)) made.add(result.revision)
  }
  const gaps: number[] = []
  const last = lastThatMatters(calls, newest)
  for (let revision = firstRevision + 1; revision <= last; revision++) if (!made.has(revision)) gaps.push(revision)

  return mergeObservations(calls).flatMap((call) => {
    const { operation, result, outcome } = call
    if (outcome !== 'unknown' || result !== undefined || operation.type === 'compact') return [call]
    if (!isWriter(operation)) return []
    const revisions = gaps.filter((revision) => {
      const changes = seen.get(revision)
      return changes === undefined || canMake(operation, changes)
    })
    return revisions.length === 0 ? [] : [{ ...call, operation: { type: 'within', request: operation, revisions } }]
  })
}

/**
 * A compaction of unknown outcome is told of by refusals alone, and only by one of what it would have compacted, after it
 * was asked for. It helps to explain none for which an answered compaction is reason enough. Others only stand in the way
 * of what was answered later: there is no need for them to have happened.
 */
function withoutIdleCompactions(calls: readonly StoreCall[]): readonly StoreCall[] {
  const answered = calls.filter(({ result }) => result?.type === 'compact')
  const unexplained = calls.filter(
    (call) =>
      call.result?.type === 'error' &&
      call.result.error === 'compacted' &&
      !answered.some((compaction) => compaction.returned < call.invoked && explains(compaction, call)),
  )
  return calls.filter(
    (call) =>
      call.outcome !== 'unknown' ||
      call.operation.type !== 'compact' ||
      unexplained.some((refusal) => refusal.returned >= call.invoked && explains(call, refusal)),
  )
}

/** Whether what was refused may have been compacted so. Of a transaction nobody can say which branch was refused. */
function explains(compaction: StoreCall, { operation }: StoreCall): boolean {
  const through = compaction.operation.type === 'compact' ? compaction.operation.revision : 0
  if (operation.type === 'compact') return operation.revision <= through
  if (operation.type === 'get') return (operation.revision ?? 0) < through
  return compaction.outcome === 'unknown'
}

/**
 * The last revision whose making can matter to an answer. An answer that carries a revision cannot come after a later one
 * was made, unless it is a read of an older state, to which that makes no difference. An error carries none: which branch
 * of a transaction was refused may depend on any write, and what was compacted on a compaction of unknown outcome, of a
 * revision that nobody saw. (No write makes a revision that lies in the future of a state where it did not.)
 */
function lastThatMatters(calls: readonly StoreCall[], newest: number): number {
  const reachable =
    newest + calls.filter(({ operation, outcome }) => outcome === 'unknown' && isWriter(operation)).length
  const refused = calls.filter(({ outcome, result }) => outcome === 'ok' && result?.type === 'error')
  if (refused.some(({ operation }) => operation.type === 'txn')) return reachable
  if (!refused.some(({ result }) => result?.type === 'error' && result.error === 'compacted')) return newest
  return calls.reduce((last, { operation, outcome }) => {
    const isCompaction = outcome === 'unknown' && operation.type === 'compact' && operation.revision <= reachable
    return isCompaction ? Math.max(last, operation.revision) : last
  }, newest)
}

/** Whether the answer says that the revision that it carries was made by it. */
export function hasWritten(result: StoreResult): boolean {
  return result.type !== 'error' && result.type !== 'compact' && result.type !== 'observe' && isWrite(result)
}

function isWrite(response: StoreResponse): boolean {
  switch (response.type) {
    case 'get':
      return false
    case 'put':
      return true
    case 'delete':
      return response.deleted > 0
    case 'txn':
      return response.responses.some(isWrite)
  }
}

/** Whether it is a client's request that may make a revision. */
function isWriter(operation: StoreOperation): operation is StoreRequest {
  return (
    operation.type !== 'compact' && operation.type !== 'observe' && operation.type !== 'within' && canWrite(operation)
  )
}

function canWrite(request: StoreRequest): boolean {
  if (request.type === 'txn') return [...request.success, ...request.failure].some(canWrite)
  return request.type !== 'get'
}

function canMake(request: StoreRequest, changes: readonly Change[]): boolean {
  if (request.type === 'put' && changes.length !== 1) return false
  return changes.every((change) => canChange(request, change))
}

function canChange(request: StoreRequest, change: Change): boolean {
  switch (request.type) {
    case 'get':
      return false
    case 'put':
      return change.type === 'put' && change.key === request.key && change.value === request.value
    case 'delete':
      return change.type === 'delete' && contains(request.key, request.end, change.key)
    case 'txn':
      return [...request.success, ...request.failure].some((one) => canChange(one, change))
  }
}

/** What was seen at one instant, as from a log read at the end, is looked up in one walk through the revisions. */
function mergeObservations(calls: readonly StoreCall[]): readonly StoreCall[] {
  const seenAt = new Map<number, Revision[]>()
  for (const { operation, invoked } of calls) {
    if (operation.type !== 'observe') continue
    const seen = seenAt.get(invoked) ?? []
    seen.push(...operation.seen)
    seenAt.set(invoked, seen)
  }
  return calls.flatMap((call) => {
    const { operation, invoked } = call
    if (operation.type !== 'observe') return [call]
    const seen = seenAt.get(invoked)
    seenAt.delete(invoked)
    if (seen === undefined) return []
    if (seen.length === operation.seen.length) return [call]
    const revision = seen.reduce((most, one) => Math.max(most, one.revision), 0)
    return [{ ...call, operation: { type: 'observe', seen }, result: { type: 'observe', revision } }]
  })
}
