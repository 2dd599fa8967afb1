import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, encode } from '../testing/reference.ts'
import type { Plain } from '../testing/reference.ts'
import type * as Requests from 'synod/store'
import {
  readCompaction,
  readDeleteRange,
  readPut,
  readRange,
  readTxn,
  writeCompaction,
  writeDeleteRange,
} from './kv-requests.ts'
import { writePut, writeRange, writeTxn } from './kv-requests.ts'
import type { KeyValue } from 'synod/store'
import type { ResponseHeader } from './kv-responses.ts'
import { readDeleteRangeResponse, readPutResponse, readRangeResponse, readTxnResponse } from './kv-responses.ts'
import { writeDeleteRangeResult, writeHeader, writePutResult, writeRangeResult } from './kv-responses.ts'
import {
  readMemberAdd,
  readMemberAddResponse,
  readMemberId,
  readMembersResponse,
  readMemberUpdate,
  writeMember,
  writeMemberAdd,
  writeMemberUpdate,
} from './member-messages.ts'
import { readHealthCheck, readLeaseGrant, readLeaseRevoke, readStatusResponse } from './other-messages.ts'
import { writeLeaseGrantResult, writeStatusResult } from './other-messages.ts'
import { ProtoReader, ProtoWriter, TooDeep, TooLong, WireError } from './wire.ts'

// Goal: the hand-written codecs mean what the .proto files mean. Method: random messages through a second, reflective
// implementation that reads the committed interface files, in both directions.

function written(write: (out: ProtoWriter) => void): Uint8Array {
  const out = new ProtoWriter()
  write(out.reset())
  return out.finish().slice()
}

const someBytes = fc.uint8Array({ maxLength: 300 })
const safe = fc.oneof(fc.constant(0), fc.integer({ min: -200, max: 200 }), fc.maxSafeInteger())
const anyId = fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
const unsignedId = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const anyEnum = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(-1, 9, 2 ** 31 - 1, -(2 ** 31)))

const rangeRequest: fc.Arbitrary<Requests.RangeRequest> = fc.record({
  type: fc.constant('range'),
  key: someBytes,
  rangeEnd: someBytes,
  limit: safe,
  revision: safe,
  sortOrder: anyEnum,
  sortTarget: anyEnum,
  serializable: fc.boolean(),
  keysOnly: fc.boolean(),
  countOnly: fc.boolean(),
  minModRevision: safe,
  maxModRevision: safe,
  minCreateRevision: safe,
  maxCreateRevision: safe,
})
const putRequest: fc.Arbitrary<Requests.PutRequest> = fc.record({
  type: fc.constant('put'),
  key: someBytes,
  value: someBytes,
  lease: anyId,
  prevKv: fc.boolean(),
  ignoreValue: fc.boolean(),
  ignoreLease: fc.boolean(),
})
const deleteRequest: fc.Arbitrary<Requests.DeleteRangeRequest> = fc.record({
  type: fc.constant('deleteRange'),
  key: someBytes,
  rangeEnd: someBytes,
  prevKv: fc.boolean(),
})
const someOperand: fc.Arbitrary<Requests.CompareOperand> = fc.oneof(
  fc.record({ field: fc.constantFrom('version', 'createRevision', 'modRevision'), number: fc.integer({ min: 1 }) }),
  fc.record({ field: fc.constant('value'), bytes: someBytes }),
  fc.record({ field: fc.constant('lease'), id: anyId.filter((id) => id !== 0n) }),
)
const compare: fc.Arbitrary<Requests.Compare> = fc.record({
  result: anyEnum,
  target: anyEnum,
  key: someBytes,
  rangeEnd: someBytes,
  operand: fc.option(someOperand, { nil: undefined }),
})
const { txnRequest } = fc.letrec<{ txnRequest: Requests.TxnRequest; op: Requests.RequestOp }>((tie) => ({
  txnRequest: fc.record({
    type: fc.constant('txn'),
    compare: fc.array(compare, { maxLength: 3 }),
    success: fc.array(tie('op'), { maxLength: 3 }),
    failure: fc.array(tie('op'), { maxLength: 3 }),
  }),
  op: fc.oneof(
    { depthSize: 'small' },
    fc.constant(undefined),
    rangeRequest,
    putRequest,
    deleteRequest,
    tie('txnRequest'),
  ),
}))
const header: fc.Arbitrary<ResponseHeader> = fc.record({
  clusterId: unsignedId,
  memberId: unsignedId,
  revision: safe,
  raftTerm: fc.maxSafeNat(),
})
const keyValue: fc.Arbitrary<KeyValue> = fc.record({
  key: someBytes,
  createRevision: safe,
  modRevision: safe,
  version: safe,
  value: someBytes,
  lease: anyId,
})

