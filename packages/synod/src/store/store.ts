import { assert, crc32, type Checksum } from '../core/index.ts'
import { Alarms } from './alarms.ts'
import type { Alarm } from './alarms.ts'
import { isReadOnly, takesSpace, txnKeysMax } from './checks.ts'
import { holds } from './compare.ts'
import { errors } from './errors.ts'
import type { StoreError } from './errors.ts'
import { interval, keyText } from './key-text.ts'
import type { KeyText } from './key-text.ts'
import { KeyTree } from './key-tree.ts'
import { Leases } from './leases.ts'
import type { Lease } from './leases.ts'
import type { AlarmOperation, LeaseExpireOperation, LeaseGrantOperation, Operation } from './operations.ts'
import { checkRevision, evaluateRange, keysFor } from './range.ts'
import type {
  DeleteRangeRequest,
  DeleteRangeResult,
  KeyValue,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResult,
} from './requests.ts'
import { Key, RevisionLog } from './revisions.ts'
import type { Change, Place } from './revisions.ts'
import { StateHash } from './state-hash.ts'

/** What the operations answer that are no requests for keys. `revision` is the store's after the operation. */
export type PlainResult =
  | { readonly type: 'compact' | 'leaseRevoke' | 'leaseLead' | 'nothing'; readonly revision: number }
  | { readonly type: 'leaseGrant'; readonly revision: number; readonly id: bigint; readonly ttlSeconds: number }
  /** The alarm that is on, or was; undefined: there was none. */
  | { readonly type: 'alarm'; readonly revision: number; readonly alarm: Alarm | undefined }
  /** false: the lease had gone, or had been granted or taken over anew, and lives on. */
  | { readonly type: 'leaseExpire'; readonly revision: number; readonly expired: boolean }

/** What applying an operation answers. */
export type OperationResult = PutResult | DeleteRangeResult | TxnResult | PlainResult | StoreError

/** Who hears of changes, as they are applied and before they are answered; it must not call the store's changing methods. */
export interface StoreObserver {
  /** All changes of one revision, in their order; a deletion has its key, its revision and version 0. */
  changed?(revision: number, changes: readonly KeyValue[]): void
  granted?(lease: Lease): void
  /** Revoked or expired. */
  ended?(lease: Lease): void
  /** Somebody asks how long a lease still runs. */
  asked?(id: bigint, question: bigint): void
  /** The leader answers a question. */
  told?(question: bigint, seconds: number): void
  /** Everything was replaced by a snapshot. */
  restored?(store: Store): void
}

/** Plain numbers that only grow, for whoever wants to know. */
export interface StoreTally {
  puts: number
  /** Ranges of keys that were deleted. */
  deletes: number
  ranges: number
  txns: number
}

/** A choice that a transaction's comparisons made, on every level, before any of its operations ran. */
interface Path {
  readonly succeeded: boolean
  readonly taken: readonly RequestOp[]
  /** For each operation in `taken` that is a transaction. */
  readonly nested: readonly (Path | undefined)[]
}

const noBytes = new Uint8Array(0)

/**
 * The replicated key-value state: every key with its revisions, as etcd's clients know it, in memory. A function of the
 * operations that were applied, in their order, and of nothing else. Requests are checked (checks.ts) before they are
 * proposed; what fails here depends on the state, and is answered, never thrown.
 */
export class Store {
  readonly keys: Map<KeyText, Key> = new Map()
  readonly tree: KeyTree<Key> = new KeyTree()
  readonly log: RevisionLog = new RevisionLog()
  readonly leases: Leases = new Leases()
  readonly alarms: Alarms = new Alarms()
  readonly checksum: Checksum
  observer: StoreObserver | undefined
  /** What was done to the keys, and asked of them, here. It is no part of the state. */
  tally: StoreTally = { puts: 0, deletes: 0, ranges: 0, txns: 0 }
  /** The newest revision; an empty store begins at 1. */
  revision = 1
  /** States before it can no longer be asked for; 0: all can. */
  compacted = 0
  /** Of the revision being made: how many changes, and the place of the first. */
  private changes = 0
  private firstChange: Place = 0
  /** The page of the log that reclaiming comes to next, on its way for the compaction `reclaiming`; undefined: at rest. */
  private reclaimAt: number | undefined
  private reclaiming = 0

