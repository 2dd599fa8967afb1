import http2 from 'node:http2'
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Logger } from '../core/index.ts'
import { preface } from './frames.ts'
import { serve, type GrpcServer, type ServeOptions, type Unary } from './index.ts'
import { atEnd, closeAll, listening } from './sample-servers.ts'

const errors: string[] = []
const log: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (message) => void errors.push(message) }

afterEach(async () => {
  await closeAll()
  errors.length = 0
})

const routes: ServeOptions['routes'] = new Map([
  ['/test.Echo/Echo', { unary: (call: Unary, request: Uint8Array) => call.respond(request) }],
  [
    '/test.Echo/Later',
    {
      unary(call: Unary, request: Uint8Array) {
        const copy = request.slice()
        setTimeout(() => call.respond(copy), 5)
      },
    },
  ],
  ['/test.Echo/Fail', { unary: (call: Unary) => call.fail(9, 'müßig 100%', { 'synod-outcome': 'rejected' }) }],
  [
    '/test.Echo/Throw',
    {
      unary() {
        throw new Error('a defect')
      },
    },
  ],
  ['/test.Echo/Never', { unary: () => {} }],
  [
    '/test.Echo/Large',
    {
      unary: (call: Unary, request: Uint8Array) =>
        call.respond(new Uint8Array(Buffer.from(request).readUInt32BE()).fill(7)),
    },
  ],
  [
    '/test.Echo/Meta',
    {
      unary: (call: Unary) =>
        call.respond(
          Buffer.from(
            `${call.path} ${call.metadata('token')} ${call.metadata('none')} ${call.deadline} ${/^127\.0\.0\.1:\d+$/.test(call.peer)}`,
          ),
        ),
    },
  ],
])

async function start(options: Partial<ServeOptions> = {}): Promise<{ server: GrpcServer; port: number }> {
  return listening({ routes, log, ...options })
}

function session(port: number, options: http2.ClientSessionOptions = {}): http2.ClientHttp2Session {
  const client = http2.connect(`http://127.0.0.1:${port}`, options)
  client.on('error', () => {})
  atEnd(() => client.destroy())
  return client
}

interface Answer {
  status: number
  code: number | undefined
  message: string
  trailers: Record<string, unknown>
  body: Buffer
  reset: number | undefined
}

function framed(message: Uint8Array, flag = 0): Buffer {
  const bytes = Buffer.alloc(5 + message.length)
  bytes[0] = flag
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, 5)
  return bytes
}

/** A raw request: `body` as it is, the stream left open with `end: false`. */
function request(
  client: http2.ClientHttp2Session,
  path: string,
  body: Uint8Array | undefined,
  headers: http2.OutgoingHttpHeaders = {},
  end = true,
): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = client.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    const pieces: Buffer[] = []
    let first: http2.IncomingHttpHeaders = {}
    let trailers: http2.IncomingHttpHeaders = {}
    stream.on('response', (fields) => (first = fields))
    stream.on('trailers', (fields) => (trailers = fields))
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('error', () => {})
    stream.on('close', () => {
      const last: http2.IncomingHttpHeaders = { ...first, ...trailers }
      const code = last['grpc-status']
      resolve({
        status: Number(last[':status']),
        code: code === undefined ? undefined : Number(code),
        message: [last['grpc-message'] ?? ''].flat().join(''),
        trailers: last,
        body: Buffer.concat(pieces),
        reset: stream.rstCode,
      })
    })
    if (body !== undefined) stream.write(body)
    if (end) stream.end()
  })
}

test('a unary call is answered with its message and status 0', async () => {
  const { port } = await start()
  const client = session(port)
  for (const path of ['/test.Echo/Echo', '/test.Echo/Later', '/test.Echo/Echo']) {
    const answer = await request(client, path, framed(Buffer.from('hello')))
    expect(answer).toMatchObject({ status: 200, code: 0, body: framed(Buffer.from('hello')) })
    expect(answer.trailers['content-type']).toBe('application/grpc')
  }
})

