import http2 from 'node:http2'
import net from 'node:net'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { GrpcError, type GrpcChannel, type GrpcServer, type Limits, type Unary } from './index.ts'
import { atEnd, channelTo, closeAll, listening } from './sample-servers.ts'

afterEach(closeAll)

async function start(limits: Partial<Limits> = {}): Promise<{ server: GrpcServer; port: number }> {
  return listening({
    limits,
    routes: new Map([
      ['/t.T/Echo', { unary: (call: Unary, request: Uint8Array) => call.respond(request) }],
      [
        '/t.T/Meta',
        { unary: (call: Unary) => call.respond(Buffer.from(`${call.metadata('token')} ${call.deadline}`)) },
      ],
      ['/t.T/Fail', { unary: (call: Unary) => call.fail(9, 'nö, 100%', { 'synod-outcome': 'rejected' }) }],
      ['/t.T/Never', { unary: () => {} }],
      [
        '/t.T/Large',
        {
          unary: (call: Unary, request: Uint8Array) =>
            call.respond(new Uint8Array(Buffer.from(request).readUInt32BE()).fill(7)),
        },
      ],
    ]),
  })
}

async function failureOf(promise: Promise<unknown>): Promise<GrpcError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof GrpcError)) throw new Error('a GrpcError was expected', { cause: outcome })
  return outcome
}

/** Nothing is waited for any longer when the channel is closed: a call that does not end by itself fails with 1. */
async function failureIn(channel: GrpcChannel, timeout: number, path: string): Promise<GrpcError> {
  const timer = setTimeout(() => channel.close(), 20 * timeout)
  const failure = await failureOf(channel.unary(path, Buffer.from('marker'), { timeout }))
  clearTimeout(timer)
  return failure
}

async function portOf(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  atEnd(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function size(bytes: number): Buffer {
  const wanted = Buffer.alloc(4)
  wanted.writeUInt32BE(bytes)
  return wanted
}

describe('our client and our server', () => {
  test('many calls at once are answered each with its own', async () => {
    const { port } = await start()
    const channel = channelTo(port)
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => channel.unary('/t.T/Echo', Buffer.from(`${i}`))),
    )
    expect(answers.map((answer) => Buffer.from(answer).toString())).toEqual(answers.map((_, i) => `${i}`))
  })

  test('more calls than the server allows at once wait for their turn', async () => {
    const { port } = await start({ concurrentStreamsMax: 3 })
    const channel = channelTo(port)
    await channel.unary('/t.T/Echo', Buffer.alloc(1))
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => channel.unary('/t.T/Echo', Buffer.alloc(100_000))),
    )
    expect(answers.every((answer) => answer.length === 100_000)).toBe(true)
  })

  test('metadata and deadline arrive', async () => {
    const { port } = await start()
    const channel = channelTo(port)
    // While a connection is made the time runs already.
    await channel.unary('/t.T/Echo', Buffer.alloc(0))
    for (const token of ['a', 'a', 'b']) {
      expect(
        Buffer.from(
          await channel.unary('/t.T/Meta', Buffer.alloc(0), { metadata: { token }, timeout: 5000 }),
        ).toString(),
      ).toBe(`${token} 5000`)
    }
    await expect(channel.unary('/t.T/Meta', Buffer.alloc(0), { metadata: { Token: 'x' } })).rejects.toThrow(
      'use lower-case letters',
    )
    await expect(channel.unary('/t.T/Meta', Buffer.alloc(0), { metadata: { token: 'ö' } })).rejects.toThrow(
      'not printable ASCII',
    )
  })

  test('a failure has its code, its text and its trailers', async () => {
    const { port } = await start()
    const error = await failureOf(channelTo(port).unary('/t.T/Fail', Buffer.alloc(0)))
    expect(error).toMatchObject({ code: 9, message: 'nö, 100%', mayHaveBeenSent: true })
    expect(error.trailers.get('synod-outcome')).toBe('rejected')
    expect(await failureOf(channelTo(port).unary('/t.T/Nope', Buffer.alloc(0)))).toMatchObject({ code: 12 })
    expect(await failureOf(channelTo(port).unary('/t.T/Echo', Buffer.alloc(2_200_000)))).toMatchObject({ code: 8 })
  })

  test('a deadline ends the call, and only the call', async () => {
    const { port } = await start()
    const channel = channelTo(port)
    await channel.unary('/t.T/Echo', Buffer.alloc(0))
    expect(await failureOf(channel.unary('/t.T/Never', Buffer.alloc(0), { timeout: 20 }))).toMatchObject({
      code: 4,
      mayHaveBeenSent: true,
    })
    expect((await channel.unary('/t.T/Echo', Buffer.alloc(3))).length).toBe(3)
  })

  test('large messages pass in both directions', async () => {
    const { port } = await start({ messageBytesMax: 16 * 1024 * 1024 })
    const channel = channelTo(port)
    expect((await channel.unary('/t.T/Large', size(20_000_000))).length).toBe(20_000_000)
    const both = await Promise.all([
      channel.unary('/t.T/Echo', Buffer.alloc(8_000_000, 1)),
      channel.unary('/t.T/Echo', Buffer.alloc(5_000_000, 2)),
    ])
    expect(both.map((answer, i) => [answer.length, answer.every((byte) => byte === i + 1)])).toEqual([
      [8_000_000, true],
      [5_000_000, true],
    ])
  })

  test('draining ends the channel without losing a call', async () => {
    const { server, port } = await start()
    const channel = channelTo(port)
    await channel.unary('/t.T/Echo', Buffer.alloc(0))
    const drained = server.drain(5000)
    const answers = await Promise.all(Array.from({ length: 50 }, () => channel.unary('/t.T/Echo', Buffer.alloc(0))))
    expect(answers.length).toBe(50)
    await drained
    expect(channel.closed).toBe(true)
    expect(await failureOf(channel.unary('/t.T/Echo', Buffer.alloc(0)))).toMatchObject({
      code: 14,
      mayHaveBeenSent: false,
    })
  })
})