  constructor(checksum: Checksum = crc32) {
    this.checksum = checksum
  }

  /** About what keys, values and all revisions not yet reclaimed take, in bytes: what a quota is compared with. */
  get sizeBytes(): number {
    return this.log.size
  }

  /** A checked range, of this very state. */
  range(request: RangeRequest): RangeResult | StoreError {
    this.tally.ranges++
    return evaluateRange(this, request, this.revision)
  }

  /** A checked transaction that is read-only. */
  read(txn: TxnRequest): TxnResult | StoreError {
    assert(isReadOnly(txn), 'a transaction that is not decided changes nothing')
    return this.txn(txn)
  }

  private txn(txn: TxnRequest): TxnResult | StoreError {
    this.tally.txns++
    const path = this.choose(txn)
    const error = this.checkPath(path)
    if (error !== undefined) return error
    return this.keysFor(path) > txnKeysMax ? errors.tooManyKeys : this.runPath(path)
  }

  /** Applies one decided operation. */
  apply(operation: Operation): OperationResult {
    const refused = this.checkAlarms(operation)
    if (refused !== undefined) return refused
    switch (operation.type) {
      case 'put':
        return this.commit(this.checkPut(operation) ?? this.put(operation))
      case 'deleteRange':
        return this.commit(this.deleteRange(operation))
      case 'txn':
        return this.commit(this.txn(operation))
      case 'compact':
        return this.compact(operation.revision)
      case 'leaseGrant':
        return this.grant(operation)
      case 'leaseRevoke': {
        const lease = this.leases.get(operation.id)
        if (lease === undefined) return errors.leaseNotFound
        this.end(lease)
        return { type: 'leaseRevoke', revision: this.revision }
      }
      case 'leaseExpire':
        return this.expire(operation)
      case 'leaseLead':
        this.leases.term = Math.max(this.leases.term, operation.term)
        return { type: 'leaseLead', revision: this.revision }
      case 'alarm':
        return this.alarm(operation)
      case 'leaseAsk':
        this.observer?.asked?.(operation.id, operation.question)
        return { type: 'nothing', revision: this.revision }
      case 'leaseTell':
        this.observer?.told?.(operation.question, operation.seconds)
        return { type: 'nothing', revision: this.revision }
      case 'nothing':
        return { type: 'nothing', revision: this.revision }
    }
  }

  /** Of a request whether the alarms that are on forbid it: asked before it is proposed, and again where it is applied. */
  checkAlarms(request: Operation): StoreError | undefined {
    const { noSpace, corrupt } = this.alarms
    if (!noSpace && !corrupt) return undefined
    switch (request.type) {
      case 'put':
      case 'txn':
      case 'leaseGrant':
        if (corrupt) return errors.corrupt
        return takesSpace(request) ? errors.noSpace : undefined
      case 'deleteRange':
      case 'compact':
      case 'leaseRevoke':
      case 'leaseExpire':
        // Nobody is to lose what may be the only sound copy.
        return corrupt ? errors.corrupt : undefined
      case 'leaseLead':
      case 'leaseAsk':
      case 'leaseTell':
      case 'alarm':
      case 'nothing':
        return undefined
    }
  }

  private alarm(operation: AlarmOperation): OperationResult {
    const { on, alarm, member, quotaBytes } = operation
    const changed = { alarm, member, quotaBytes }
    const found = on ? this.alarms.raise(changed) : this.alarms.clear(changed)
    return { type: 'alarm', revision: this.revision, alarm: found }
  }

  /** Closes the revision, if anything was changed. */
  private commit<Result>(result: Result): Result {
    if (this.changes > 0) {
      this.revision++
      const { changes, firstChange: first } = this
      this.changes = 0
      this.observer?.changed?.(
        this.revision,
        Array.from({ length: changes }, (_, i) => this.keyValue(first + i)),
      )
    }
    return result
  }

