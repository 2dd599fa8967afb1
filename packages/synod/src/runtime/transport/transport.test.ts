import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import type { Channel, NodeId, Refusal, Hello } from '../../core/index.ts'
import { frameMax, FrameReader } from './frames.ts'
import { readAnswer, versions } from './handshake.ts'
import { cluster, dial, endAll, frame, greeting, type Node, RawPeer, start } from './testing/kit.ts'

const mebibyte = 1024 * 1024
const patience = { timeout: 10_000, interval: 5 }

afterEach(endAll)

async function whatIsAnswered(socket: Socket): Promise<ReturnType<typeof readAnswer>> {
  let heard: Uint8Array = new Uint8Array(0)
  socket.on('data', (bytes: Uint8Array) => (heard = Buffer.concat([heard, bytes])))
  await vi.waitFor(() => expect(readAnswer(heard)).toBeDefined(), patience)
  return readAnswer(heard)
}

async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  // Not `once` of node:events: a connection that is reset is closed all the same.
  if (!socket.closed) await new Promise<void>((resolve) => void socket.once('close', () => resolve()))
}

const sent = async (node: Node, to: NodeId, channel: Channel, ...parts: Uint8Array[]): Promise<void> => {
  await vi.waitFor(() => expect(node.transport.send(to, channel, parts)).toBe(true), patience)
}

const texts = (node: Node): string[] =>
  node.listener.frames.map(({ from, bytes }) => `${from}: ${new TextDecoder().decode(bytes)}`)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

test('frames of every channel arrive, whole, and say whose they are', async () => {
  const b = await start('b')
  const a = await start('a', { b: b.port })
  await sent(a, 'b', 'urgent', text('vo'), text('te'))
  await sent(a, 'b', 'bulk', text('entries'))
  await sent(a, 'b', 'snapshot', text('piece'))
  await vi.waitFor(() => expect(texts(b).toSorted()).toEqual(['a: entries', 'a: piece', 'a: vote']), patience)
  expect(a.listener.connections).toEqual(['b'])
  expect(b.listener.greetings.length).toBe(3)
  expect(b.listener.greetings[0]).toEqual({
    cluster,
    from: 'a',
    to: 'b',
    diskId: 'disk-a',
    protocol: 'raft',
    contact: '',
  })
})

test('parts may be used again as soon as they are sent, though the kernel has not taken them yet', async () => {
  const peer = new RawPeer()
  const a = await start('a', { b: await peer.listen() })
  const part = new Uint8Array(300_000)
  await sent(a, 'b', 'bulk', part)
  await vi.waitFor(() => expect(peer.received.bulk).toBe(300_004), patience)
  peer.channels.bulk?.pause()
  const frames = new FrameReader()
  const seen: number[] = []
  peer.channels.bulk?.on('data', (bytes: Uint8Array) => {
    frames.push(bytes, (one) => seen.push(one.every((byte) => byte === one[0]) ? (one[0] ?? -1) : -1))
  })
  peer.channels.bulk?.pause()
  const expected = Array.from({ length: 60 }, (_, i) => i + 1)
  for (const i of expected) {
    part.fill(i)
    expect(a.transport.send('b', 'bulk', [part])).toBe(true)
    part.fill(255)
    await pause(0)
  }
  expect(a.transport.queued('b', 'bulk')).toBeGreaterThan(3 * part.length)
  peer.channels.bulk?.resume()
  await vi.waitFor(() => expect(seen).toHaveLength(expected.length), patience)
  expect(seen).toEqual(expected)
})

test('a turn’s frames leave in one write', async () => {
  const peer = new RawPeer()
  const a = await start('a', { b: await peer.listen() })
  await sent(a, 'b', 'urgent', text('first'))
  await vi.waitFor(() => expect(peer.received.urgent).toBe(9), patience)
  const chunks: number[] = []
  peer.channels.urgent?.on('data', (bytes) => chunks.push(bytes.length))
  for (let i = 0; i < 50; i++) a.transport.send('b', 'urgent', [text('tenletters')])
  await vi.waitFor(() => expect(peer.received.urgent).toBe(9 + 50 * 14), patience)
  expect(chunks).toEqual([50 * 14])
})

test('without a connection a frame is dropped and the sender told', async () => {
  const a = await start('a', { b: 1 })
  expect(a.transport.send('b', 'urgent', [text('x')])).toBe(false)
  expect(a.transport.send('nobody', 'urgent', [text('x')])).toBe(false)
  await vi.waitFor(
    () => expect(a.warnings.join()).toContain('no connection to b, trying again: connect ECONNREFUSED'),
    patience,
  )
  expect(a.warnings.length).toBe(1)
})

