import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EtcdClient } from '../testing/etcd-client.ts'
import { noLeader, OneNode } from '../testing/one-node.ts'
import { extremeRequests, extremeTransactions, methods, nested } from '../testing/hostile-requests.ts'
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

/** Codes that say what was wrong with the request, or that the method is not here yet. */
const defined = new Set([0, 3, 5, 8, 9, 11, 12, 13])

async function expectSurvival(path: string, bytes: Uint8Array): Promise<void> {
  const answer = await client.raw(path, bytes)
  expect(defined, `${path} ${Buffer.from(bytes).toString('hex').slice(0, 200)}`).toContain(
    answer instanceof Uint8Array ? 0 : answer.error.code,
  )
  expect(node.complaints).toEqual([])
}

describe('extremes', () => {
  for (const method of methods()) {
    const { path } = method
    test(path, async () => {
      for (const message of extremeRequests(method)) await expectSurvival(path, message)
    })
  }

  test('every enum of every comparison and range in a transaction', async () => {
    for (const message of extremeTransactions()) await expectSurvival('/etcdserverpb.KV/Txn', message)
  })
})

test('random bytes in place of each request', async () => {
  const paths = methods().map(({ path }) => path)
  await fc.assert(fc.asyncProperty(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 80 }), expectSurvival), {
    numRuns: 150,
  })
})

describe('transactions in transactions', () => {
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
