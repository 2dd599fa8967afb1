import { Reader, Writer, Malformed } from '../../packages/synod/src/core/index.ts'
import { decodeOperation, encodeOperation, type Operation } from '../../packages/synod/src/store/operations.ts'
import * as kv from '../../packages/server/src/proto/kv-requests.ts'
import * as kvAnswers from '../../packages/server/src/proto/kv-responses.ts'
import * as members from '../../packages/server/src/proto/member-messages.ts'
import * as others from '../../packages/server/src/proto/other-messages.ts'
import { ProtoReader, ProtoWriter, WireError } from '../../packages/server/src/proto/wire.ts'
import {
  putOf,
  rangeOf,
  type CompareOperand,
  type DeleteRangeRequest,
  type RequestOp,
  type TxnRequest,
} from '../../packages/synod/src/store/requests.ts'
import { mutate, type Draw } from './draw.ts'
import { expecting, type Target } from './target.ts'

const decoders: readonly ((input: ProtoReader) => unknown)[] = [
  kv.readRange,
  kv.readPut,
  kv.readDeleteRange,
  (input) => kv.readTxn(input),
  kv.readCompaction,
  kvAnswers.readHeader,
  kvAnswers.readRangeResponse,
  kvAnswers.readPutResponse,
  kvAnswers.readDeleteRangeResponse,
  (input) => kvAnswers.readTxnResponse(input),
  members.readMemberAdd,
  members.readMemberUpdate,
  members.readMemberId,
  members.readMemberList,
  members.readMembersResponse,
  members.readMemberAddResponse,
  others.readLeaseGrant,
  others.readLeaseRevoke,
  others.readHashKv,
  others.readHealthCheck,
  others.readEmpty,
  others.readStatusResponse,
]

const key = new Uint8Array([107, 101, 121])
const rangeEnd = new Uint8Array([107, 101, 122])
const put = putOf(key, new Uint8Array(20).fill(7), { lease: 77n, prevKv: true })
const deletion: DeleteRangeRequest = { type: 'deleteRange', key, rangeEnd, prevKv: true }
const range = rangeOf(key, { rangeEnd, limit: 5, revision: 9, sortOrder: 2, sortTarget: 3, minModRevision: 1 })
const operands: readonly CompareOperand[] = [
  { field: 'version', number: 3 },
  { field: 'value', bytes: key },
  { field: 'lease', id: -1n },
]

function transaction(depth: number): TxnRequest {
  const inner: readonly RequestOp[] = depth > 0 ? [transaction(depth - 1)] : []
  const compare = operands.map((operand, i) => ({ result: i, target: i, key, rangeEnd, operand }))
  return { type: 'txn', compare, success: [put, range, ...inner], failure: [deletion, ...inner] }
}

function written(write: (out: ProtoWriter) => void): Uint8Array {
  const out = new ProtoWriter()
  write(out)
  return Uint8Array.from(out.finish())
}

function operation(of: Operation): Uint8Array {
  const out = new Writer(256)
  encodeOperation(out, of)
  return out.control.slice(0, out.length)
}

const member = { id: 5n, name: 'm', peerUrls: ['http://a:1'], clientUrls: ['http://a:2'], isLearner: true }
const bodies: readonly Uint8Array[] = [
  written((out) => kv.writeRange(out, range)),
  written((out) => kv.writePut(out, put)),
  written((out) => kv.writeDeleteRange(out, deletion)),
  written((out) => kv.writeTxn(out, transaction(2))),
  written((out) => kv.writeCompaction(out, { revision: 7, physical: true })),
  written((out) => members.writeMemberAdd(out, { peerUrls: ['http://a:1', ''], isLearner: true })),
  written((out) => members.writeMemberUpdate(out, { id: 5n, peerUrls: ['http://a:1'] })),
  written((out) => members.writeMember(out, 2, member)),
  written((out) => kvAnswers.writeHeader(out, { ...kvAnswers.emptyHeader, revision: 9 })),
  written((out) => others.writeLeaseGrantResult(out, 5n, 60)),
  written((out) => others.writeHashKvResult(out, 5, 6, 7)),
]
const operations: readonly Uint8Array[] = [
  operation(put),
  operation(deletion),
  operation(transaction(3)),
  operation({ type: 'compact', revision: 7, physical: true }),
  operation({ type: 'leaseGrant', id: 5n, ttlSeconds: 60 }),
]

/** Deep enough that a decoder that calls itself for each level would not come back. */
function nested(draw: Draw): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0)
  for (let depth = draw.below(3000); depth > 0; depth--) {
    const length = bytes.length
    const size = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, (length >> 7) & 0x7f]
    if (length > 0x3fff) break
    bytes = Buffer.concat([Uint8Array.of(draw.of([0x12, 0x22, 0x1a, 0x0a]), ...size), bytes])
  }
  return bytes
}

export const grpcBodies: Target = {
  about: 'gRPC bodies, and the operations of the store that are made of them',
  input(draw) {
    if (draw.chance(0.01)) return nested(draw)
    const kind = draw.below(10)
    if (kind === 0) return draw.bytes(draw.below(100))
    const corpus = kind < 4 ? operations : bodies
    return mutate(draw, draw.of(corpus), corpus)
  },
  run(input) {
    for (const decode of decoders)
      expecting(
        () => void decode(new ProtoReader(input)),
        (error) => error instanceof WireError,
      )
    expecting(
      () => void decodeOperation(new Reader(input)),
      (error) => error instanceof Malformed,
    )
  },
}
