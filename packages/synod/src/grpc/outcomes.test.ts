/** What calls count as: alerts are made of it. */
import { afterEach, expect, test } from 'vitest'
import { connect, serve, type GrpcChannel, type GrpcServer, type MethodCounters } from './index.ts'
import { eventually, Handlers, open } from './stream-samples.ts'

const quiet = (): void => {}
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const closers: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function start(): Promise<{ server: GrpcServer; handlers: Handlers; channel: GrpcChannel }> {
  const handlers = new Handlers()
  const server = serve({ log, routes: handlers.routes })
  closers.push(() => server.close())
  const { port } = await server.listen('127.0.0.1', 0)
  const channel = connect('127.0.0.1', port, { log })
  closers.push(() => channel.close())
  return { server, handlers, channel }
}

function of(server: GrpcServer, path: string): MethodCounters | undefined {
  return server.counters.methods.find((one) => one.path === path)
}

/** Codes that there were, and how often. */
function outcomes(server: GrpcServer, path: string): Record<number, number> {
  const counted = (of(server, path)?.handled ?? []).map((count, code) => [code, count] as const)
  return Object.fromEntries(counted.filter(([, count]) => count > 0))
}

test('pitfall W9: a stream that its client ends, gives up, or leaves with its connection is never unavailable', async () => {
  const { server, handlers, channel } = await start()
  const ended = open(channel, '/t.S/Echo')
  ended.stream.end()
  await ended.ended()
  expect(outcomes(server, '/t.S/Echo')).toEqual({ 0: 1 })

  const givenUp = open(channel, '/t.S/Hold')
  const left = open(channel, '/t.S/Hold')
  await eventually(() => handlers.calls.length === 2)
  givenUp.stream.cancel()
  await eventually(() => handlers.seen.length === 1)
  channel.close()
  await left.ended()
  await eventually(() => server.counters.streamsOpen === 0)
  expect(outcomes(server, '/t.S/Hold')).toEqual({ 1: 2 })
})

test('what a call took is known when it has ended, and not before', async () => {
  const { server, handlers, channel } = await start()
  const held = open(channel, '/t.S/Hold')
  await eventually(() => handlers.calls.length === 1)
  const count = (): number => of(server, '/t.S/Hold')?.handling.counts.reduce((sum, one) => sum + one, 0) ?? -1
  expect(count()).toBe(0)
  await new Promise((resolve) => setTimeout(resolve, 60))
  held.stream.cancel()
  await eventually(() => count() === 1)
  const { sum = 0 } = of(server, '/t.S/Hold')?.handling ?? {}
  expect(sum).toBeGreaterThan(0.04)
  expect(sum).toBeLessThan(10)
})
