import { afterEach, expect, test, vi } from 'vitest'
import { endAll, frame, start } from './testing/kit.ts'

afterEach(endAll)

function timed(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

test('pitfall W7: the way to a peer is timed by a probe that it acknowledges at once, and not when it would anyway', async () => {
  const b = await start('b', {}, { tick: 60_000 })
  const a = await start('a', { b: b.port }, { tick: 20, probeTicks: 1, unacknowledgedTicksMax: 1000 })
  const toB = a.transport.traffic.of('b')
  await vi.waitFor(() => expect(timed(toB.roundTrip.counts)).toBeGreaterThanOrEqual(5), 2000)
})

test('what goes between two members is counted on both sides', async () => {
  const b = await start('b')
  const a = await start('a', { b: b.port })
  const toB = a.transport.traffic.of('b')
  await vi.waitFor(() => expect(toB.connected).toBe(true))
  await vi.waitFor(() => expect(a.transport.send('b', 'bulk', [frame(1, 2, 3)])).toBe(true))
  await vi.waitFor(() => expect(b.listener.frames).toHaveLength(1))
  expect(b.transport.traffic.of('a').receivedBytes).toBeGreaterThanOrEqual(11)
  expect(toB.sentBytes).toBeGreaterThanOrEqual(b.transport.traffic.of('a').receivedBytes)
})

test('a peer that goes away was lost, and what is sent to it then is counted as dropped', async () => {
  const b = await start('b')
  const a = await start('a', { b: b.port })
  const toB = a.transport.traffic.of('b')
  await vi.waitFor(() => expect(toB.connected).toBe(true))
  await b.transport.close()
  await vi.waitFor(() => expect(toB).toMatchObject({ connected: false, disconnections: 3 }))
  const before = toB.sendFailures
  expect(a.transport.send('b', 'urgent', [frame(1)])).toBe(false)
  expect(toB.sendFailures).toBe(before + 1)
})
