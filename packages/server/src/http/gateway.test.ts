import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Rejected, Unknown } from 'synod'
import type { Unary } from 'synod/grpc'
import { EtcdClient } from '../testing/etcd-client.ts'
import { noLeader, silent } from '../testing/one-node.ts'
import type { OneNode } from '../testing/one-node.ts'
import { httpLimitHits, startedNode } from '../testing/started-node.ts'
import { askHttp } from '../testing/ask-http.ts'
import { statusOf } from './status.ts'
import { Web } from './web.ts'

// Goal: whatever is said to the client port in HTTP/1.1 is answered or refused in order, beside gRPC, and ends nothing.
// Method: real connections, some of which do not keep to the rules; limits that are small or short.

const put = '{"key":"Zm9v","value":"YmFy"}'

/** Says something on a connection; answers what came back until it was closed, or until nothing came for a while. */
async function say(port: number, bytes: string, quietMs = 300): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const end = (closed: boolean): void => {
      socket.destroy()
      resolve({ text, closed })
    }
    socket.setTimeout(quietMs, () => end(false))
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', () => end(true))
    socket.on('end', () => end(true))
  })
}

function count(text: string, part: string): number {
  return text.split(part).length - 1
}

describe('the gateway', () => {
  test('it runs the handlers of gRPC: what one writes the other reads', async () => {
    const node = await startedNode()
    const client = new EtcdClient(node.port)
    await askHttp(node.port, 'POST', '/v3/kv/put', put)
    expect(await client.call('KV/Range', { key: 'Zm9v' })).toMatchObject({ kvs: [{ value: 'YmFy' }] })
    client.close()
  })

  test('pitfall W3: a write of which it is not known whether it was applied says so', async () => {
    const node = await startedNode()
    node.replica.failure = new Unknown('no answer in time', { code: 'timeout' })
    const unknown = await askHttp(node.port, 'POST', '/v3/kv/put', put)
    expect(unknown).toMatchObject({ status: 503, headers: { 'synod-outcome': 'unknown' } })
    expect(JSON.parse(unknown.text)).toEqual({ code: 14, message: 'etcdserver: request timed out' })
    node.replica.failure = new Rejected('too many', { code: 'overloaded' })
    const rejected = await askHttp(node.port, 'POST', '/v3/kv/put', put)
    expect(rejected).toMatchObject({ status: 429, headers: { 'synod-outcome': 'rejected' } })
  })

  test('metadata comes in headers: a token bare, the rest behind a prefix', async () => {
    const node = await startedNode()
    const seen: (string | undefined)[] = []
    const unary = (call: Unary): void => {
      seen.push(call.metadata('token'), call.metadata('hasleader'), call.metadata('nosuch'), call.path)
      call.fail(16, 'etcdserver: invalid auth token')
    }
    const routes = new Map([['/etcdserverpb.KV/Put', { unary }]])
    const web = new Web({ front: node.front, routes, messageBytesMax: 1e6, log: silent }, async () =>
      Promise.reject(new Error('nobody asks')),
    )
    const server = createServer((socket) => web.take(socket, new Uint8Array())).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = Object(server.address()) as { port: number }
    const headers = { 'Grpc-Metadata-HasLeader': 'true', authorization: 'abc.7' }
    expect(await askHttp(port, 'POST', '/v3/kv/put', put, headers)).toMatchObject({
      status: 401,
      text: '{"code":16,"message":"etcdserver: invalid auth token"}',
    })
    expect(seen).toEqual(['abc.7', 'true', undefined, '/etcdserverpb.KV/Put'])
    // What is not among the routes is not here yet.
    expect((await askHttp(port, 'POST', '/v3/kv/range', put)).status).toBe(501)
    await web.drain(0)
    server.close()
  })

  test('pitfall W4: a web page of somebody else cannot write', async () => {
    const node = await startedNode()
    for (const origin of ['http://evil.example', `http://127.0.0.1:${node.port}`, 'null']) {
      const headers = { origin, 'content-type': 'text/plain' }
      expect(await askHttp(node.port, 'POST', '/v3/kv/put', put, headers)).toMatchObject({ status: 403 })
    }
    expect(node.front.store.revision).toBe(1)
  })

  test('every code of gRPC has the status that etcd gives it', () => {
    expect(Array.from({ length: 18 }, (_, code) => statusOf(code))).toEqual([
      200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401, 500,
    ])
  })

  test('a handler that fails is answered, and logged', async () => {
    const node = await startedNode()
    Object.defineProperty(node.replica, 'submit', {
      value: () => {
        throw new Error('on purpose')
      },
    })
    const { status, text } = await askHttp(node.port, 'POST', '/v3/kv/put', put)
    expect({ status, text }).toEqual({ status: 500, text: '{"code":13,"message":"internal error"}' })
    expect(node.complaints.splice(0)).toEqual([expect.stringContaining('a handler failed')])
  })

  test('random bytes and JSON of the wrong shape end nothing', async () => {
    const node = await startedNode()
    const bodies = [
      '\0\xff\xfe',
      '[[[[',
      '{"compare":[null,1,"x"]}',
      '{"success":[{"request_put":7}]}',
      '"'.repeat(5000),
    ]
    for (const path of ['kv/range', 'kv/put', 'kv/txn', 'lease/grant', 'cluster/member/add', 'maintenance/hashkv']) {
      for (const body of bodies)
        expect((await askHttp(node.port, 'POST', `/v3/${path}`, body)).status).toBeLessThan(500)
    }
    expect((await askHttp(node.port, 'POST', '/v3/kv/put', put)).status).toBe(200)
    expect(node.complaints).toEqual([])
  })
})

