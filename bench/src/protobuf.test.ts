import { expect, test } from 'vitest'
import { putRequest, rangeRequest, readMemberList, readRange, readStatus, readTxn, txnRequest } from './etcd-api.ts'
import { Message, MessageWriter } from './protobuf.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('integers are varints of 64 bits, negative ones in two s complement', () => {
  const bytes = new MessageWriter()
    .int(1, 300)
    .int(2, -2)
    .int(3, 0)
    .chosen(4, 0)
    .int(5, 2n ** 64n - 1n)
    .done()
  expect(hex(bytes)).toBe('08ac0210feffffffffffffffff01200028ffffffffffffffffff01')
  const message = new Message(bytes)
  expect([message.int(1), message.int(2), message.int(3), message.id(5)]).toEqual([300, -2, 0, 2n ** 64n - 1n])
})

test('the last of several equal fields counts, and all of them can be had', () => {
  const message = new Message(new MessageWriter().bytes(1, 'a').bytes(1, 'b').int(2, 1).int(2, 2).done())
  expect([message.text(1), message.all(1).length, message.int(2)]).toEqual(['b', 2, 2])
})

test('fields of fixed width are passed over', () => {
  expect(new Message(Uint8Array.from([9, 1, 2, 3, 4, 5, 6, 7, 8, 21, 1, 2, 3, 4, 24, 7])).int(3)).toBe(7)
})

test.each([
  ['a cut varint', [8, 128]],
  ['a varint of eleven bytes', [8, ...Array.from({ length: 11 }, () => 255)]],
  ['a length beyond the end', [10, 5, 1]],
  ['a group', [11]],
])('%s is refused', (_what, bytes) => {
  expect(() => new Message(Uint8Array.from(bytes))).toThrow(Error)
})

// By hand, from the numbers in rpc.proto.
test('requests have the bytes of the wire format', () => {
  expect(hex(putRequest('k', 'v'))).toBe('0a016b120176')
  const range = rangeRequest({ key: 'k/', prefix: true, revision: 7, serializable: true })
  expect(hex(range)).toBe('0a026b2f12026b3020073801')
  const guarded = txnRequest({
    guard: { key: 'k', modRevision: 0 },
    success: [{ delete: 'k' }],
    failure: [{ range: { key: 'k' } }],
  })
  expect(hex(guarded)).toBe('0a0710021a016b300012051a030a016b1a050a030a016b')
})

test('answers are read by field number', () => {
  const header = new MessageWriter()
    .int(1, 5n)
    .int(2, 2n ** 63n)
    .int(3, 42)
    .int(4, 3)
    .done()
  const kv = new MessageWriter().bytes(1, 'k').int(2, 40).int(3, 41).int(4, 2).bytes(5, 'v').done()
  const range = new MessageWriter().message(1, header).message(2, kv).int(4, 1).done()
  const found = [{ key: 'k', value: 'v', createRevision: 40, modRevision: 41, version: 2 }]
  expect(readRange(range)).toEqual({ revision: 42, found, count: 1 })
  const operation = new MessageWriter().message(1, range).done()
  const txn = new MessageWriter().message(1, header).int(2, true).message(3, operation).done()
  expect(readTxn(txn)).toEqual({ revision: 42, succeeded: true, ranges: [{ revision: 42, found, count: 1 }] })
  const status = new MessageWriter().message(1, header).bytes(2, '3.6.0').int(4, 7).int(6, 3).done()
  expect(readStatus(status)).toEqual({ memberId: 2n ** 63n, revision: 42, leader: 7n, raftTerm: 3, version: '3.6.0' })
  const member = new MessageWriter().int(1, 7).bytes(2, 'n1').bytes(3, 'http://n1:1').int(5, true).done()
  expect(readMemberList(new MessageWriter().message(1, header).message(2, member).done())).toEqual([
    { id: 7n, name: 'n1', peerUrls: ['http://n1:1'], isLearner: true },
  ])
})