test('a peer that started again is dialed again, and the member is told', async () => {
  const b = await start('b')
  const a = await start('a', { b: b.port })
  await sent(a, 'b', 'bulk', text('before'))
  await vi.waitFor(() => expect(texts(b)).toEqual(['a: before']), patience)
  await b.transport.close()
  await vi.waitFor(() => expect(a.transport.send('b', 'urgent', [text('lost')])).toBe(false), patience)
  const again = await start('b', {}, {}, b.port)
  await vi.waitFor(() => expect(a.listener.connections).toEqual(['b', 'b']), patience)
  await sent(a, 'b', 'bulk', text('after'))
  await vi.waitFor(() => expect(texts(again)).toContain('a: after'), patience)
})

test('a hung peer holds no more than its bound, and stalls nobody', async () => {
  const hung = new RawPeer()
  const c = await start('c')
  const queueBytesMax = { urgent: mebibyte, bulk: 2 * mebibyte, snapshot: mebibyte }
  const a = await start('a', { b: await hung.listen(), c: c.port }, { queueBytesMax })
  const entries = new Uint8Array(64 * 1024)
  await sent(a, 'b', 'bulk', entries)
  await sent(a, 'c', 'bulk', text('hello'))
  hung.channels.bulk?.pause()
  let accepted = 0
  // the kernels of both sides take some megabytes before anything is queued here
  for (let dropped = 0; dropped < 200;) {
    if (a.transport.send('b', 'bulk', [entries])) accepted++
    else dropped++
    expect(a.transport.queued('b', 'bulk')).toBeLessThanOrEqual(queueBytesMax.bulk)
    if (accepted % 16 === 0) await pause(0)
  }
  expect(a.transport.queued('b', 'bulk')).toBeGreaterThan(queueBytesMax.bulk - 2 * entries.length)
  await sent(a, 'b', 'urgent', text('vote'))
  await sent(a, 'c', 'bulk', text('entries'))
  await vi.waitFor(() => expect(hung.received.urgent).toBe(8), patience)
  await vi.waitFor(() => expect(texts(c)).toEqual(['a: hello', 'a: entries']), patience)
})

test('one frame may be queued however large it is, and none may be larger than a frame can be', async () => {
  const b = await start('b')
  const queueBytesMax = { urgent: 1000, bulk: 1000, snapshot: 1000 }
  const a = await start('a', { b: b.port }, { queueBytesMax })
  await sent(a, 'b', 'bulk', new Uint8Array(frameMax))
  expect(a.transport.send('b', 'bulk', [text('behind it')])).toBe(false)
  await vi.waitFor(() => expect(b.listener.frames[0]?.bytes.length).toBe(frameMax), patience)
  expect(() => a.transport.send('b', 'bulk', [new Uint8Array(frameMax), text('x')])).toThrow(`not ${frameMax + 1}`)
  expect(() => a.transport.send('b', 'bulk', [])).toThrow('not 0')
})

test('a peer whose process no longer reads is given up, though its kernel accepts', async () => {
  const peer = new RawPeer()
  const a = await start('a', { b: await peer.listen() }, { tick: 10, unacknowledgedTicksMax: 5 })
  await sent(a, 'b', 'urgent', text('heartbeat'))
  // the raw peer never sends a receipt, as a suspended process would not
  await vi.waitFor(() => expect(a.warnings.join()).toContain('the peer has read nothing for 50 ms'), patience)
  await vi.waitFor(() => expect(a.listener.connections.length).toBeGreaterThan(1), patience)
})

test('connections that are used, and connections that are idle, live on', async () => {
  const limits = { tick: 10, unacknowledgedTicksMax: 20, silentTicksMax: 20 }
  const b = await start('b', {}, limits)
  const a = await start('a', { b: b.port }, limits)
  await sent(a, 'b', 'urgent', text('x'))
  for (let i = 0; i < 40; i++) {
    await pause(10)
    expect(a.transport.send('b', 'urgent', [text('x')])).toBe(true)
  }
  expect(b.listener.greetings.length).toBe(3)
  expect(a.listener.connections.length).toBe(1)
})

test('a connection of which nothing is heard any more is closed', async () => {
  const a = await start('a', {}, { tick: 5, silentTicksMax: 4 })
  const socket = await dial(a.port)
  socket.write(greeting())
  expect((await whatIsAnswered(socket))?.answer).toEqual({ version: versions.highest })
  await closed(socket)
  expect(a.warnings).toEqual([])
})

