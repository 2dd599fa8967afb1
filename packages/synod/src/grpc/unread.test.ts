/** Clients that ask and do not read the answers. */
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { FrameType, Setting } from './frames.ts'
import type { Unary } from './index.ts'
import { frame, hello, number, request, setting } from './raw-client.ts'
import { atEnd, closeAll, dial, pause, start } from './sample-servers.ts'
import { eventually } from './stream-samples.ts'

afterEach(closeAll)

test('while 4 MiB of answers wait for a window, no further request is looked at; all are answered when it opens', async () => {
  const { port, server } = await start()
  const wire = dial(port)
  const noWindow = frame(FrameType.settings, 0, 0, setting(Setting.initialWindowSize, 0))
  const calls = Array.from({ length: 50 }, (_, i) => request(2 * i + 1, '/t.T/Megabyte'))
  const ping = frame(FrameType.ping, 0, 0, Buffer.alloc(8))
  wire.socket.write(Buffer.concat([hello, noWindow, ...calls, ping]))
  await wire.until((seen) => seen.some(({ type }) => type === FrameType.ping))
  const answered = (): number => server.counters.methods.find(({ path }) => path === '/t.T/Megabyte')?.messagesSent ?? 0
  expect(answered()).toBe(4)
  expect(server.counters.limitHits.unsent_answers).toBe(1)
  const open = Buffer.concat([
    frame(FrameType.windowUpdate, 0, 0, number(0x7000_0000)),
    frame(FrameType.settings, 0, 0, setting(Setting.initialWindowSize, 2 ** 30)),
  ])
  let received = 0
  wire.socket.removeAllListeners('data')
  wire.socket.on('data', (piece: Buffer) => (received += piece.length))
  wire.socket.write(open)
  while (received < 50 * 1024 * 1024) await new Promise((resolve) => setImmediate(resolve))
  expect(answered()).toBe(50)
})

test('answers that were given already, and are never read, end the connection', async () => {
  const { port, server, calls } = await start({ unreadBytesMax: 8 * 1024 * 1024 })
  const wire = dial(port)
  const noWindow = frame(FrameType.settings, 0, 0, setting(Setting.initialWindowSize, 0))
  wire.socket.write(
    Buffer.concat([hello, noWindow, ...Array.from({ length: 20 }, (_, i) => request(2 * i + 1, '/t.T/Keep'))]),
  )
  while (calls.length < 20) await new Promise((resolve) => setImmediate(resolve))
  for (const call of calls) call.respond(new Uint8Array(1024 * 1024))
  const frames = await wire.untilClosed()
  expect(frames.find(({ type }) => type === FrameType.goaway)?.payload.toString('latin1')).toContain(
    'too many responses wait for this client to read them',
  )
  expect(server.counters.limitHits.unread_answers).toBe(1)
})

test('of all clients together, whoever leaves most answers unread is cut off, and the others are served', async () => {
  const { port, server, calls } = await start({ unreadBytesInAllMax: 8 * 1024 * 1024 })
  const noWindow = frame(FrameType.settings, 0, 0, setting(Setting.initialWindowSize, 0))
  const clients = [6, 3, 3].map((asked) => {
    const wire = dial(port)
    const asks = Array.from({ length: asked }, (_, i) => request(2 * i + 1, '/t.T/Keep'))
    wire.socket.write(Buffer.concat([hello, noWindow, ...asks]))
    return wire
  })
  while (calls.length < 12) await new Promise((resolve) => setImmediate(resolve))
  for (const call of calls) call.respond(new Uint8Array(1024 * 1024))
  const [greedy] = clients
  await eventually(() => server.connections === 2)
  expect((await greedy?.untilClosed())?.some(({ type }) => type === FrameType.goaway)).toBe(true)
  expect(server.counters.limitHits.unread_answers).toBe(1)
})

test('a client that does not read is not read either, until it does', async () => {
  const answered: string[] = []
  const long = 'x'.repeat(1000)
  const unary = (call: Unary): void => {
    answered.push(call.path)
    call.fail(9, long)
  }
  const routes = new Map([['/t.T/Fail', { unary }]])
  const { port } = await start({ backlogBytesMax: 64 * 1024 }, { routes })
  const socket = net.connect(port, '127.0.0.1')
  atEnd(() => void socket.destroy())
  socket.pause()
  const total = 30_000
  socket.write(Buffer.concat([hello, ...Array.from({ length: total }, (_, i) => request(2 * i + 1, '/t.T/Fail'))]))
  for (let before = -1; before < answered.length || before === 0;) {
    before = answered.length
    await pause(100)
  }
  expect(answered.length).toBeLessThan(total)
  let received = 0
  socket.on('data', (piece: Buffer) => (received += piece.length))
  socket.resume()
  while (received < total * long.length) await new Promise((resolve) => setImmediate(resolve))
  expect(answered.length).toBe(total)
})