test('many calls of one connection do not mix', async () => {
  const { port } = await start()
  const client = session(port)
  const names = Array.from({ length: 500 }, (_, i) => Buffer.from(`call ${i}`))
  const answers = await Promise.all(
    names.map((name, i) => request(client, i % 3 === 0 ? '/test.Echo/Later' : '/test.Echo/Echo', framed(name))),
  )
  expect(answers.map(({ body }) => body)).toEqual(names.map((name) => framed(name)))
})

test('a failure carries its code, its text and its trailers', async () => {
  const { port } = await start()
  const answer = await request(session(port), '/test.Echo/Fail', framed(Buffer.alloc(0)))
  expect(answer).toMatchObject({ status: 200, code: 9, message: 'm%C3%BC%C3%9Fig 100%25' })
  expect(answer.trailers['synod-outcome']).toBe('rejected')
})

test('a handler that throws is answered 13, logged, and harms nobody else', async () => {
  const { port } = await start()
  const client = session(port)
  expect(await request(client, '/test.Echo/Throw', framed(Buffer.alloc(0)))).toMatchObject({
    code: 13,
    message: 'internal error',
  })
  expect(errors).toEqual(['a handler failed'])
  expect(await request(client, '/test.Echo/Echo', framed(Buffer.alloc(0)))).toMatchObject({ code: 0 })
})

test('metadata, deadline and peer are there for who asks', async () => {
  const { port } = await start()
  const answer = await request(session(port), '/test.Echo/Meta', framed(Buffer.alloc(0)), {
    token: 'abc',
    'grpc-timeout': '1500m',
  })
  expect(answer.body.subarray(5).toString()).toBe('/test.Echo/Meta abc undefined 1500 true')
})

test.each([
  ['/test.Echo/Nope', 'unknown method Nope for service test.Echo'],
  ['/nope.Nope/Nope', 'unknown service nope.Nope'],
  ['/nope', 'malformed method name: "/nope"'],
])('%s is answered with 12', async (path, message) => {
  const { port } = await start()
  expect(await request(session(port), path, framed(Buffer.alloc(0)))).toMatchObject({ status: 200, code: 12, message })
})

test('a streaming call that is not there is answered at once, though the client has not finished', async () => {
  const { port } = await start()
  const client = session(port)
  const answer = await request(client, '/etcdserverpb.Watch/Watch', framed(Buffer.alloc(10)), {}, false)
  expect(answer).toMatchObject({
    code: 12,
    message: 'unknown service etcdserverpb.Watch',
    reset: http2.constants.NGHTTP2_NO_ERROR,
  })
  expect(await request(client, '/test.Echo/Echo', framed(Buffer.alloc(0)))).toMatchObject({ code: 0 })
})

test.each([
  ['no message', undefined, {}, { code: 13, message: 'the request has no message' }],
  ['half a prefix', Buffer.from([0, 0]), {}, { code: 13 }],
  ['half a message', Buffer.from([0, 0, 0, 0, 9, 1]), {}, { code: 13 }],
  ['two messages', Buffer.concat([framed(Buffer.alloc(1)), framed(Buffer.alloc(1))]), {}, { code: 13 }],
  [
    'a compressed message',
    framed(Buffer.alloc(1), 1),
    { 'grpc-encoding': 'gzip' },
    { code: 12, message: 'grpc: Decompressor is not installed for grpc-encoding "gzip"' },
  ],
  [
    'a message compressed by nothing',
    framed(Buffer.alloc(1), 1),
    {},
    { code: 13, message: 'grpc: compressed flag set with identity or empty encoding' },
  ],
  ['a wrong content-type', framed(Buffer.alloc(1)), { 'content-type': 'application/json' }, { status: 415 }],
  ['GET', undefined, { ':method': 'GET' }, { status: 405 }],
  [
    'a malformed deadline',
    framed(Buffer.alloc(1)),
    { 'grpc-timeout': '1 hour' },
    { status: 400, code: 13, message: 'malformed grpc-timeout: "1 hour"' },
  ],
])('%s is refused in so many words', async (_, body, headers, expected) => {
  const { port } = await start()
  const client = session(port)
  expect(await request(client, '/test.Echo/Echo', body, headers)).toMatchObject(expected)
  expect(await request(client, '/test.Echo/Echo', framed(Buffer.alloc(1)))).toMatchObject({ code: 0 })
})