/** Our message in the reference's words: 64-bit numbers as text, the tag away, a oneof's member under its own name. */
function inReferenceWords(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(inReferenceWords)
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'type')
      .map(([name, inner]) => [name, inReferenceWords(inner)]),
  )
}

const opNames = {
  range: 'requestRange',
  put: 'requestPut',
  deleteRange: 'requestDeleteRange',
  txn: 'requestTxn',
} as const

function txnInReferenceWords(txn: Requests.TxnRequest): Plain {
  const ops = (list: readonly Requests.RequestOp[]): Plain[] =>
    list.map((op) => {
      if (op === undefined) return {}
      return { [opNames[op.type]]: op.type === 'txn' ? txnInReferenceWords(op) : inReferenceWords(op) }
    })
  const compares = txn.compare.map(({ operand, ...rest }) => {
    if (operand === undefined) return inReferenceWords(rest)
    const value =
      operand.field === 'value' ? operand.bytes : operand.field === 'lease' ? String(operand.id) : operand.number
    return { ...(inReferenceWords(rest) as Plain), [operand.field]: value }
  })
  return { compare: compares, success: ops(txn.success), failure: ops(txn.failure) }
}

const runs = { numRuns: 150 }

describe('requests mean the same to the reference and to us, both ways', () => {
  const requests = [
    { name: 'RangeRequest', values: rangeRequest, read: readRange, write: writeRange },
    { name: 'PutRequest', values: putRequest, read: readPut, write: writePut },
    { name: 'DeleteRangeRequest', values: deleteRequest, read: readDeleteRange, write: writeDeleteRange },
    {
      name: 'CompactionRequest',
      values: fc.record({ revision: safe, physical: fc.boolean() }),
      read: readCompaction,
      write: writeCompaction,
    },
  ] as {
    name: string
    values: fc.Arbitrary<object>
    read: (input: ProtoReader) => object
    write: (out: ProtoWriter, value: object) => void
  }[]
  for (const { name, values, read, write } of requests) {
    test(name, () => {
      fc.assert(
        fc.property(values, (value) => {
          const words = inReferenceWords(value) as Plain
          expect(read(new ProtoReader(encode(name, words)))).toEqual(value)
          const ours = written((out) => write(out, value))
          expect(read(new ProtoReader(ours))).toEqual(value)
          expect(decode(name, ours)).toEqual(decode(name, encode(name, words)))
        }),
        runs,
      )
    })
  }

  test('TxnRequest, nested', () => {
    fc.assert(
      fc.property(txnRequest, (txn) => {
        const theirs = encode('TxnRequest', txnInReferenceWords(txn))
        expect(readTxn(new ProtoReader(theirs))).toEqual(txn)
        const ours = written((out) => writeTxn(out, txn))
        expect(readTxn(new ProtoReader(ours))).toEqual(txn)
        expect(decode('TxnRequest', ours)).toEqual(decode('TxnRequest', theirs))
      }),
      runs,
    )
  })

  test('LeaseGrantRequest, LeaseRevokeRequest, HealthCheckRequest', () => {
    fc.assert(
      fc.property(anyId, safe, fc.string({ unit: 'binary' }), (id, ttl, service) => {
        expect(readLeaseGrant(new ProtoReader(encode('LeaseGrantRequest', { ID: String(id), TTL: ttl })))).toEqual({
          id,
          ttl,
        })
        expect(readLeaseRevoke(new ProtoReader(encode('LeaseRevokeRequest', { ID: String(id) })))).toBe(id)
        expect(readHealthCheck(new ProtoReader(encode('grpc.health.v1.HealthCheckRequest', { service })))).toBe(service)
      }),
      runs,
    )
  })
})