  private keyValue(place: Place): KeyValue {
    return this.log.pageOf(place).keyValue(place, true)
  }

  /** Where the revision being made, or else the store, is now: what an answer says, and a read inside a transaction sees. */
  private get revisionSoFar(): number {
    return this.changes > 0 ? this.revision + 1 : this.revision
  }

  // Keys

  private checkPut(request: PutRequest): StoreError | undefined {
    if ((request.ignoreValue || request.ignoreLease) && this.keys.get(keyText(request.key))?.exists !== true) {
      return errors.keyNotFound
    }
    return request.lease !== 0n && this.leases.get(request.lease) === undefined ? errors.leaseNotFound : undefined
  }

  private put(request: PutRequest): PutResult {
    this.tally.puts++
    const text = keyText(request.key)
    const key = this.keys.get(text) ?? new Key(text)
    const before = key.current
    const page = before === 0 ? undefined : this.log.pageOf(before)
    const modRevision = this.revision + 1
    const prevKv = request.prevKv ? page?.keyValue(before, true) : undefined
    this.change({
      key,
      modRevision,
      position: this.changes,
      createRevision: page?.createRevision(before) ?? modRevision,
      version: (page?.version(before) ?? 0) + 1,
      lease: request.ignoreLease ? (page?.lease(before) ?? 0n) : request.lease,
      value: request.ignoreValue ? (page?.value(before) ?? noBytes) : request.value,
    })
    return { type: 'put', revision: modRevision, prevKv }
  }

  private delete(key: Key): void {
    assert(key.exists, 'only what exists is deleted')
    const modRevision = this.revision + 1
    const position = this.changes
    this.change({ key, modRevision, position, createRevision: 0, version: 0, lease: 0n, value: noBytes })
  }

  private change(change: Change): void {
    const place = this.add(change)
    if (this.changes++ === 0) this.firstChange = place
  }

  /** The one way in which a key changes, here and in a restore: in the log, the tree and the leases. */
  add(change: Change): Place {
    const { key } = change
    const known = key.newest !== 0
    const existed = key.exists
    const leaseBefore = existed ? this.log.pageOf(key.newest).lease(key.newest) : 0n
    const place = this.log.append(change)
    if (!known) {
      this.keys.set(key.text, key)
      this.tree.insert(key)
    } else if (existed !== key.exists) {
      this.tree.recount(key.text, key.exists ? 1 : -1)
    }
    this.leases.move(key, leaseBefore, change.lease)
    return place
  }

  private deleteRange(request: DeleteRangeRequest): DeleteRangeResult {
    this.tally.deletes++
    const { start, end } = interval(request.key, request.rangeEnd)
    const doomed: Key[] = []
    if (request.rangeEnd.length === 0) {
      const key = this.keys.get(start)
      if (key?.exists === true) doomed.push(key)
    } else {
      this.tree.scanExisting(start, end, (key) => doomed.push(key) > 0)
    }
    const prevKvs: KeyValue[] = []
    for (const key of doomed) {
      if (request.prevKv) prevKvs.push(this.keyValue(key.newest))
      this.delete(key)
    }
    return { type: 'deleteRange', revision: this.revisionSoFar, deleted: doomed.length, prevKvs }
  }

  // Transactions: comparisons of all levels, then checks of all that will run, then what runs; so nothing is ever undone.

  private choose(txn: TxnRequest): Path {
    const succeeded = txn.compare.every((compare) => holds(this, compare))
    const taken = succeeded ? txn.success : txn.failure
    return { succeeded, taken, nested: taken.map((op) => (op?.type === 'txn' ? this.choose(op) : undefined)) }
  }

  private checkPath(path: Path): StoreError | undefined {
    for (const [i, op] of path.taken.entries()) {
      const error = this.checkOp(op, path.nested[i])
      if (error !== undefined) return error
    }
    return undefined
  }