describe('a call that fails says whether it may have been sent', () => {
  test('not when nobody listens', async () => {
    const { server, port } = await start()
    await server.close()
    expect(await failureOf(channelTo(port).unary('/t.T/Echo', Buffer.alloc(0)))).toMatchObject({
      code: 14,
      mayHaveBeenSent: false,
    })
  })

  test('it may when the connection is lost later', async () => {
    const { server, port } = await start()
    const channel = channelTo(port)
    const never = failureOf(channel.unary('/t.T/Never', Buffer.alloc(0)))
    await channel.unary('/t.T/Echo', Buffer.alloc(0))
    await server.close()
    expect(await never).toMatchObject({ code: 14, mayHaveBeenSent: true })
  })

  test('not when its time ends while the connection is being made: it never leaves', async () => {
    const { server, port } = await start()
    const channel = channelTo(port)
    const late = failureOf(channel.unary('/t.T/Never', Buffer.alloc(0), { timeout: 1 }))
    await Promise.resolve()
    // The process is busy until the time is over; sockets come after timers.
    for (const began = performance.now(); performance.now() - began < 10;);
    expect(await late).toMatchObject({ code: 4, mayHaveBeenSent: false })
    await channel.unary('/t.T/Echo', Buffer.alloc(0))
    expect(server.counters.streamsOpen).toBe(0)
  })

  test('not when whoever listens hangs up, or says nothing, before it has said what it speaks', async () => {
    const heard: Buffer[] = []
    const server = net.createServer((socket) => {
      socket.on('data', (chunk: Buffer) => heard.push(chunk))
      if (heard.length === 0) socket.once('data', () => socket.resetAndDestroy())
      atEnd(() => void socket.destroy())
    })
    const port = await portOf(server)
    const cut = await failureOf(channelTo(port).unary('/t.T/Echo', Buffer.from('marker')))
    expect(cut).toMatchObject({ code: 14, mayHaveBeenSent: false })
    expect(cut.message).toContain('perhaps it speaks TLS')
    const silent = await failureIn(channelTo(port), 50, '/t.T/Echo')
    expect(silent).toMatchObject({ code: 4, mayHaveBeenSent: false })
    expect(Buffer.concat(heard).includes('marker')).toBe(false)
  })

  test('not when whoever listens answers in another language, which is told', async () => {
    for (const [first, told] of [
      ['HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n', 'to an HTTPS server.'],
      ['HTTP/1.1 502 Bad Gateway\r\n\r\n', 'HTTP/1.1 502 Bad Gateway'],
      ['\u0015\u0003\u0001\u0000\u0002\u0002\u0046', 'the server speaks TLS: https:// is wanted'],
    ] as const) {
      const server = net.createServer(
        (socket) =>
          void socket
            .on('error', () => undefined)
            .resume()
            .end(first),
      )
      const error = await failureOf(channelTo(await portOf(server)).unary('/t.T/Echo', Buffer.alloc(0)))
      expect(error).toMatchObject({ code: 14, mayHaveBeenSent: false })
      expect(error.message).toContain(told)
    }
  })

  test('not when its time ends before the server, which is full, has room for it', async () => {
    const { port } = await start({ concurrentStreamsMax: 1 })
    const channel = channelTo(port)
    const first = failureOf(channel.unary('/t.T/Never', Buffer.alloc(0)))
    const second = await failureIn(channel, 50, '/t.T/Echo')
    expect(second).toMatchObject({ code: 4, mayHaveBeenSent: false })
    channel.close()
    await first
  })

  test('it may when its channel is closed', async () => {
    const { port } = await start()
    const channel = channelTo(port)
    const never = failureOf(channel.unary('/t.T/Never', Buffer.alloc(0)))
    await channel.unary('/t.T/Echo', Buffer.alloc(0))
    channel.close()
    expect(await never).toMatchObject({ code: 1, mayHaveBeenSent: true })
  })
})

