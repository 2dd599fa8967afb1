import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type protobuf from 'protobufjs'
import { EtcdClient } from '../testing/etcd-client.ts'
import { noLeader, OneNode } from '../testing/one-node.ts'
import { messageType, services } from '../testing/reference.ts'
import type { Plain } from '../testing/reference.ts'
import { Unknown } from 'synod'

// Goal: no request ends a server or reaches the log unless every member can apply it. Method: every field of every
// request at its extremes, random bytes, deep nesting; after each the server must still answer, and nothing unforeseen
// may have been logged.

let node: OneNode
let client: EtcdClient
beforeAll(async () => {
  node = await new OneNode().start()
  client = new EtcdClient(node.port)
})
afterAll(async () => {
  client.close()
  await node.stop()
})

interface Method {
  readonly path: string
  readonly request: protobuf.Type
}

function methods(): Method[] {
  return services().flatMap((service) => {
    const name = service.fullName.slice(1)
    const space = name.slice(0, name.lastIndexOf('.'))
    return service.methodsArray
      .filter((method) => method.name !== 'RangeStream')
      .map((method) => ({ path: `/${name}/${method.name}`, request: messageType(`${space}.${method.requestType}`) }))
  })
}

/** Codes that say what was wrong with the request, or that the method is not here yet. */
const defined = new Set([0, 3, 5, 8, 9, 11, 12, 13])

async function expectSurvival(path: string, bytes: Uint8Array): Promise<void> {
  const answer = await client.raw(path, bytes)
  expect(defined, `${path} ${Buffer.from(bytes).toString('hex').slice(0, 200)}`).toContain(
    answer instanceof Uint8Array ? 0 : answer.error.code,
  )
  expect(node.complaints).toEqual([])
}

/** Extreme values of one field, for its type. */
function extremes(field: protobuf.Field): unknown[] {
  field.resolve()
  if (field.resolvedType !== null && 'values' in field.resolvedType) return [-1, 9, 2 ** 31 - 1]
  switch (field.type) {
    case 'int64':
    case 'uint64':
      return ['-1', '9223372036854775807', '-9223372036854775808', '9007199254740993']
    case 'int32':
    case 'uint32':
      return [-1, 2 ** 31 - 1]
    case 'bytes':
      return [new Uint8Array(0), Uint8Array.of(0), new Uint8Array(100_000).fill(120)]
    case 'string':
      return ['', 'x'.repeat(10_000), '\u0000']
    case 'bool':
      return [true]
    default:
      return [{}]
  }
}

describe('extremes', () => {
  for (const { path, request } of methods()) {
    test(path, async () => {
      await expectSurvival(path, new Uint8Array(0))
      for (const field of request.fieldsArray) {
        for (const value of extremes(field)) {
          const message: Plain = { key: Uint8Array.of(97), [field.name]: field.repeated ? [value] : value }
          await expectSurvival(path, request.encode(request.create(message)).finish())
        }
      }
    })
  }

  test('every enum of every comparison and range in a transaction', async () => {
    const txn = messageType('TxnRequest')
    const key = Uint8Array.of(97)
    for (const strange of [-1, 9, 2 ** 31 - 1]) {
      const requests: Plain[] = [
        { compare: [{ key, target: strange }] },
        { compare: [{ key, result: strange }] },
        { compare: [{ key, target: 1, lease: '-1' }] },
        { success: [{ requestRange: { key, sortTarget: strange } }, { requestPut: { key } }] },
        { failure: [{ requestRange: { key, sortOrder: strange } }] },
        { failure: [{ requestRange: { key, limit: '-9223372036854775808', revision: '-1', minModRevision: '-1' } }] },
      ]
      for (const request of requests)
        await expectSurvival('/etcdserverpb.KV/Txn', txn.encode(txn.create(request)).finish())
    }
  })
})

test('random bytes in place of each request', async () => {
  const paths = methods().map(({ path }) => path)
  await fc.assert(fc.asyncProperty(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 80 }), expectSurvival), {
    numRuns: 150,
  })
})

describe('transactions in transactions', () => {
  function nested(levels: number): Uint8Array {
    // Written from the inside out: each level is a RequestOp with a TxnRequest, in the list of those to run.
    const parts: Uint8Array[] = []
    let length = 0
    for (let level = 0; level < levels; level++) {
      const inner = varint(length)
      const outer = varint(length + inner.length + 1)
      parts.push(Uint8Array.of(0x12, ...outer, 0x22, ...inner))
      length += inner.length + outer.length + 2
    }
    return new Uint8Array(Buffer.concat(parts.toReversed()))
  }
  function varint(value: number): number[] {
    return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
  }

  for (const levels of [127, 128, 129, 130, 200, 20_000, 150_000]) {
    test(`${levels} levels`, async () => {
      const answer = await client.raw('/etcdserverpb.KV/Txn', nested(levels))
      const code = answer instanceof Uint8Array ? 0 : answer.error
      expect(code).toEqual(levels <= 128 ? 0 : { code: 3, message: 'etcdserver: too many operations in txn request' })
    })
  }
})

test('what is no message is refused in grpc-go’s words', async () => {
  expect(await client.raw('/etcdserverpb.KV/Put', Uint8Array.of(0x0a, 5, 1))).toEqual({
    error: { code: 13, message: 'grpc: error unmarshalling request: unexpected EOF' },
  })
})

describe('what is not answered', () => {
  async function failing(failure: OneNode['replica']['failure'], op: string): Promise<unknown> {
    node.replica.failure = failure
    try {
      return await client.call(op, { key: 'YQ==' })
    } finally {
      node.replica.failure = undefined
    }
  }

  test('a write that found no leader, and a read', async () => {
    expect(await failing(noLeader, 'KV/Put')).toEqual({ error: { code: 14, message: 'etcdserver: no leader' } })
    expect(await failing(noLeader, 'KV/Range')).toEqual({
      error: { code: 14, message: 'etcdserver: request timed out' },
    })
  })

  test('a write whose outcome nobody knows', async () => {
    const unknown = new Unknown('no answer in time', { code: 'timeout' })
    expect(await failing(unknown, 'KV/Put')).toEqual({ error: { code: 14, message: 'etcdserver: request timed out' } })
  })

  test('who insists on a leader is told at once that there is none, who does not may read what is here', async () => {
    node.replica.leader = undefined
    try {
      const request = { key: 'YQ==', serializable: true }
      expect(await client.call('KV/Range', request, { hasleader: 'true' })).toEqual({
        error: { code: 14, message: 'etcdserver: no leader' },
      })
      expect(await client.call('KV/Range', request)).toHaveProperty('header')
      expect(await client.call('Maintenance/Status', {})).toMatchObject({ errors: ['etcdserver: no leader'] })
      expect(await client.call('Health/Check', {})).toEqual({ status: 'SERVING' })
    } finally {
      node.replica.leader = node.replica.self
    }
  })
})
