/** Calls of many messages: our two sides against each other. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Logger } from '../core/index.ts'
import type { GrpcChannel, GrpcServer, Limits } from './index.ts'
import { number } from './raw-client.ts'
import { channelTo, closeAll, listening } from './sample-servers.ts'
import { eventually, Handlers, mebibyte, numberIn, open } from './stream-samples.ts'

const errors: string[] = []
const log: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (message) => void errors.push(message) }

afterEach(async () => {
  await closeAll()
  errors.length = 0
})

async function start(
  limits: Partial<Limits> = {},
): Promise<{ server: GrpcServer; handlers: Handlers; channel: GrpcChannel }> {
  const handlers = new Handlers()
  const { server, port } = await listening({ log, limits, routes: handlers.routes })
  return { server, handlers, channel: channelTo(port) }
}

describe('our client and our server', () => {
  test('one request may have many answers', async () => {
    const { channel, server } = await start()
    const call = open(channel, '/t.S/Count')
    call.stream.send(number(1000))
    const { error, trailers } = await call.ended()
    expect(error).toBeUndefined()
    expect(trailers.get('counted')).toBe('yes')
    expect(call.messages.map(numberIn)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(server.counters.methods.find(({ path }) => path === '/t.S/Count')).toMatchObject({
      kind: 'stream',
      started: 1,
      messagesReceived: 1,
      messagesSent: 1000,
    })
  })

  test('many requests may have one answer', async () => {
    const { channel } = await start()
    const call = open(channel, '/t.S/Sum')
    for (let i = 1; i <= 1000; i++) call.stream.send(number(i))
    call.stream.end()
    expect((await call.ended()).error).toBeUndefined()
    expect(call.messages.map(numberIn)).toEqual([500_500])
  })

  test('messages go both ways, each answered before the next', async () => {
    const { channel } = await start()
    const call = open(channel, '/t.S/Echo')
    for (const length of [0, 1, 20_000, 2 * mebibyte, 5]) {
      const before = call.messages.length
      call.stream.send(new Uint8Array(length))
      await call.until(() => call.messages.length > before)
    }
    call.stream.end()
    expect((await call.ended()).error).toBeUndefined()
    expect(call.messages.map(({ length }) => length)).toEqual([0, 1, 20_000, 2 * mebibyte, 5])
  })

  test('a stream that says nothing and ends is a stream', async () => {
    const { channel } = await start()
    const call = open(channel, '/t.S/Echo')
    call.stream.end()
    expect((await call.ended()).error).toBeUndefined()
  })

  test('a status comes behind the messages before it, and ends the stream at once', async () => {
    const { channel } = await start()
    const call = open(channel, '/t.S/Echo')
    for (const length of [1, 2, 3, 4]) call.stream.send(new Uint8Array(length))
    expect((await call.ended()).error).toMatchObject({ code: 9, message: 'three bytes', mayHaveBeenSent: true })
    expect(call.messages.map(({ length }) => length)).toEqual([1, 2])
    expect(call.stream.send(new Uint8Array(1))).toBe(false)
  })

  test('what a handler has not taken stays out of the window: the client stops, and goes on when it is taken', async () => {
    const { channel, handlers } = await start()
    await channel.unary('/t.S/Unary', new Uint8Array(1))
    const call = open(channel, '/t.S/Hold')
    let sent = 0
    for (; sent < 4096; sent++) if (!call.stream.send(new Uint8Array(16 * 1024))) break
    await eventually(() => handlers.calls.length === 1)
    await channel.unary('/t.S/Unary', new Uint8Array(1))
    expect(call.stream.unsentBytes).toBeGreaterThan(200 * 1024)
    expect(handlers.taken).toEqual([])
    handlers.calls[0]?.resume()
    await call.until(() => call.writable() > 0)
    call.stream.end()
    await eventually(() => handlers.seen.length > 0)
    expect(handlers.taken.length).toBe(sent + 1)
    expect(handlers.seen).toEqual(['half closed'])
  })

  test('a handler that pauses in the middle of a read takes the rest later, in order, and then the end', async () => {
    const { channel, handlers } = await start()
    const call = open(channel, '/t.S/Hold')
    for (let i = 1; i <= 100; i++) call.stream.send(new Uint8Array(i))
    call.stream.end()
    await eventually(() => handlers.calls.length === 1)
    await channel.unary('/t.S/Unary', new Uint8Array(1))
    handlers.calls[0]?.resume()
    expect(handlers.taken).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(handlers.seen).toEqual(['half closed'])
  })

  test('a handler hears that it may go on, so that no more than it wants waits for a slow client', async () => {
    const { channel, handlers } = await start()
    const call = open(channel, '/t.S/Megabytes')
    call.stream.pause()
    call.stream.send(number(20))
    await channel.unary('/t.S/Unary', new Uint8Array(1))
    expect(call.messages.length).toBe(0)
    call.stream.resume()
    expect((await call.ended()).error).toBeUndefined()
    expect(call.messages.length).toBe(20)
    expect(handlers.mostUnsent).toBeLessThan(1.5 * mebibyte)
  })

  test('a client that gives a stream up cancels it', async () => {
    const { channel, handlers, server } = await start()
    const call = open(channel, '/t.S/Hold')
    await eventually(() => handlers.calls.length === 1)
    call.stream.cancel()
    expect((await call.ended()).error).toMatchObject({ code: 1, mayHaveBeenSent: true })
    await eventually(() => handlers.seen.length > 0)
    expect(handlers.seen).toEqual(['cancelled'])
    expect(handlers.calls[0]?.isOver).toBe(true)
    expect(handlers.calls[0]?.send(new Uint8Array(1))).toBe(false)
    expect(server.counters.streamsOpen).toBe(0)
  })

  test('a deadline ends a stream on both sides', async () => {
    const { channel, handlers } = await start()
    // While a connection is made the time runs already.
    await channel.unary('/t.S/Unary', new Uint8Array(1))
    const call = open(channel, '/t.S/Hold', { timeout: 150 })
    await eventually(() => handlers.calls.length === 1)
    expect(handlers.calls[0]?.deadline).toBe(150)
    expect((await call.ended()).error).toMatchObject({ code: 4 })
    await eventually(() => handlers.seen.length > 0)
    expect(handlers.seen).toEqual(['cancelled'])
  })

  test('a handler that throws is answered 13, logged, and harms nobody else', async () => {
    const { channel } = await start()
    const call = open(channel, '/t.S/Throw')
    call.stream.send(new Uint8Array(1))
    expect((await call.ended()).error).toMatchObject({ code: 13, message: 'internal error' })
    expect(errors).toEqual(['a handler failed'])
    expect((await channel.unary('/t.S/Unary', new Uint8Array(7))).length).toBe(7)
  })

  test('a message that is too large is answered 8', async () => {
    const { channel, server } = await start({ messageBytesMax: 1000 })
    const call = open(channel, '/t.S/Echo')
    call.stream.send(new Uint8Array(1001))
    expect((await call.ended()).error).toMatchObject({
      code: 8,
      message: 'grpc: received message larger than max (1001 vs. 1000)',
    })
    expect(server.counters.limitHits.message_size).toBe(1)
  })

  test('what handlers hold back is bounded for a connection', async () => {
    const { channel, handlers, server } = await start({ partialBytesMax: 3 * mebibyte })
    const calls = Array.from({ length: 8 }, () => open(channel, '/t.S/Hold'))
    for (const { stream } of calls) stream.send(new Uint8Array(900_000))
    await eventually(() => server.counters.limitHits.partial_requests > 2)
    expect(handlers.seen.length).toBeGreaterThan(2)
    expect((await channel.unary('/t.S/Unary', new Uint8Array(7))).length).toBe(7)
  })

  test('streams wait for room on the connection, with what was said before', async () => {
    const { channel, handlers } = await start({ concurrentStreamsMax: 2 })
    await channel.unary('/t.S/Unary', new Uint8Array(1))
    const first = [open(channel, '/t.S/Hold'), open(channel, '/t.S/Hold')]
    const waits = open(channel, '/t.S/Sum')
    const gives = open(channel, '/t.S/Sum')
    const late = open(channel, '/t.S/Sum', { timeout: 30 })
    for (let i = 1; i <= 10; i++) waits.stream.send(number(i))
    waits.stream.end()
    gives.stream.cancel()
    expect((await gives.ended()).error).toMatchObject({ code: 1, mayHaveBeenSent: false })
    expect((await late.ended()).error).toMatchObject({ code: 4, mayHaveBeenSent: false })
    await eventually(() => handlers.calls.length === 2)
    first[0]?.stream.cancel()
    expect((await waits.ended()).error).toBeUndefined()
    expect(waits.messages.map(numberIn)).toEqual([55])
  })

  test('draining leaves streams until the grace is over, and then ends them with 14', async () => {
    const { channel, handlers, server } = await start()
    const call = open(channel, '/t.S/Echo')
    call.stream.send(new Uint8Array(1))
    await call.until(() => call.messages.length === 1)
    const drained = server.drain(100)
    call.stream.send(new Uint8Array(2))
    await call.until(() => call.messages.length === 2)
    expect((await call.ended()).error).toMatchObject({ code: 14, message: 'the server is stopping' })
    await drained
    expect(handlers.seen).toEqual(['cancelled'])
    await eventually(() => server.counters.connectionsOpen === 0)
  })

  test('a stream on a channel that is closed, or lost, ends with an error', async () => {
    const { channel, server } = await start()
    const call = open(channel, '/t.S/Echo')
    await channel.unary('/t.S/Unary', new Uint8Array(1))
    await server.close()
    expect((await call.ended()).error).toMatchObject({ code: 14, mayHaveBeenSent: true })
    expect((await open(channel, '/t.S/Echo').ended()).error).toMatchObject({ code: 14, mayHaveBeenSent: false })
    expect((await open(channelTo(1), '/t.S/Echo').ended()).error).toMatchObject({ code: 14, mayHaveBeenSent: false })
  })

  test('an unknown stream is answered 12 though nothing was said yet', async () => {
    const { channel } = await start()
    expect((await open(channel, '/t.S/Nope').ended()).error).toMatchObject({ code: 12 })
    expect((await open(channel, 't.S/Echo').ended()).error).toMatchObject({ code: 12 })
    expect((await open(channel, '/t.S/Echo/').ended()).error).toMatchObject({ code: 12 })
  })
})
