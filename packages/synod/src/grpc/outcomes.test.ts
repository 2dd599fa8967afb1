/** What calls count as: alerts are made of it. */
import { afterEach, expect, test } from 'vitest'
import type { GrpcChannel, GrpcServer, MethodCounters } from './index.ts'
import { channelTo, closeAll, listening, pause } from './sample-servers.ts'
import { eventually, Handlers, open } from './stream-samples.ts'

afterEach(closeAll)

async function start(): Promise<{ server: GrpcServer; handlers: Handlers; channel: GrpcChannel }> {
  const handlers = new Handlers()
  const { server, port } = await listening({ routes: handlers.routes })
  return { server, handlers, channel: channelTo(port) }
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
  await pause(60)
  held.stream.cancel()
  await eventually(() => count() === 1)
  const { sum = 0 } = of(server, '/t.S/Hold')?.handling ?? {}
  expect(sum).toBeGreaterThan(0.04)
  expect(sum).toBeLessThan(10)
})