describe('our client and a server by node:http2', () => {
  async function node(
    answer: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, body: Buffer) => void,
  ): Promise<GrpcChannel> {
    const server = http2.createServer({ settings: { initialWindowSize: 1000 } })
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
      const pieces: Buffer[] = []
      stream.on('error', () => {})
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => answer(stream, headers, Buffer.concat(pieces)))
    })
    return channelTo(await portOf(server))
  }

  test('requests larger than the windows arrive, and trailers are understood', async () => {
    const channel = await node((stream, headers, body) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(headers[':path'] === '/t.T/Echo' && headers['te'] === 'trailers' ? body : Buffer.alloc(5))
    })
    for (const length of [0, 100, 300_000]) {
      expect((await channel.unary('/t.T/Echo', Buffer.alloc(length))).length).toBe(length)
    }
  })

  test('a call that the server has refused was not looked at', async () => {
    const channel = await node((stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM))
    expect(await failureOf(channel.unary('/t.T/Echo', Buffer.alloc(3)))).toMatchObject({
      code: 14,
      mayHaveBeenSent: false,
    })
  })

  test.each<[string, (stream: http2.ServerHttp2Stream) => void, number]>([
    ['an HTTP status', (stream) => stream.respond({ ':status': 503 }, { endStream: true }), 14],
    ['a reset', (stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 13],
    [
      'half a message',
      (stream) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end(Buffer.from([0, 0, 0, 0, 9, 1]))
      },
      13,
    ],
    [
      'no trailers',
      (stream) => {
        stream.respond({ ':status': 200 })
        stream.end(Buffer.alloc(5))
      },
      2,
    ],
  ])('%s instead of an answer is an error', async (_, answer, code) => {
    const channel = await node(answer)
    expect(await failureOf(channel.unary('/t.T/Echo', Buffer.alloc(3)))).toMatchObject({ code, mayHaveBeenSent: true })
  })
})

describe('grpc-js and our server', () => {
  function call(
    client: Client,
    path: string,
    message: Buffer,
    metadata: Metadata = new Metadata(),
    deadlineMs = 10_000,
  ): Promise<Buffer> {
    const same = (bytes: Buffer): Buffer => bytes
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        same,
        same,
        message,
        metadata,
        { deadline: Date.now() + deadlineMs },
        (error, answer) => {
          if (error === null && answer !== undefined) resolve(answer)
          else reject(error ?? new Error('neither an error nor an answer'))
        },
      )
    })
  }

  function clientTo(port: number): Client {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    })
    atEnd(() => client.close())
    return client
  }

  async function errorOf(promise: Promise<unknown>): Promise<ServiceError> {
    return promise.then(
      () => Promise.reject(new Error('an error was expected')),
      (error: ServiceError) => error,
    )
  }

  test('calls, metadata, failures, deadlines and large messages', async () => {
    const { port } = await start({ messageBytesMax: 8 * 1024 * 1024 })
    const client = clientTo(port)
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => call(client, '/t.T/Echo', Buffer.from(`${i}`))),
    )
    expect(answers.map(String)).toEqual(answers.map((_, i) => `${i}`))
    const metadata = new Metadata()
    metadata.set('token', 'secret')
    expect(String(await call(client, '/t.T/Meta', Buffer.alloc(0), metadata))).toMatch(/^secret \d+/)
    const failure = await errorOf(call(client, '/t.T/Fail', Buffer.alloc(0)))
    expect(failure).toMatchObject({ code: 9, details: 'nö, 100%' })
    expect(failure.metadata.get('synod-outcome')).toEqual(['rejected'])
    expect(await errorOf(call(client, '/t.T/Nope', Buffer.alloc(0)))).toMatchObject({
      code: 12,
      details: 'unknown method Nope for service t.T',
    })
    expect(await errorOf(call(client, '/t.T/Never', Buffer.alloc(0), new Metadata(), 30))).toMatchObject({ code: 4 })
    expect(await errorOf(call(client, '/t.T/Echo', Buffer.alloc(9_000_000)))).toMatchObject({ code: 8 })
    expect((await call(client, '/t.T/Large', size(10_000_000))).length).toBe(10_000_000)
    expect((await call(client, '/t.T/Echo', Buffer.alloc(8_000_000))).length).toBe(8_000_000)
  })

  test('a bidirectional stream that is not there ends with 12, however late it is closed', async () => {
    const { port } = await start()
    const client = clientTo(port)
    const same = (bytes: Buffer): Buffer => bytes
    const stream = client.makeBidiStreamRequest('/etcdserverpb.Watch/Watch', same, same)
    stream.write(Buffer.alloc(10))
    const error = await new Promise<ServiceError>(
      (resolve) => void stream.on('error', (failure) => resolve(failure as ServiceError)),
    )
    expect(error).toMatchObject({ code: 12, details: 'unknown service etcdserverpb.Watch' })
    stream.end()
    expect(String(await call(client, '/t.T/Echo', Buffer.from('still here')))).toBe('still here')
  })
})
