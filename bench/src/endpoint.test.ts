import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type GrpcServer, type UnaryRoute, serve } from 'synod/grpc'
import { CallFailed, Endpoint } from './endpoint.ts'

const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

async function endpointOf(unary: UnaryRoute['unary']): Promise<{ endpoint: Endpoint; server: GrpcServer }> {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const server = serve({ routes: new Map([['/test/Call', { unary }]]), log: silent })
  const { port } = await server.listen('127.0.0.1', 0)
  const endpoint = new Endpoint(port)
  opened.push(
    () => endpoint.close(),
    () => server.close(),
  )
  return { endpoint, server }
}

async function failure(endpoint: Endpoint): Promise<CallFailed> {
  const result = await endpoint.call('/test/Call', Uint8Array.of(1), 200).catch((error: unknown) => error)
  if (!(result instanceof CallFailed)) throw new Error(`expected a failure, got ${String(result)}`)
  return result
}

test('an answer is its bytes', async () => {
  const { endpoint } = await endpointOf((call, request) => call.respond(request))
  expect([...(await endpoint.call('/test/Call', Uint8Array.of(7, 8), 1000))]).toEqual([7, 8])
})

test.each([
  ['a rejection that the server calls so', 14, { 'synod-outcome': 'rejected' }, true],
  ['an outcome that the server does not know', 14, { 'synod-outcome': 'unknown' }, false],
  ['no word about the outcome', 14, {}, false],
  ['an overloaded server that says no more', 8, {}, false],
  ['a deadline that is over', 4, {}, false],
  ['a request that is at fault', 3, {}, true],
  ['a revision that is compacted', 11, {}, true],
  ['a call that the server does not have', 12, {}, true],
])('%s', async (_what, code, trailers, certain) => {
  const { endpoint } = await endpointOf((call) => call.fail(code, 'no', trailers))
  expect(await failure(endpoint)).toMatchObject({ message: `${code} no`, certain })
})

test('a call that is not answered in time is unknown', async () => {
  const { endpoint } = await endpointOf(() => {})
  expect((await failure(endpoint)).certain).toBe(false)
})

test('a call that nobody listens for is certainly not applied', async () => {
  const { endpoint, server } = await endpointOf((call, request) => call.respond(request))
  await server.close()
  expect((await failure(endpoint)).certain).toBe(true)
})

test('a call whose connection breaks is unknown, and the next one connects again', async () => {
  const { endpoint: behind } = await endpointOf((call, request) => call.respond(request))
  let connections = 0
  const front = createServer((socket) => {
    connections++
    const onward = connect(behind.port, '127.0.0.1')
    // Whoever of the two is gone first, the other one may still be written to.
    for (const side of [socket, onward]) side.on('error', () => side.destroy())
    socket.pipe(onward).pipe(socket)
    if (connections > 1) return
    // A call follows when the server has answered the greeting.
    let pieces = 0
    socket.on('data', () => {
      if (++pieces === 2) socket.destroy()
    })
    socket.on('close', () => onward.destroy())
  })
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  const address = front.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const endpoint = new Endpoint(address.port)
  opened.push(
    () => endpoint.close(),
    () => front.close(),
  )
  expect((await failure(endpoint)).certain).toBe(false)
  expect([...(await endpoint.call('/test/Call', Uint8Array.of(1), 1000))]).toEqual([1])
})
