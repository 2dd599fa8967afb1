import { createServer, type Http2Server, type Settings, type ServerHttp2Stream } from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import { paths } from '../etcd-api.ts'
import { generate } from '../load.ts'
import { Message } from '../protobuf.ts'

// Goal: what the generator writes is HTTP/2, HPACK and gRPC as others read them. Method: Node's own server reads it.

let server: Http2Server | undefined

afterEach(() => server?.close())

interface Asked {
  readonly timeout: string
  readonly headers: string
  readonly key: string
  readonly valueBytes: number
}

/** A server that answers every call with a message, or without one. */
async function listening(
  answers: 'messages' | 'refusals',
  settings: Settings = {},
): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = []
  const made = createServer({ settings })
  server = made
  made.on('stream', (stream: ServerHttp2Stream, headers) => {
    const pieces: Buffer[] = []
    stream.on('data', (bytes: Buffer) => pieces.push(bytes))
    stream.on('end', () => {
      const message = new Message(Buffer.concat(pieces).subarray(5))
      const { ':path': path, 'content-type': type, 'user-agent': agent } = headers
      const timeout = String(headers['grpc-timeout'])
      asked.push({
        timeout,
        headers: `${path} ${type} ${String(headers['te'])} ${agent}`,
        key: message.text(1),
        valueBytes: message.bytes(2).length,
      })
      if (answers === 'refusals') return stream.respond({ 'grpc-status': '14' }, { endStream: true })
      stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]))
    })
  })
  await new Promise<void>((resolve) => void made.listen(0, '127.0.0.1', resolve))
  const address = made.address()
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, asked }
}

const plan = {
  operation: 'put',
  path: paths.put,
  connections: 2,
  streams: 4,
  requests: 600,
  keys: 100_000,
  valueBytes: 256,
  seed: 1,
} as const

test('every call is asked once, of keys that differ, with a timeout that changes, also when the table has turned over', async () => {
  const { port, asked } = await listening('messages')
  const { dataBytes, requestsPerSecond, p50Ms, p99Ms } = await generate({ ...plan, port })
  expect(asked).toHaveLength(600)
  expect(dataBytes).toBe(600 * 7)
  expect(new Set(asked.map(({ headers }) => headers))).toEqual(
    new Set(['/etcdserverpb.KV/Put application/grpc trailers synod-bench']),
  )
  expect(new Set(asked.map(({ timeout }) => timeout)).size).toBeGreaterThan(590)
  expect(asked.every(({ timeout }) => /^4\d{6}u$/.test(timeout))).toBe(true)
  expect(asked.every(({ key }) => /^k\d{7}$/.test(key))).toBe(true)
  expect(new Set(asked.map(({ key }) => key)).size).toBeGreaterThan(580)
  expect(asked.every(({ valueBytes }) => valueBytes === 256)).toBe(true)
  expect(requestsPerSecond).toBeGreaterThan(0)
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
})

test('in an open loop so many calls are asked a second', async () => {
  const { port, asked } = await listening('messages')
  const { requestsPerSecond } = await generate({ ...plan, requests: 100, rate: 500, port })
  expect(asked).toHaveLength(100)
  expect(requestsPerSecond).toBeLessThanOrEqual(505)
})

test('no more calls are open at once than the server takes: the others wait', async () => {
  const { port, asked } = await listening('messages', { maxConcurrentStreams: 2 })
  await generate({ ...plan, connections: 1, requests: 500, rate: 1_000_000, port })
  expect(asked).toHaveLength(500)
})

test('answers without a message are no answers', async () => {
  const { port } = await listening('refusals')
  await expect(generate({ ...plan, requests: 40, port })).rejects.toThrow('40 of 40 requests had no answer')
})
