import { Message, MessageWriter } from './protobuf.ts'

/**
 * The few calls of etcd's API that the benchmarks and the chaos runs make, written down a second time on purpose: a
 * mistake in the server's own encoding must not be cancelled by the same mistake here.
 */
export const paths = {
  put: '/etcdserverpb.KV/Put',
  range: '/etcdserverpb.KV/Range',
  deleteRange: '/etcdserverpb.KV/DeleteRange',
  txn: '/etcdserverpb.KV/Txn',
  compact: '/etcdserverpb.KV/Compact',
  status: '/etcdserverpb.Maintenance/Status',
  hashKv: '/etcdserverpb.Maintenance/HashKV',
  memberList: '/etcdserverpb.Cluster/MemberList',
  memberAdd: '/etcdserverpb.Cluster/MemberAdd',
  memberRemove: '/etcdserverpb.Cluster/MemberRemove',
  memberPromote: '/etcdserverpb.Cluster/MemberPromote',
} as const

/** A key as a read shows it. */
export interface KeyValue {
  readonly key: string
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
}

/** What a read asks for. */
export interface RangeOptions {
  readonly key: string
  /** Every key that begins with `key`. */
  readonly prefix?: boolean
  readonly revision?: number
  readonly serializable?: boolean
  readonly countOnly?: boolean
  /** Only keys that were changed at exactly this revision. */
  readonly modRevision?: number
}

export type TxnOperation =
  | { readonly put: { readonly key: string; readonly value: string } }
  | { readonly delete: string }
  | { readonly range: RangeOptions }

/** Both branches, chosen by comparing one key's mod revision; without a guard `success` always runs. */
export interface TxnOptions {
  readonly guard?: { readonly key: string; readonly modRevision: number }
  readonly success: readonly TxnOperation[]
  readonly failure?: readonly TxnOperation[]
}

export interface RangeAnswer {
  readonly revision: number
  readonly found: readonly KeyValue[]
  readonly count: number
}

export interface TxnAnswer {
  readonly revision: number
  readonly succeeded: boolean
  /** The answers of the branch's reads, in order. */
  readonly ranges: readonly RangeAnswer[]
}

export interface StatusAnswer {
  readonly memberId: bigint
  readonly revision: number
  /** 0: none that it knows of. */
  readonly leader: bigint
  readonly raftTerm: number
  readonly version: string
}

export function putRequest(key: string, value: string): Uint8Array {
  return new MessageWriter().bytes(1, key).bytes(2, value).done()
}

export function rangeRequest(options: RangeOptions): Uint8Array {
  const out = new MessageWriter().bytes(1, options.key)
  if (options.prefix === true) out.bytes(2, prefixEnd(options.key))
  out.int(4, options.revision ?? 0)
  out.int(7, options.serializable ?? false)
  out.int(9, options.countOnly ?? false)
  if (options.modRevision !== undefined) out.int(10, options.modRevision).int(11, options.modRevision)
  return out.done()
}

export function deleteRequest(key: string): Uint8Array {
  return new MessageWriter().bytes(1, key).done()
}

const modRevisionTarget = 2

export function txnRequest({ guard, success, failure = [] }: TxnOptions): Uint8Array {
  const out = new MessageWriter()
  if (guard !== undefined) {
    const compare = new MessageWriter().int(2, modRevisionTarget).bytes(3, guard.key).chosen(6, guard.modRevision)
    out.message(1, compare.done())
  }
  for (const operation of success) out.message(2, requestOperation(operation))
  for (const operation of failure) out.message(3, requestOperation(operation))
  return out.done()
}

function requestOperation(operation: TxnOperation): Uint8Array {
  const out = new MessageWriter()
  if ('range' in operation) return out.message(1, rangeRequest(operation.range)).done()
  if ('put' in operation) return out.message(2, putRequest(operation.put.key, operation.put.value)).done()
  return out.message(3, deleteRequest(operation.delete)).done()
}

export function compactRequest(revision: number): Uint8Array {
  return new MessageWriter().int(1, revision).done()
}

export function hashKvRequest(revision: number): Uint8Array {
  return new MessageWriter().int(1, revision).done()
}

/** The revision of any answer's header. */
export function readRevision(bytes: Uint8Array): number {
  return new Message(bytes).message(1).int(3)
}

export function readRange(bytes: Uint8Array): RangeAnswer {
  return rangeAnswer(new Message(bytes))
}

export function readDeleted(bytes: Uint8Array): { revision: number; deleted: number } {
  const message = new Message(bytes)
  return { revision: message.message(1).int(3), deleted: message.int(2) }
}

export function readTxn(bytes: Uint8Array): TxnAnswer {
  const message = new Message(bytes)
  return {
    revision: message.message(1).int(3),
    succeeded: message.int(2) === 1,
    ranges: message.messages(3).flatMap((response) => response.messages(1).map(rangeAnswer)),
  }
}

export function readStatus(bytes: Uint8Array): StatusAnswer {
  const message = new Message(bytes)
  const header = message.message(1)
  return {
    memberId: header.id(2),
    revision: header.int(3),
    leader: message.id(4),
    raftTerm: message.int(6),
    version: message.text(2),
  }
}

export function readHashKv(bytes: Uint8Array): { hash: number; compactRevision: number } {
  const message = new Message(bytes)
  return { hash: message.int(2), compactRevision: message.int(3) }
}

/** A member as the list shows it. */
export interface MemberAnswer {
  readonly id: bigint
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly isLearner: boolean
}

/** As of all that was decided before it was asked. */
export function memberListRequest(): Uint8Array {
  return new MessageWriter().int(1, true).done()
}

export function memberAddRequest(peerUrl: string, isLearner: boolean): Uint8Array {
  return new MessageWriter().bytes(1, peerUrl).int(2, isLearner).done()
}

/** For MemberRemove and MemberPromote. */
export function memberIdRequest(id: bigint): Uint8Array {
  return new MessageWriter().int(1, id).done()
}

/** The id of the member that was added. */
export function readMemberAdd(bytes: Uint8Array): bigint {
  return new Message(bytes).message(2).id(1)
}

export function readMemberList(bytes: Uint8Array): MemberAnswer[] {
  return new Message(bytes).messages(2).map((member) => ({
    id: member.id(1),
    name: member.text(2),
    peerUrls: member.texts(3),
    isLearner: member.int(5) === 1,
  }))
}

function rangeAnswer(message: Message): RangeAnswer {
  const found = message.messages(2).map((kv) => ({
    key: kv.text(1),
    value: kv.text(5),
    createRevision: kv.int(2),
    modRevision: kv.int(3),
    version: kv.int(4),
  }))
  return { revision: message.message(1).int(3), found, count: message.int(4) }
}

/** The first key after all that begin with `prefix`, which ends in ASCII here. */
function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}