describe('connections', () => {
  test('one is used again, and requests that come together are answered in their order', async () => {
    const node = await startedNode()
    const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`
    const { text, closed } = await say(node.port, ask('/readyz').repeat(20) + ask('/nope') + ask('/livez'))
    expect(closed).toBe(false)
    expect(count(text, 'HTTP/1.1 200')).toBe(21)
    expect(text.lastIndexOf('404')).toBeLessThan(text.lastIndexOf('200 OK'))
  })

  test('the first bytes are not lost, however they are cut', async () => {
    const node = await startedNode()
    const text = `POST /v3/kv/put HTTP/1.1\r\nhost: x\r\ncontent-length: ${put.length}\r\nconnection: close\r\n\r\n${put}`
    for (const cut of [1, 2, 3, 10, text.length - 3]) {
      const answer = await new Promise<string>((resolve) => {
        let got = ''
        const socket = connect(node.port, '127.0.0.1', () => {
          socket.write(text.slice(0, cut))
          setTimeout(() => socket.write(text.slice(cut)), 5)
        })
        socket.setNoDelay(true)
        socket.on('data', (chunk) => (got += chunk.toString()))
        socket.on('close', () => resolve(got))
      })
      expect(answer).toContain('HTTP/1.1 200 OK')
    }
  })

  test('what is no HTTP is told so, and closed', async () => {
    const node = await startedNode()
    // Who speaks TLS reads of it that this is none.
    expect(await say(node.port, '\x16\x03\x01\x02\x00\x01\x00')).toMatchObject({
      closed: true,
      text: expect.stringContaining('This port speaks plaintext: http:// is wanted.'),
    })
    for (const bytes of ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', 'GET\r\n\r\n']) {
      expect(await say(node.port, bytes)).toMatchObject({
        closed: true,
        text: expect.stringContaining('400 Bad Request'),
      })
    }
  })

  test('a HEAD says what a GET would, other methods are refused', async () => {
    const node = await startedNode()
    const get = await askHttp(node.port, 'GET', '/health')
    const head = await askHttp(node.port, 'HEAD', '/health')
    expect({ ...head, headers: { ...head.headers, date: '' } }).toEqual({
      ...get,
      text: '',
      headers: { ...get.headers, date: '' },
    })
    expect(await askHttp(node.port, 'DELETE', '/version')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
    expect((await askHttp(node.port, 'OPTIONS', '/v3/kv/put')).status).toBe(501)
  })

  test('draining answers what was asked, and closes what rests', async () => {
    const node = await startedNode()
    const agent = new Agent({ keepAlive: true })
    const closed = Promise.withResolvers<void>()
    await new Promise<void>((answered) => {
      request({ port: node.port, path: '/livez', agent }, (response) => response.resume().on('end', answered))
        .on('socket', (socket) => socket.on('close', closed.resolve))
        .end()
    })
    const last = askHttp(node.port, 'POST', '/v3/kv/put', put)
    await new Promise<void>((resolve) => {
      const { replica } = node
      const submit = replica.submit.bind(replica)
      replica.submit = (...one) => {
        void node.web.drain(1000)
        resolve()
        setTimeout(() => submit(...one), 50)
      }
    })
    await closed.promise
    expect(await last).toMatchObject({ status: 200, headers: { connection: 'close' } })
  })
})

describe('limits', () => {
  test('pitfall W8: a body that is too large is refused, whether its length was announced or not', async () => {
    const node = await startedNode({ maxRequestBytes: 2048 })
    const large = 'x'.repeat(3_000_000)
    const told = await askHttp(node.port, 'POST', '/v3/kv/put', large)
    expect(told).toMatchObject({ status: 413, contentType: 'application/json' })
    expect(JSON.parse(told.text)).toMatchObject({
      code: 8,
      message: expect.stringContaining('larger than max (3000000 vs. '),
    })
    const chunked = await askHttp(node.port, 'POST', '/v3/kv/put', large, { 'transfer-encoding': 'chunked' })
    expect(chunked.status).toBe(413)
    const polite = await askHttp(node.port, 'POST', '/v3/kv/put', large, { expect: '100-continue' })
    expect(polite.status).toBe(413)
    expect(httpLimitHits(node)).toEqual({ http_body_bytes: 3 })
  })

  test('a message that is too large for gRPC too is refused in its words', async () => {
    const node = await startedNode({ maxRequestBytes: 1024 })
    const value = (bytes: number): string =>
      JSON.stringify({ key: 'eg==', value: Buffer.alloc(bytes).toString('base64') })
    const far = await askHttp(node.port, 'POST', '/v3/kv/put', value(530 * 1024))
    expect(far).toMatchObject({ status: 429, text: expect.stringContaining('grpc: received message larger than max') })
    const near = await askHttp(node.port, 'POST', '/v3/kv/put', value(2048))
    expect(near).toMatchObject({ status: 400, text: expect.stringContaining('etcdserver: request is too large') })
  })

  test('bodies that are arriving share their memory', async () => {
    const node = await startedNode({}, { bodiesBytesMax: 100_000 })
    const { status } = await askHttp(node.port, 'POST', '/v3/kv/put', 'x'.repeat(200_000))
    expect({ status, counted: httpLimitHits(node) }).toEqual({ status: 429, counted: { http_bodies_bytes: 1 } })
    expect((await askHttp(node.port, 'POST', '/v3/kv/put', put)).status).toBe(200)
  })

  test('pitfall W8: a head or a body that does not end is not waited for', async () => {
    const node = await startedNode({}, { headersTimeoutMs: 100, bodyTimeoutMs: 100 })
    expect((await say(node.port, 'GET /livez HT', 5000)).closed).toBe(true)
    expect(
      (await say(node.port, 'POST /v3/kv/put HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n{', 5000)).closed,
    ).toBe(true)
    expect(httpLimitHits(node)).toEqual({ http_headers_timeout: 1, http_body_timeout: 1 })
  })

  test('a connection that rests is closed', async () => {
    const node = await startedNode({}, { keepAliveTimeoutMs: 100, headersTimeoutMs: 100 })
    const answered = await say(node.port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n', 5000)
    expect(answered).toMatchObject({ closed: true, text: expect.stringContaining('200 OK') })
  })

  test('heads are bounded', async () => {
    const node = await startedNode()
    const head = 'GET /livez HTTP/1.1\r\nhost: x\r\n'
    for (const more of [`x: ${'y'.repeat(20_000)}`, 'x: y\r\n'.repeat(5000)]) {
      expect((await say(node.port, `${head}${more}\r\n\r\n`)).text).toContain(' 431 ')
    }
  })

  test('so many requests of one connection may wait for their answers', async () => {
    const node = await startedNode({}, { pipelinedMax: 8 })
    const { text, closed } = await say(node.port, 'GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(100))
    expect({ ok: count(text, ' 200 OK'), refused: count(text, ' 429 '), closed }).toEqual({
      ok: 8,
      refused: 1,
      closed: true,
    })
  })

  test('so many connections may there be, in all and from one address', async () => {
    const held = async (node: OneNode): Promise<number> => {
      const sockets = Array.from({ length: 5 }, () => connect(node.port, '127.0.0.1'))
      let refused = 0
      for (const socket of sockets) {
        socket.on('data', (chunk) => void (refused += count(chunk.toString(), ' 503 ')))
        socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n')
      }
      await sleep(100)
      for (const socket of sockets) socket.destroy()
      return refused
    }
    const few = await startedNode({}, { connectionsMax: 3 })
    expect({ refused: await held(few), counted: httpLimitHits(few) }).toEqual({
      refused: 2,
      counted: { http_connections: 2 },
    })
    const fewEach = await startedNode({}, { connectionsPerAddressMax: 4 })
    expect(await held(fewEach)).toBe(1)
    await sleep(50)
    // What is gone is forgotten.
    expect(await held(fewEach)).toBe(1)
    expect(httpLimitHits(fewEach)).toEqual({ http_connections_per_address: 2 })
  })
})

test('a call of the gateway that its client gives up is not answered, and counted so', async () => {
  const node = await startedNode()
  node.replica.failure = noLeader
  const asking = request({ port: node.port, method: 'POST', path: '/v3/kv/put' }).on('error', () => undefined)
  const submit = node.replica.submit.bind(node.replica)
  node.replica.submit = (...one) => {
    asking.destroy()
    setTimeout(() => submit(...one), 50)
  }
  asking.end(put)
  await sleep(120)
  expect(node.web.gateway.called).toMatchObject([{ path: '/etcdserverpb.KV/Put', started: 1 }])
  expect(node.web.gateway.called[0]?.handled[1]).toBe(1)
})