describe('responses mean the same to the reference and to us, both ways', () => {
  test('RangeResponse, PutResponse, DeleteRangeResponse', () => {
    fc.assert(
      fc.property(header, fc.array(keyValue, { maxLength: 4 }), fc.boolean(), safe, (head, kvs, more, count) => {
        const words = { header: inReferenceWords(head), kvs: inReferenceWords(kvs), more, count }
        const range = written((out) => {
          writeRangeResult(out, { kvs, more, count })
          writeHeader(out, head)
        })
        expect(decode('RangeResponse', range)).toEqual(decode('RangeResponse', encode('RangeResponse', words)))
        expect(readRangeResponse(new ProtoReader(range))).toEqual({ type: 'range', header: head, kvs, more, count })

        const put = written((out) => {
          writePutResult(out, kvs[0])
          writeHeader(out, head)
        })
        expect(readPutResponse(new ProtoReader(put))).toEqual({ type: 'put', header: head, prevKv: kvs[0] })
        const deleted = written((out) => {
          writeDeleteRangeResult(out, { deleted: count, prevKvs: kvs })
          writeHeader(out, head)
        })
        const deletedWords = { header: words.header, deleted: count, prevKvs: words.kvs }
        expect(decode('DeleteRangeResponse', deleted)).toEqual(
          decode('DeleteRangeResponse', encode('DeleteRangeResponse', deletedWords)),
        )
        expect(readDeleteRangeResponse(new ProtoReader(deleted))).toMatchObject({ deleted: count, prevKvs: kvs })
      }),
      runs,
    )
  })

  test('TxnResponse is read as the reference writes it', () => {
    const kvs = [
      {
        key: new Uint8Array([1]),
        value: new Uint8Array([2]),
        lease: '7',
        version: 1,
        createRevision: 2,
        modRevision: 3,
      },
    ]
    const bytes = encode('TxnResponse', {
      header: { revision: 9 },
      succeeded: true,
      responses: [
        { responsePut: {} },
        { responseRange: { kvs, count: 1 } },
        { responseTxn: { responses: [{ responseDeleteRange: { deleted: 2 } }] } },
      ],
    })
    expect(readTxnResponse(new ProtoReader(bytes))).toMatchObject({
      succeeded: true,
      header: { revision: 9 },
      responses: [
        { type: 'put' },
        { type: 'range', count: 1, kvs: [{ lease: 7n, modRevision: 3 }] },
        { type: 'txn', succeeded: false, responses: [{ type: 'deleteRange', deleted: 2 }] },
      ],
    })
  })

  const text = fc.string({ unit: 'binary', maxLength: 20 })
  // An empty element of a list of texts has no meaning here and is never written.
  const texts = fc.array(
    text.filter((t) => t !== ''),
    { maxLength: 3 },
  )
  const member = fc.record({
    id: unsignedId,
    name: text,
    peerUrls: texts,
    clientUrls: texts,
    isLearner: fc.boolean(),
  })

  test('requests that change the membership, and MemberAddResponse', () => {
    fc.assert(
      fc.property(unsignedId, texts, fc.boolean(), (id, peerUrls, isLearner) => {
        const add = written((out) => writeMemberAdd(out, { peerUrls, isLearner }))
        expect(readMemberAdd(new ProtoReader(add))).toEqual({ peerUrls, isLearner })
        expect(decode('MemberAddRequest', add)).toEqual({ peerURLs: peerUrls, isLearner })
        const update = written((out) => writeMemberUpdate(out, { id, peerUrls }))
        expect(readMemberUpdate(new ProtoReader(update))).toEqual({ id, peerUrls })
        expect(decode('MemberUpdateRequest', update)).toEqual({ ID: String(id), peerURLs: peerUrls })
        for (const request of ['MemberRemoveRequest', 'MemberPromoteRequest']) {
          expect(readMemberId(new ProtoReader(encode(request, { ID: String(id) })))).toBe(id)
        }
        expect(readMemberId(new ProtoReader(encode('MoveLeaderRequest', { targetID: String(id) })))).toBe(id)
      }),
    )
    fc.assert(
      fc.property(header, member, fc.array(member, { maxLength: 3 }), (head, added, members) => {
        const bytes = written((out) => {
          for (const one of members.toReversed()) writeMember(out, 3, one)
          writeMember(out, 2, added)
          writeHeader(out, head)
        })
        expect(readMemberAddResponse(new ProtoReader(bytes))).toEqual({ header: head, member: added, members })
        expect(decode('MemberAddResponse', bytes)).toMatchObject({ member: { ID: String(added.id) } })
      }),
    )
  })

  test('StatusResponse, MemberListResponse, LeaseGrantResponse', () => {
    const status = fc.record({
      version: text,
      dbSize: safe,
      leader: unsignedId,
      raftIndex: safe.map(Math.abs),
      raftTerm: fc.maxSafeNat(),
      raftAppliedIndex: fc.maxSafeNat(),
      errors: texts,
      dbSizeInUse: safe,
      isLearner: fc.boolean(),
      storageVersion: text,
      dbSizeQuota: safe,
      phis: fc.array(fc.record({ id: unsignedId, phi: fc.nat(99_999).map((thousandths) => thousandths / 1000) })),
      engine: text,
      synodVersion: text,
    })
    fc.assert(
      fc.property(header, fc.array(member, { maxLength: 3 }), status, (head, members, values) => {
        const list = written((out) => {
          for (const one of members.toReversed()) writeMember(out, 2, one)
          writeHeader(out, head)
        })
        expect(readMembersResponse(new ProtoReader(list))).toEqual({ header: head, members })
        const listWords = members.map(({ id, name, peerUrls, clientUrls, isLearner }) => ({
          ID: String(id),
          name,
          peerURLs: peerUrls,
          clientURLs: clientUrls,
          isLearner,
        }))
        const theirs = encode('MemberListResponse', { header: inReferenceWords(head), members: listWords })
        expect(decode('MemberListResponse', list)).toEqual(decode('MemberListResponse', theirs))

        const bytes = written((out) => {
          writeStatusResult(out, values)
          writeHeader(out, head)
        })
        expect(readStatusResponse(new ProtoReader(bytes))).toEqual({ header: head, ...values })
        // What is not etcd's, etcd's clients skip.
        const { phis: _, ...known } = values
        expect(decode('StatusResponse', bytes)).toEqual(
          decode(
            'StatusResponse',
            encode('StatusResponse', {
              header: inReferenceWords(head),
              downgradeInfo: {},
              ...(inReferenceWords(known) as Plain),
            }),
          ),
        )
        const grant = written((out) => writeLeaseGrantResult(out, -5n, 60))
        expect(decode('LeaseGrantResponse', grant)).toMatchObject({ ID: '-5', TTL: '60' })
      }),
      { numRuns: 60 },
    )
  })
})