test('a receipt that cannot be true ends the connection', async () => {
  const peer = new RawPeer()
  const a = await start('a', { b: await peer.listen() })
  await sent(a, 'b', 'urgent', text('x'))
  peer.channels.urgent?.write(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0))
  await vi.waitFor(() => expect(a.warnings.join()).toContain('acknowledges 4294967296 bytes of 5 sent'), patience)
})

test('the member is asked with what was said, and refuses in its own words', async () => {
  const a = await start('a')
  const refusal = (hello: Hello): Refusal => ({
    code: 'cluster-mismatch',
    message: `no ${hello.cluster} for ${hello.to}`,
  })
  a.listener.welcome = (hello, answer) => answer(refusal(hello))
  const socket = await dial(a.port)
  const hello = { cluster: 'f'.repeat(16), from: 'x', to: 'z', diskId: 'd', protocol: 'raft', contact: '' }
  socket.write(greeting({ hello }))
  expect((await whatIsAnswered(socket))?.answer).toEqual({ refusal: refusal(hello) })
  await closed(socket)
  expect(a.warnings.join()).toContain(refusal(hello).message)
})

test('who is refused is told why, once, and tries again later', async () => {
  const b = await start('b')
  b.listener.welcome = (_, answer) => answer({ code: 'lost-disk', message: 'member a has lost its disk' })
  const a = await start('a', { b: b.port })
  await vi.waitFor(() => expect(a.listener.refusals.length).toBeGreaterThan(0), patience)
  expect(a.listener.refusals[0]).toEqual({ code: 'lost-disk', message: 'member a has lost its disk' })
  b.listener.welcome = (_, answer) => answer(undefined)
  await sent(a, 'b', 'urgent', text('x'))
  expect(a.warnings.filter((warning) => warning.includes('lost its disk')).length).toBe(1)
})

test('a peer without a common version is refused with both ranges, though it says more than this one can read', async () => {
  const a = await start('a')
  const socket = await dial(a.port)
  socket.write(greeting({ versions: { lowest: 7, highest: 9 } }))
  socket.write(new Uint8Array(200_000))
  expect((await whatIsAnswered(socket))?.answer).toMatchObject({ refusal: { code: 'version' } })
  await closed(socket)
  expect(a.warnings.join()).toMatch(/7 to 9 .* 3 to 3/u)
  expect(a.listener.greetings).toEqual([])
})

test.each([
  ['HTTP', text('GET /health HTTP/1.1\r\n\r\n'), 'begins with'],
  ['a frame before the welcome', Buffer.concat([greeting(), frame(1, 2)]), 'before the welcome'],
  [
    'a body too long',
    Buffer.concat([greeting().subarray(0, 12), Uint8Array.of(255, 255, 255, 255)]),
    '4294967295 bytes',
  ],
])('a stranger is closed and the reason logged: %s', async (_, bytes, words) => {
  const a = await start('a')
  const socket = await dial(a.port)
  socket.write(bytes)
  await closed(socket)
  expect(a.warnings.join()).toContain(words)
  expect(a.listener.frames).toEqual([])
})

test('frames that come while the member is still asked are refused', async () => {
  const a = await start('a')
  const answers: (() => void)[] = []
  a.listener.welcome = (_, answer) => void answers.push(() => answer(undefined))
  const socket = await dial(a.port)
  socket.write(greeting())
  await vi.waitFor(() => expect(a.listener.greetings.length).toBe(1), patience)
  socket.write(frame(1))
  await closed(socket)
  // an answer that comes too late is nobody's
  for (const answer of answers) answer()
  expect(a.warnings.join()).toContain('5 bytes came before the welcome')
  expect(a.listener.frames).toEqual([])
})

test('a frame that is announced too long closes the connection, and what came before it was heard', async () => {
  const a = await start('a')
  const socket = await dial(a.port)
  socket.write(greeting())
  await whatIsAnswered(socket)
  socket.write(Buffer.concat([frame(1, 2), Uint8Array.of(1, 0, 0, 1)]))
  await closed(socket)
  expect(a.listener.frames.map(({ bytes }) => [...bytes])).toEqual([[1, 2]])
  expect(a.warnings.join()).toContain(`a frame of ${frameMax + 1} bytes is announced`)
})

