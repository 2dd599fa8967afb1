import { afterAll, beforeAll, expect, test } from 'vitest'
import { askHttp } from '../testing/ask-http.ts'
import { EtcdClient } from '../testing/etcd-client.ts'
import { OneNode } from '../testing/one-node.ts'
import type { Json } from '../testing/transcript.ts'

// Goal: whoever asks for more than can be sent is refused, and no member ends. Method: transactions that read the same large values
// again and again.

let node: OneNode
let client: EtcdClient
afterAll(async () => {
  client.close()
  await node.stop()
})

const range = { key: 'YQ==', rangeEnd: 'Yw==' }
const asked = (serializable: boolean): Json[] =>
  Array.from({ length: 120 }, () => ({ requestRange: { ...range, serializable } }))
const tooLong = (bytesMax: number, code = 8): object => ({
  code,
  message: expect.stringMatching(`^grpc: trying to send message larger than max \\(\\d+ vs. ${bytesMax}\\)`),
})

beforeAll(async () => {
  node = await new OneNode().start()
  client = new EtcdClient(node.port)
  const value = Buffer.alloc(1_400_000).toString('base64')
  for (const key of ['YQ==', 'Yg==']) await client.call('KV/Put', { key, value })
})

test('pitfall W10: an answer that is too long is refused: of a read that is answered at once', async () => {
  expect(await client.call('KV/Txn', { success: asked(true) })).toEqual({ error: tooLong(260_046_848) })
})

test('pitfall W10: an answer that is too long is refused: of a write, which is applied: not with the code of those that certainly are not', async () => {
  const put = { requestPut: { key: 'eg==', value: 'eg==' } }
  expect(await client.call('KV/Txn', { success: [put, ...asked(false)] })).toEqual({
    error: tooLong(260_046_848, 13),
  })
  expect(await client.call('KV/Range', { key: 'eg==' })).toMatchObject({ count: '1' })
})

test('pitfall W10: an answer that is too long is refused: of the gateway, whose texts are longer', async () => {
  const body = JSON.stringify({ success: Array.from({ length: 12 }, () => ({ requestRange: range })) })
  const answer = await askHttp(node.port, 'POST', '/v3/kv/txn', body)
  expect([answer.status, JSON.parse(answer.text)]).toEqual([429, tooLong(33_554_432)])
  expect(answer.headers['synod-outcome']).toBe('rejected')
})