describe('what is no message, or more than one', () => {
  test('unknown fields of every wire type are skipped', () => {
    const unknown = Uint8Array.of(0xa0, 6, 1, 0xa1, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0xa2, 6, 2, 9, 9, 0xa5, 6, 1, 2, 3, 4)
    const put = { key: Uint8Array.of(1), value: Uint8Array.of(2) }
    const bytes = new Uint8Array([...unknown, ...encode('PutRequest', put), ...unknown])
    expect(readPut(new ProtoReader(bytes))).toMatchObject(put)
  })

  test('every truncation of a message is an error or a shorter message, never a read beyond its end', () => {
    const whole = encode('TxnRequest', {
      compare: [{ key: Uint8Array.of(1, 2), value: Uint8Array.of(3) }],
      success: [
        { requestPut: { key: Uint8Array.of(7), value: new Uint8Array(200) } },
        { requestTxn: { success: [{ requestRange: { key: Uint8Array.of(1) } }] } },
      ],
    })
    for (let length = 0; length < whole.length; length++) {
      try {
        readTxn(new ProtoReader(whole.subarray(0, length)))
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    }
  })

  test('random bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const read of [
          readTxn,
          readRange,
          readPut,
          readDeleteRange,
          readLeaseGrant,
          readHealthCheck,
          readStatusResponse,
          readTxnResponse,
        ]) {
          try {
            read(new ProtoReader(bytes))
          } catch (error) {
            if (!(error instanceof WireError)) throw error
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a length beyond the message, a number of 11 bytes, field 0 and a group are refused', () => {
    const refused = (...bytes: number[]): string => {
      try {
        readPut(new ProtoReader(Uint8Array.from(bytes)))
        return 'read'
      } catch (error) {
        return error instanceof WireError ? error.message : 'broken'
      }
    }
    expect(refused(0x0a, 5, 1)).toBe('unexpected EOF')
    expect(refused(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)).toBe('unexpected EOF')
    expect(refused(0x18, ...Array.from({ length: 10 }, () => 0xff), 1)).toBe('proto: integer overflow')
    expect(refused(0x00)).toBe('proto: illegal tag 0 (wire type 0)')
    expect(refused(0x3b)).toBe('proto: illegal wireType 3')
    expect(refused(0x08, 1)).toBe('proto: wrong wireType = 0, expected 2')
  })

  test('a transaction 20,000 levels deep is refused before it is descended into', () => {
    const out = new ProtoWriter()
    out.reset()
    for (let level = 0; level < 20_000; level++) {
      out.end(4, 0)
      out.end(2, 0)
    }
    expect(() => readTxn(new ProtoReader(out.finish()))).toThrow(TooDeep)
  })

  test('the writer grows, and forgets a buffer of many megabytes', () => {
    const out = new ProtoWriter()
    const large = new Uint8Array(9_000_000).fill(7)
    out.reset().bytes(1, large)
    expect(out.finish().length).toBe(large.length + 5)
    out.reset().number(3, 5)
    expect(out.finish()).toEqual(Uint8Array.of(0x18, 5))
    expect(out.finish().buffer.byteLength).toBeLessThan(10_000)
  })
})

test('an answer is as long as it may be, and not a byte longer', () => {
  const out = new ProtoWriter(5000).reset()
  out.raw(new Uint8Array(4999))
  out.flag(1, false)
  out.raw(Uint8Array.of(1))
  expect(out.finish()).toHaveLength(5000)
  expect(() => out.raw(Uint8Array.of(1))).toThrow(TooLong)
  expect(() => out.reset().raw(new Uint8Array(5001))).toThrow('larger than max (5001 vs. 5000)')
  out.reset().raw(Uint8Array.of(1, 2))
  expect(out.finish()).toEqual(Uint8Array.of(1, 2))
})