test('who greets too slowly has to go, and so has the oldest of too many', async () => {
  const a = await start('a', {}, { handshakeTimeout: 50, strangersMax: 2 })
  const slow = await dial(a.port)
  slow.write(greeting().subarray(0, 7))
  await closed(slow)
  expect(a.warnings.join()).toContain('not welcomed within 50 ms')
  const crowd = await Promise.all([dial(a.port), dial(a.port), dial(a.port)])
  await vi.waitFor(() => expect(a.warnings.join()).toContain('more than 2 connections'), patience)
  await Promise.all(crowd.map(closed))
})

test('a greeting in single bytes is understood', async () => {
  const a = await start('a')
  const socket = await dial(a.port)
  socket.setNoDelay(true)
  for (const byte of greeting()) {
    socket.write(Uint8Array.of(byte))
    await pause(0)
  }
  expect((await whatIsAnswered(socket))?.answer).toEqual({ version: versions.highest })
})

test('whatever strangers say, the member hears nothing and goes on', async () => {
  const a = await start('a', {}, { handshakeTimeout: 20 })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.boolean(), async (bytes, politely) => {
      const socket = await dial(a.port)
      socket.end(politely ? Buffer.concat([greeting().subarray(0, 16), bytes]) : bytes)
      await closed(socket)
    }),
    { numRuns: 60 },
  )
  expect(a.halts).toEqual([])
  expect(a.listener.frames).toEqual([])
  // the log is not theirs to fill
  expect(a.warnings.length).toBeLessThanOrEqual(10)
  const b = await start('b', { a: a.port })
  await sent(b, 'a', 'urgent', text('still here'))
  await vi.waitFor(() => expect(texts(a)).toEqual(['b: still here']), patience)
})

test('a new connection of the same peer and channel takes the place of the old one', async () => {
  const a = await start('a')
  const old = await dial(a.port)
  old.write(greeting())
  await whatIsAnswered(old)
  const other = await dial(a.port)
  other.write(greeting({ channel: 'bulk' }))
  await whatIsAnswered(other)
  const next = await dial(a.port)
  next.write(greeting())
  await whatIsAnswered(next)
  await closed(old)
  other.write(frame(1))
  next.write(frame(2))
  await vi.waitFor(
    () => expect(new Set(a.listener.frames.map(({ bytes }) => bytes[0]))).toEqual(new Set([1, 2])),
    patience,
  )
})

test('one connection hands over only so much in a turn', async () => {
  const b = await start('b', {}, { turnBytesMax: 64 * 1024 })
  const a = await start('a', { b: b.port })
  const perTurn: number[] = []
  let inTurn = 0
  b.listener.arrived = (_, bytes) => {
    if (inTurn === 0) {
      setImmediate(() => {
        perTurn.push(inTurn)
        inTurn = 0
      })
    }
    inTurn += bytes.length
  }
  await sent(a, 'b', 'bulk', new Uint8Array(1000))
  for (let i = 0; i < 4000; i++) a.transport.send('b', 'bulk', [new Uint8Array(1000)])
  await vi.waitFor(() => expect(perTurn.reduce((sum, bytes) => sum + bytes, 0)).toBe(4_001_000), patience)
  // a chunk of the stream more than the limit, and a frame that it completes
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * 64 * 1024 + 1000)
})

test('an address in use is refused with itself and what to do', async () => {
  const a = await start('a')
  await expect(start('b', {}, {}, a.port)).rejects.toMatchObject({
    name: 'StartFailed',
    message: `cannot listen for peers on 127.0.0.1:${a.port}: another process listens there; stop it, or give this member another peer address`,
    detail: { code: 'address', host: '127.0.0.1', port: a.port },
  })
})

test('what was sent before closing arrives, and what is destroyed says nothing more', async () => {
  const b = await start('b')
  const a = await start('a', { b: b.port })
  await sent(a, 'b', 'urgent', text('hello'))
  await sent(a, 'b', 'urgent', text('last words'))
  await a.transport.close()
  await vi.waitFor(() => expect(texts(b)).toEqual(['a: hello', 'a: last words']), patience)
  const c = await start('c', { b: b.port })
  await sent(c, 'b', 'urgent', text('hello'))
  await vi.waitFor(() => expect(texts(b)).toContain('c: hello'), patience)
  c.transport.send('b', 'urgent', [text('never said')])
  c.transport.destroy()
  expect(c.transport.send('b', 'urgent', [text('nor this')])).toBe(false)
  await sent(await start('d', { b: b.port }), 'b', 'urgent', text('hello'))
  await vi.waitFor(() => expect(texts(b)).toContain('d: hello'), patience)
  expect(texts(b).filter((said) => said.startsWith('c'))).toEqual(['c: hello'])
})
