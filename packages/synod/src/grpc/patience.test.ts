/** How long a client may take. */
import { afterEach, describe, expect, test } from 'vitest'
import { ErrorCode, Flag, FrameType, preface } from './frames.ts'
import type { Unary } from './index.ts'
import { block, frame, hello, isAnswer, open, request, settings, split } from './raw-client.ts'
import { atEnd, closeAll, dial, expectServed, pause, start } from './sample-servers.ts'
import { eventually } from './stream-samples.ts'

afterEach(closeAll)

describe('time', () => {
  test('who does not say what it speaks, whole or in drips, is closed', async () => {
    const { server, port } = await start({ handshakeTimeoutMs: 150 })
    const [silent, dripping, settled] = [dial(port), dial(port), dial(port)]
    settled?.socket.write(preface)
    for (const byte of preface.subarray(0, 8)) {
      dripping?.socket.write(Uint8Array.of(byte))
      await pause(10)
    }
    await Promise.all([silent, dripping, settled].map(async (client) => client?.untilClosed()))
    expect(server.counters.limitHits.handshake_timeout).toBe(3)
  })

  test('a client that drips frames before its SETTINGS gains no time by it', async () => {
    const { server, port } = await start({ handshakeTimeoutMs: 200, headerTimeoutMs: 1000 })
    const wire = dial(port)
    wire.socket.write(Buffer.concat([preface, settings.subarray(0, 4)]))
    for (const byte of settings.subarray(4, 8)) {
      await pause(40)
      wire.socket.write(Uint8Array.of(byte))
    }
    await wire.untilClosed()
    expect(server.counters.limitHits.handshake_timeout).toBe(1)
  })

  const halfHeaders = open(1).subarray(0, 12)
  const openBlock = frame(FrameType.headers, 0, 1, block('/t.T/Echo'))
  const more = frame(FrameType.continuation, 0, 1, Buffer.from([0, 1, 120, 1, 121]))
  test.each([
    ['a frame that does not end', halfHeaders, Uint8Array.of(0)],
    ['a header block that does not end', openBlock, Buffer.alloc(0)],
    ['a header block that goes on for ever', openBlock, more],
  ])('%s ends the connection, however steadily it grows', async (_, first, drip) => {
    const { server, port } = await start({ headerTimeoutMs: 200 })
    const wire = dial(port)
    wire.socket.write(Buffer.concat([hello, request(1)]))
    await wire.until(isAnswer(1))
    const bytes = Buffer.from(first)
    bytes.writeUInt32BE(3, 5)
    wire.socket.write(bytes)
    const piece = Buffer.from(drip)
    if (piece.length > 9) piece.writeUInt32BE(3, 5)
    const timer = setInterval(() => void wire.socket.write(piece), 50)
    atEnd(() => clearInterval(timer))
    await Promise.race([wire.untilClosed(), pause(5000)])
    const frames = split(wire.bytes)
    expect(frames.find(({ type }) => type === FrameType.goaway)?.payload.readUInt32BE(4)).toBe(
      ErrorCode.enhanceYourCalm,
    )
    expect(server.counters.limitHits.header_timeout).toBe(1)
    await expectServed(port)
  })

  test('frame after frame may take as long as it likes', async () => {
    const { server, port } = await start({ headerTimeoutMs: 150 })
    const wire = dial(port)
    wire.socket.write(Buffer.concat([hello, open(1)]))
    const message = Buffer.from([0, 0, 0, 0, 40])
    wire.socket.write(frame(FrameType.data, 0, 1, message))
    for (let i = 0; i < 40; i++) {
      const piece = frame(FrameType.data, i === 39 ? Flag.endStream : 0, 1, Buffer.alloc(1))
      wire.socket.write(piece.subarray(0, 5))
      await pause(5)
      wire.socket.write(piece.subarray(5))
      await pause(5)
    }
    await wire.until(isAnswer(1))
    expect(server.counters.limitHits.header_timeout).toBe(0)
  })

  test('a client that takes no bytes while many wait is closed', async () => {
    const stalling = { backlogBytesMax: 64 * 1024, unsentBytesMax: 1024 * 1024, stallTimeoutMs: 300 }
    const fail = { unary: (call: Unary) => call.fail(9, 'x'.repeat(500)) }
    const { server, port } = await start(stalling, { routes: new Map([['/t.T/Fail', fail]]) })
    const wire = dial(port)
    wire.socket.pause()
    const flood = Array.from({ length: 40_000 }, (_, i) => request(2 * i + 1, '/t.T/Fail'))
    wire.socket.write(Buffer.concat([hello, ...flood]))
    await eventually(() => server.counters.limitHits.stall_timeout === 1)
    expect(server.counters.limitHits.unsent_answers).toBe(1)
    await eventually(() => server.connections === 0)
  })

  test('without a call for long, a connection is ended so that no call is lost', async () => {
    const { server, port } = await start({ idleTimeoutMs: 200 })
    const wire = dial(port)
    wire.socket.write(hello)
    const pinging = setInterval(() => void wire.socket.write(frame(FrameType.ping, 0, 0, Buffer.alloc(8))), 30)
    atEnd(() => clearInterval(pinging))
    const seen = await wire.until((frames) => frames.some(({ type }) => type === FrameType.goaway))
    expect(seen.find(({ type }) => type === FrameType.goaway)?.payload.readUInt32BE(0)).toBe(0x7fff_ffff)
    // On its way when the server had had enough.
    wire.socket.write(request(1))
    await wire.until(isAnswer(1))
    wire.socket.write(frame(FrameType.ping, Flag.ack, 0, Buffer.alloc(8)))
    await wire.untilClosed()
    expect(server.counters.limitHits.idle_timeout).toBe(1)
  })

  test('a client that hears that the server is going away, and stays all the same, is closed', async () => {
    const { server, port } = await start({ idleTimeoutMs: 100, keepaliveTimeoutMs: 100 })
    const wire = dial(port)
    wire.socket.write(hello)
    await wire.untilClosed()
    expect(server.connections).toBe(0)
  })
})
