import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Network } from './proxy.ts'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

/** What a peer says first, as the formats' page has it. */
function greeting(from: string): Buffer {
  const text = (value: string): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(value.length)
    return Buffer.concat([length, Buffer.from(value)])
  }
  const numbers = Buffer.alloc(12)
  const body = Buffer.concat([text('0123456789abcdef'), text(from), text('b'), text('disk'), Buffer.from([0])])
  numbers.writeUInt32LE(1, 0)
  numbers.writeUInt32LE(1, 4)
  numbers.writeUInt32LE(body.length, 8)
  return Buffer.concat([Buffer.from('SYNP'), numbers, body])
}

/** A peer b behind a network, a connection that a made to it, and all bytes that each side got. */
async function connected(): Promise<{
  network: Network
  dialer: Socket
  listener: Socket
  got: Record<'a' | 'b', string>
}> {
  const server: Server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const network = new Network()
  network.introduce('id-of-a', 'a')
  const dialer = connect(await network.listen('b', { host: '127.0.0.1', port: address.port }), '127.0.0.1')
  opened.push({ close: () => dialer.destroy() }, network, server)
  const hello = greeting('id-of-a')
  // byte by byte: the proxy has to put it together
  for (const byte of hello) dialer.write(Buffer.from([byte]))
  const [listener] = (await once(server, 'connection')) as [Socket]
  const got = { a: '', b: '' }
  dialer.on('data', (chunk: Buffer) => (got.a += chunk.toString('latin1')))
  listener.on('data', (chunk: Buffer) => (got.b += chunk.toString('latin1')))
  await expect.poll(() => got.b).toBe(hello.toString('latin1'))
  got.b = ''
  return { network, dialer, listener, got }
}

test('bytes pass both ways', async () => {
  const { dialer, listener, got } = await connected()
  dialer.write('ping')
  await expect.poll(() => got.b).toBe('ping')
  listener.write('pong')
  await expect.poll(() => got.a).toBe('pong')
})

test('a cut direction holds its bytes until it is mended, and the other one goes on', async () => {
  const { network, dialer, listener, got } = await connected()
  network.cut('a', 'b')
  dialer.write('held')
  for (const word of ['one', 'two']) {
    listener.write(word)
    await expect.poll(() => got.a).toContain(word)
  }
  expect(got.b).toBe('')
  network.heal()
  await expect.poll(() => got.b).toBe('held')
})

test('the way back is cut on the same connection', async () => {
  const { network, dialer, listener, got } = await connected()
  network.cut('b', 'a')
  listener.write('held')
  dialer.write('passes')
  await expect.poll(() => got.b).toBe('passes')
  expect(got.a).toBe('')
  network.heal()
  await expect.poll(() => got.a).toBe('held')
})

test('a cut stops the sender: what is held is bounded', async () => {
  const { network, dialer, got } = await connected()
  network.cut('a', 'b')
  const size = 16 * 1024 * 1024
  dialer.write(Buffer.alloc(size, 'x'))
  // the kernel takes a few MiB and the proxy one: the rest stays with the sender
  await expect.poll(() => dialer.writableNeedDrain).toBe(true)
  expect(dialer.writableLength).toBeGreaterThan(0)
  network.heal()
  await expect.poll(() => got.b.length, { timeout: 20_000 }).toBe(size)
})

test('delayed bytes keep their order', async () => {
  const { network, dialer, got } = await connected()
  network.delay('a', 'b', 30)
  dialer.write('first ')
  await new Promise((resolve) => setTimeout(resolve, 5))
  dialer.write('second')
  await expect.poll(() => got.b).toBe('first second')
})

test('a reset breaks the connections on both sides', async () => {
  const { network, dialer, listener } = await connected()
  expect(network.connections).toBe(1)
  const closed = [once(dialer, 'close'), once(listener, 'close')]
  network.reset()
  await Promise.all(closed)
  await expect.poll(() => network.connections).toBe(0)
})

test('a connection whose target is gone is closed', async () => {
  const network = new Network()
  const closing = createServer()
  closing.listen(0, '127.0.0.1')
  await once(closing, 'listening')
  const address = closing.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  closing.close()
  const dialer = connect(await network.listen('b', { host: '127.0.0.1', port: address.port }), '127.0.0.1')
  opened.push(network)
  dialer.write(greeting('id-of-a'))
  await once(dialer, 'close')
  expect(network.connections).toBe(0)
})
