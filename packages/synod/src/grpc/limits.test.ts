/** What a client may not do, and how long it may take for what it may. */
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { Flag, FrameType } from './frames.ts'
import { Code, type GrpcServer } from './index.ts'
import { block, frame, hello, isAnswer, open, request } from './raw-client.ts'
import { atEnd, channelTo, closeAll, dial, expectServed, pause, start } from './sample-servers.ts'
import { eventually } from './stream-samples.ts'

afterEach(closeAll)

describe('connections', () => {
  test('more than one address may have are closed before they say anything; a place that is free is given again', async () => {
    const { server, port } = await start({ connectionsPerAddressMax: 2 })
    const [first] = [dial(port), dial(port)]
    await eventually(() => server.counters.connectionsOpen === 2)
    await dial(port).untilClosed()
    expect(server.counters.limitHits.connections_per_address).toBe(1)
    first?.socket.destroy()
    await eventually(() => server.counters.connectionsOpen === 1)
    await expectServed(port)
  })

  test('more than there may be in all are closed', async () => {
    const { server, port } = await start({ connectionsMax: 1 })
    const first = dial(port)
    first.socket.write(Buffer.concat([hello, request(1)]))
    await first.until(isAnswer(1))
    await dial(port).untilClosed()
    expect(server.counters).toMatchObject({ connectionsAccepted: 1, connectionsOpen: 1 })
    expect(server.counters.limitHits.connections).toBe(1)
  })

  test('one that was handed over counts as long as it is open', async () => {
    const { server, port } = await start({ connectionsMax: 1 }, { other: (socket) => void socket.resume() })
    const other = dial(port)
    other.socket.write('GET / HTTP/1.1\r\n\r\n')
    await eventually(() => server.counters.connectionsOpen === 1)
    await dial(port).untilClosed()
    other.socket.end()
    await eventually(() => server.counters.connectionsOpen === 0)
    await expectServed(port)
  })
})

describe('paths', () => {
  test.each([
    ['t.T/Echo', 'malformed method name: "t.T/Echo"'],
    ['/t.T/Echo/', 'unknown service t.T/Echo'],
    ['/t.T/EchoX', 'unknown method EchoX for service t.T'],
    ['/t.T/Ech', 'unknown method Ech for service t.T'],
    ['//t.T/Echo', 'unknown service /t.T'],
    ['/T.T/Echo', 'unknown service T.T'],
    ['/t.T/Echo?x=1', 'unknown method Echo?x=1 for service t.T'],
    ['/t.T/%45cho', 'unknown method %2545cho for service t.T'],
    ['/__proto__/x', 'unknown service __proto__'],
  ])('%s is not nearly a path, and is answered 12 before its body is looked at', async (path, text) => {
    const { server, port } = await start()
    const wire = dial(port)
    wire.socket.write(Buffer.concat([hello, open(1, path), frame(FrameType.ping, 0, 0, Buffer.alloc(8))]))
    const frames = await wire.until((seen) => seen.some(({ type }) => type === FrameType.ping))
    const answer = frames.find(({ type }) => type === FrameType.headers)?.payload.toString('latin1')
    expect(answer).toContain('12')
    expect(answer).toContain(text)
    expect(server.counters.methods.at(-1)).toMatchObject({ path: '', started: 1 })
    expect(server.counters.methods.at(-1)?.handled[12]).toBe(1)
  })

  test('an unknown path with a deadline that is none is unknown first', async () => {
    const { port } = await start()
    const wire = dial(port)
    const headers = block('/t.T/Nope', [['grpc-timeout', 'soon']])
    wire.socket.write(Buffer.concat([hello, frame(FrameType.headers, Flag.endHeaders, 1, headers)]))
    const frames = await wire.until(isAnswer(1))
    expect(frames.find(({ type }) => type === FrameType.headers)?.payload.toString('latin1')).toContain(
      'unknown method',
    )
  })
})

describe('the first bytes', () => {
  async function beside(): Promise<{ server: GrpcServer; port: number }> {
    const http = createHttpServer((asked, answer) => {
      const pieces: Buffer[] = []
      asked.on('data', (piece: Buffer) => pieces.push(piece))
      asked.on('end', () => answer.end(`${asked.method} ${asked.url} ${Buffer.concat(pieces).length}`))
    })
    atEnd(() => void http.close())
    return start(
      {},
      {
        other(socket, firstBytes) {
          socket.unshift(firstBytes)
          http.emit('connection', socket)
          socket.resume()
        },
      },
    )
  }

  test('decide who answers, and none is lost on the way to node:http, however they are cut', async () => {
    const { port } = await beside()
    const asked = 'PUT /v3/kv HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello'
    for (const cut of [1, 2, 3, 10, asked.length - 2]) {
      const wire = dial(port)
      wire.socket.write(asked.slice(0, cut))
      await pause(5)
      wire.socket.write(asked.slice(cut))
      await wire.untilClosed()
      expect(wire.bytes.toString()).toMatch(/PUT \/v3\/kv 5$/)
    }
    await expectServed(port)
  })

  test('a large body arrives whole, and a connection that is kept serves again', async () => {
    const { port } = await beside()
    const ask = (length: number): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { port, host: '127.0.0.1', method: 'POST', path: '/x', headers: { 'content-length': length } }
        const asked = httpRequest(options, (answer) => {
          let text = ''
          answer.on('data', (piece: Buffer) => (text += piece.toString()))
          answer.on('end', () => resolve(text))
        })
        asked.on('error', reject)
        asked.end(Buffer.alloc(length))
      })
    expect(await ask(3_000_000)).toBe('POST /x 3000000')
    expect(await ask(10)).toBe('POST /x 10')
  })

  test('a connection that was handed over is waited for while the server drains, and closed when the grace is over', async () => {
    const { server, port } = await beside()
    const wire = dial(port)
    wire.socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n')
    await eventually(() => server.counters.connectionsOpen === 1)
    await pause(20)
    const began = performance.now()
    await server.drain(100)
    expect(performance.now() - began).toBeGreaterThan(90)
    await wire.untilClosed()
    await eventually(() => server.counters.connectionsOpen === 0)
  })
})

test('what passed is counted: bytes, streams, messages and codes', async () => {
  const { server, port } = await start()
  const channel = channelTo(port)
  for (let i = 0; i < 10; i++) await channel.unary('/t.T/Echo', new Uint8Array(1000))
  await expect(channel.unary('/t.T/Nope', new Uint8Array(0))).rejects.toMatchObject({ code: Code.unimplemented })
  const { counters } = server
  expect(counters).toMatchObject({ connectionsAccepted: 1, connectionsOpen: 1, streamsOpened: 11, streamsOpen: 0 })
  expect(counters.bytesReceived).toBeGreaterThan(10_000)
  expect(counters.bytesSent).toBeGreaterThan(10_000)
  const [echo] = counters.methods
  expect(echo).toMatchObject({ path: '/t.T/Echo', started: 10, messagesReceived: 10, messagesSent: 10 })
  expect([echo?.handled[Code.ok], counters.methods.at(-1)?.handled[Code.unimplemented]]).toEqual([10, 1])
  expect(Object.values(counters.limitHits).every((hits) => hits === 0)).toBe(true)
})
