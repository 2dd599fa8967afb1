/** Calls of many messages: each of our sides against grpc-js. */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import type { GrpcChannel, GrpcServer } from './index.ts'
import { number } from './raw-client.ts'
import { atEnd, channelTo, closeAll, listening, pause } from './sample-servers.ts'
import { eventually, Handlers, mebibyte, numberIn, open } from './stream-samples.ts'

afterEach(closeAll)

const same = (bytes: Buffer): Buffer => bytes

describe('grpc-js and our server', () => {
  async function client(): Promise<{ js: Client; handlers: Handlers; server: GrpcServer }> {
    const handlers = new Handlers()
    const { server, port } = await listening({ routes: handlers.routes })
    const js = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
    atEnd(() => js.close())
    return { js, handlers, server }
  }

  test('server streaming', async () => {
    const { js } = await client()
    const stream = js.makeServerStreamRequest('/t.S/Count', same, same, number(500))
    const seen: number[] = []
    for await (const message of stream) seen.push(numberIn(message as Buffer))
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })

  test('client streaming', async () => {
    const { js } = await client()
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const stream = js.makeClientStreamRequest('/t.S/Sum', same, same, (error, value) => {
        if (error === null && value !== undefined) resolve(value)
        else reject(error ?? new Error('neither an error nor an answer'))
      })
      for (let i = 1; i <= 500; i++) stream.write(number(i))
      stream.end()
    })
    expect(numberIn(answer)).toBe(125_250)
  })

  test('both ways, to the end and to a failure', async () => {
    const { js } = await client()
    const stream = js.makeBidiStreamRequest('/t.S/Echo', same, same)
    const seen: number[] = []
    const done = new Promise((resolve) => void stream.on('end', resolve))
    stream.on('data', (message: Buffer) => {
      seen.push(message.length)
      if (seen.length < 50) stream.write(Buffer.alloc(seen.length * 1000))
      else stream.end()
    })
    stream.write(Buffer.alloc(10))
    await done
    expect(seen.length).toBe(50)
    const failing = js.makeBidiStreamRequest('/t.S/Echo', same, same)
    const failed = new Promise<ServiceError>((resolve) => void failing.on('error', (e) => resolve(e as ServiceError)))
    failing.write(Buffer.alloc(3))
    expect(await failed).toMatchObject({ code: 9, details: 'three bytes' })
  })

  test('cancelled, and out of time', async () => {
    const { js, handlers } = await client()
    const stream = js.makeBidiStreamRequest('/t.S/Hold', same, same)
    const failed = new Promise<ServiceError>((resolve) => void stream.on('error', (e) => resolve(e as ServiceError)))
    stream.write(Buffer.alloc(1))
    await eventually(() => handlers.calls.length === 1)
    stream.cancel()
    expect(await failed).toMatchObject({ code: 1 })
    await eventually(() => handlers.seen.length === 1)
    const late = js.makeBidiStreamRequest('/t.S/Hold', same, same, { deadline: Date.now() + 100 })
    const over = await new Promise<ServiceError>((resolve) => void late.on('error', (e) => resolve(e as ServiceError)))
    expect(over).toMatchObject({ code: 4 })
    await eventually(() => handlers.seen.length === 2)
    expect(handlers.seen).toEqual(['cancelled', 'cancelled'])
  })

  test('megabytes at the pace of a client that reads slowly', async () => {
    const { js, handlers } = await client()
    const stream = js.makeServerStreamRequest('/t.S/Megabytes', same, same, number(12))
    let total = 0
    for await (const message of stream) {
      total += (message as Buffer).length
      await pause(3)
    }
    expect(total).toBe(12 * mebibyte)
    expect(handlers.mostUnsent).toBeLessThan(1.5 * mebibyte)
  })

  test('a stream that is open when the server stops ends with 14', async () => {
    const { js, server } = await client()
    const stream = js.makeBidiStreamRequest('/t.S/Echo', same, same)
    const failed = new Promise<ServiceError>((resolve) => void stream.on('error', (e) => resolve(e as ServiceError)))
    const first = new Promise((resolve) => void stream.once('data', resolve))
    stream.write(Buffer.alloc(1))
    await first
    await server.drain(20)
    expect(await failed).toMatchObject({ code: 14, details: 'the server is stopping' })
  })
})

describe('our client and a server by grpc-js', () => {
  async function channelToJs(): Promise<GrpcChannel> {
    const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
      path: `/t.S/${name}`,
      requestStream,
      responseStream,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    })
    const service: ServiceDefinition = {
      Count: method('Count', false, true),
      Sum: method('Sum', true, false),
      Echo: method('Echo', true, true),
    }
    const server = new Server()
    server.addService(service, {
      Count(call: { request: Buffer; write(message: Buffer): void; end(): void }) {
        for (let i = 0; i < numberIn(call.request); i++) call.write(number(i))
        call.end()
      },
      Sum(
        call: { on(event: string, listener: (message: Buffer) => void): void },
        done: (error: null, answer: Buffer) => void,
      ) {
        let total = 0
        call.on('data', (message) => void (total += numberIn(message)))
        call.on('end', () => done(null, number(total)))
      },
      Echo(call: {
        on(event: string, listener: (message: Buffer) => void): void
        write(message: Buffer): void
        end(): void
        emit(event: string, error: object): void
      }) {
        call.on('data', (message) => {
          if (message.length === 3) call.emit('error', { code: 9, details: 'three bytes' })
          else call.write(message)
        })
        call.on('end', () => call.end())
      },
    })
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound)
        else reject(error)
      })
    })
    atEnd(() => server.forceShutdown())
    return channelTo(port)
  }

  test('all kinds of streams, and a failure', async () => {
    const ours = await channelToJs()
    const count = open(ours, '/t.S/Count')
    count.stream.send(number(300))
    count.stream.end()
    const sum = open(ours, '/t.S/Sum')
    for (let i = 1; i <= 300; i++) sum.stream.send(number(i))
    sum.stream.end()
    const echo = open(ours, '/t.S/Echo')
    for (const length of [0, 1, 100_000, mebibyte]) echo.stream.send(new Uint8Array(length))
    echo.stream.end()
    for (const call of [count, sum, echo]) expect((await call.ended()).error).toBeUndefined()
    expect(count.messages.length).toBe(300)
    expect(sum.messages.map(numberIn)).toEqual([45_150])
    expect(echo.messages.map(({ length }) => length)).toEqual([0, 1, 100_000, mebibyte])
    const failing = open(ours, '/t.S/Echo')
    failing.stream.send(new Uint8Array(3))
    expect((await failing.ended()).error).toMatchObject({ code: 9, message: 'three bytes' })
  })
})