test('a message up to the limit is taken, a larger one refused with both numbers', async () => {
  const { port } = await start()
  const client = session(port)
  const limit = 2 * 1024 * 1024
  const whole = await request(client, '/test.Echo/Echo', framed(Buffer.alloc(limit, 5)))
  expect(whole.code).toBe(0)
  expect(whole.body.equals(framed(Buffer.alloc(limit, 5)))).toBe(true)
  expect(await request(client, '/test.Echo/Echo', framed(Buffer.alloc(limit + 4104)))).toMatchObject({
    code: 8,
    message: 'grpc: received message larger than max (2101256 vs. 2097152)',
  })
  // Once for every megabyte of the windows: what was refused has been given back.
  for (let i = 0; i < 6; i++)
    expect((await request(client, '/test.Echo/Echo', framed(Buffer.alloc(1024 * 1024)))).code).toBe(0)
})

test('large responses pass through the smallest windows, side by side', async () => {
  const { port } = await start()
  const client = session(port, { settings: { initialWindowSize: 1000 } })
  const sizes = [3_000_000, 10, 500_000, 65_536]
  const answers = await Promise.all(
    sizes.map((size) => {
      const wanted = Buffer.alloc(4)
      wanted.writeUInt32BE(size)
      return request(client, '/test.Echo/Large', framed(wanted))
    }),
  )
  expect(answers.map(({ body, code }) => [code, body.length - 5])).toEqual(sizes.map((size) => [0, size]))
  expect(answers.every(({ body }) => body.subarray(5).every((byte) => byte === 7))).toBe(true)
})

test('windows that shrink below zero stop a response, and go on when they grow', async () => {
  const { port } = await start()
  const client = session(port)
  const wanted = Buffer.alloc(4)
  wanted.writeUInt32BE(400_000)
  const pending = request(client, '/test.Echo/Large', framed(wanted))
  for (const initialWindowSize of [0, 100_000, 1, 65_535]) client.settings({ initialWindowSize })
  const answer = await pending
  expect(answer.body.length).toBe(400_005)
})

test('a client without a header table gets the same answers', async () => {
  const { port } = await start()
  const client = session(port, { settings: { headerTableSize: 0 } })
  for (let i = 0; i < 3; i++) {
    expect(await request(client, '/test.Echo/Echo', framed(Buffer.alloc(3)))).toMatchObject({ code: 0 })
    expect(await request(client, '/test.Echo/Fail', framed(Buffer.alloc(3)))).toMatchObject({ code: 9 })
  }
})

test('a call past its deadline is answered 4, and nothing that comes later', async () => {
  const calls: Unary[] = []
  const { port } = await start({
    routes: new Map([['/test.Echo/Keep', { unary: (call: Unary) => void calls.push(call) }]]),
  })
  const answer = await request(session(port), '/test.Echo/Keep', framed(Buffer.alloc(0)), { 'grpc-timeout': '20m' })
  expect(answer).toMatchObject({ code: 4, message: 'context deadline exceeded' })
  expect(calls.map(({ cancelled }) => cancelled)).toEqual([true])
  calls[0]?.respond(Buffer.alloc(1))
  calls[0]?.fail(1, 'late')
})

test('a call that its client gives up is cancelled, and a late answer goes nowhere', async () => {
  const calls: Unary[] = []
  const { port } = await start({
    routes: new Map([['/test.Echo/Keep', { unary: (call: Unary) => void calls.push(call) }], ...routes]),
  })
  const client = session(port)
  const stream = client.request({ ':method': 'POST', ':path': '/test.Echo/Keep', 'content-type': 'application/grpc' })
  stream.on('error', () => {})
  stream.end(framed(Buffer.alloc(0)))
  await request(client, '/test.Echo/Echo', framed(Buffer.alloc(0)))
  expect(calls.map(({ cancelled }) => cancelled)).toEqual([false])
  stream.close(http2.constants.NGHTTP2_CANCEL)
  await request(client, '/test.Echo/Echo', framed(Buffer.alloc(0)))
  expect(calls.map(({ cancelled }) => cancelled)).toEqual([true])
  calls[0]?.respond(Buffer.alloc(1))
  expect(await request(client, '/test.Echo/Echo', framed(Buffer.alloc(0)))).toMatchObject({ code: 0 })
})