  private checkOp(op: RequestOp, nested: Path | undefined): StoreError | undefined {
    if (op?.type === 'put') return this.checkPut(op)
    if (op?.type === 'range') return checkRevision(op.revision, this.revision, this.compacted)
    return nested === undefined ? undefined : this.checkPath(nested)
  }

  /** What a few hundred bytes ask for must not end every member that applies them. */
  private keysFor({ taken, nested }: Path): number {
    let keys = 0
    for (const [i, op] of taken.entries()) {
      const inner = nested[i]
      if (op?.type === 'range') keys += keysFor(this, op, this.revision)
      else if (inner !== undefined) keys += this.keysFor(inner)
    }
    return keys
  }

  private runPath(path: Path): TxnResult {
    const responses: ResponseOp[] = []
    for (const [i, op] of path.taken.entries()) {
      const response = this.runOp(op, path.nested[i])
      if (response !== undefined) responses.push(response)
    }
    return { type: 'txn', revision: this.revisionSoFar, succeeded: path.succeeded, responses }
  }

  private runOp(op: RequestOp, nested: Path | undefined): ResponseOp | undefined {
    switch (op?.type) {
      case 'put':
        return this.put(op)
      case 'deleteRange':
        return this.deleteRange(op)
      case 'range': {
        this.tally.ranges++
        const result = evaluateRange(this, op, this.revisionSoFar)
        assert(result.type === 'range', 'a range that was checked can be read')
        return result
      }
      case 'txn':
        return nested === undefined ? undefined : this.runPath(nested)
      case undefined:
        return undefined
    }
  }

  // Leases

  private grant({ id, ttlSeconds }: LeaseGrantOperation): OperationResult {
    const lease = this.leases.grant(id, ttlSeconds)
    if ('type' in lease) return lease
    this.observer?.granted?.(lease)
    return { type: 'leaseGrant', revision: this.revision, id, ttlSeconds }
  }

  private expire({ id, grantedAt, term }: LeaseExpireOperation): OperationResult {
    const lease = this.leases.get(id)
    const expired = lease !== undefined && lease.grantedAt === grantedAt && term >= this.leases.term
    if (expired) this.end(lease)
    return { type: 'leaseExpire', revision: this.revision, expired }
  }

  /** With all its keys, in one revision, in key order. */
  private end(lease: Lease): void {
    for (const key of lease.sortedKeys()) this.delete(key)
    this.commit(undefined)
    this.leases.end(lease)
    this.observer?.ended?.(lease)
  }

  // Compaction

  /** What can no longer be asked for is decided now; its memory comes back in the steps of `reclaim`. */
  private compact(revision: number): OperationResult {
    if (revision <= this.compacted) return errors.compacted
    if (revision > this.revision) return errors.futureRevision
    this.compacted = revision
    this.startReclaiming()
    return { type: 'compact', revision: this.revision }
  }

  private startReclaiming(): void {
    if (this.reclaimAt !== undefined) return
    this.reclaimAt = 0
    this.reclaiming = this.compacted
  }

  /** Reclaims up to `pages` of the log, of at most 1,024 revisions each. true: there is more to do, though not while the log is read. */
  reclaim(pages: number): boolean {
    for (let left = pages; this.reclaimAt !== undefined && left > 0 && !this.log.pinned; left--) {
      const page = this.log.page(this.reclaimAt++)
      if (page === undefined) {
        this.log.dropEmptyPages()
        this.reclaimAt = undefined
        if (this.reclaiming < this.compacted) this.startReclaiming()
      } else {
        this.log.reclaim(page, this.reclaiming, (key, place) => this.forget(key, place))
      }
    }
    return this.reclaimAt !== undefined
  }

  private forget(key: Key, place: Place): void {
    if (!key.forget(place)) return
    this.tree.remove(key.text)
    this.keys.delete(key.text)
  }

  // Comparing members

  /** A checksum of all that may still be read up to `revision` (the newest, if it is not positive): equal on all members. */
  hashKv(revision: number): StateHash | StoreError {
    const error = checkRevision(revision, this.revision, this.compacted)
    if (error !== undefined) return error
    return new StateHash(this, revision > 0 ? revision : this.revision)
  }
}