test('draining answers what is in flight, takes nothing new, and ends the connections', async () => {
  const { server, port } = await start()
  const client = session(port)
  const goaway = new Promise((resolve) => client.once('goaway', resolve))
  const pending = Array.from({ length: 20 }, () => request(client, '/test.Echo/Later', framed(Buffer.from('x'))))
  await request(client, '/test.Echo/Echo', framed(Buffer.alloc(0)))
  const drained = server.drain(5000)
  expect((await Promise.all(pending)).map(({ code }) => code)).toEqual(pending.map(() => 0))
  await goaway
  await drained
  expect(server.connections).toBe(0)
  await expect(
    new Promise((resolve, reject) => net.connect(port, '127.0.0.1', () => resolve('connected')).on('error', reject)),
  ).rejects.toThrow('ECONNREFUSED')
})

test('a drain that is not finished in time closes all the same', async () => {
  const { server, port } = await start()
  const pending = request(session(port), '/test.Echo/Never', framed(Buffer.alloc(0)))
  await request(session(port), '/test.Echo/Echo', framed(Buffer.alloc(0)))
  await server.drain(50)
  expect((await pending).code).toBeUndefined()
  expect(server.connections).toBe(0)
})

test('what is not HTTP/2 is told so, or handed over with its first bytes', async () => {
  const get = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'
  const ask = (port: number): Promise<string> =>
    new Promise((resolve) => {
      let text = ''
      const socket = net.connect(port, '127.0.0.1', () => socket.write(get))
      socket.on('data', (piece: Buffer) => (text += piece.toString()))
      socket.on('close', () => resolve(text))
    })
  const plain = await start()
  expect(await ask(plain.port)).toMatch(/^HTTP\/1\.1 400 /)
  const shared = await start({ other: (socket, first) => void socket.end(`saw ${first.toString()}`) })
  expect(await ask(shared.port)).toBe(`saw ${get}`)
})

test('an address that is taken rejects', async () => {
  const { port } = await start()
  const second = serve({ routes, log })
  await expect(second.listen('127.0.0.1', port)).rejects.toThrow('EADDRINUSE')
})

/** What arrives at a client that says only this. */
function listen(port: number, said: Uint8Array): { socket: net.Socket; closed: Promise<Buffer> } {
  const pieces: Buffer[] = []
  const socket = net.connect(port, '127.0.0.1', () => void socket.write(said))
  atEnd(() => void socket.destroy())
  socket.on('error', () => {})
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  const closed = new Promise<Buffer>((resolve) => void socket.on('close', () => resolve(Buffer.concat(pieces))))
  return { socket, closed }
}

const settings = Buffer.from('000000040000000000', 'hex')

test('who says nothing, or only half of a greeting, is closed', async () => {
  const { port } = await start({ limits: { handshakeTimeoutMs: 50 } })
  await Promise.all([listen(port, Buffer.alloc(0)).closed, listen(port, preface.subarray(0, 10)).closed])
  expect((await listen(port, preface).closed).toString('latin1')).toContain('no SETTINGS arrived')
})

test('a client that gives no sign of life is closed; one that answers a PING stays', async () => {
  const { server, port } = await start({ limits: { keepaliveIntervalMs: 50, keepaliveTimeoutMs: 50 } })
  const alive = listen(port, Buffer.concat([preface, settings]))
  const pong = Buffer.concat([Buffer.from('000008060100000000', 'hex'), Buffer.alloc(8)])
  alive.socket.on('data', () => alive.socket.write(pong))
  await listen(port, Buffer.concat([preface, settings])).closed
  expect(server.connections).toBe(1)
})
