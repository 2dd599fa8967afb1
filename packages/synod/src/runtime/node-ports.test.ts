import { setImmediate as turn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { crc32, type Disk, type Host, type Links, type Logger } from '../core/index.ts'
import { GuardedHost } from './guarded-host.ts'
import { NodeClock } from './node-clock.ts'
import { NodePorts } from './node-ports.ts'

const calls: string[] = []
let clock: NodeClock
let ports: NodePorts
let duringFlush: () => void
beforeEach(() => {
  calls.length = 0
  duringFlush = () => {}
  const guard = new GuardedHost(() => calls.push('halted'))
  const nothing = (): void => {}
  const host: Host = {
    alarm: () => void calls.push('alarm'),
    flush: () => {
      calls.push('flush')
      duringFlush()
    },
    arrived: nothing,
    greeted: nothing,
    refused: nothing,
    connected: nothing,
    introduce: () => undefined,
  }
  guard.bind(host)
  clock = new NodeClock(() => guard.alarm())
  const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
  const links: Links = { send: () => false, reconfigure: nothing, estrange: nothing }
  const disk: Partial<Disk> = {}
  ports = new NodePorts({ host: guard, clock, disk: disk as Disk, links, log })
})
afterEach(() => {
  clock.close()
  vi.useRealTimers()
})

test('however often it is asked, the member flushes once, at the end of the turn', async () => {
  ports.endOfTurn()
  ports.endOfTurn()
  expect(calls).toEqual([])
  await turn()
  expect(calls).toEqual(['flush'])
  await turn()
  expect(calls).toEqual(['flush'])
})

test('asked for within a flush, another flush comes in the next turn', async () => {
  duringFlush = () => {
    duringFlush = () => {}
    ports.endOfTurn()
  }
  ports.endOfTurn()
  await turn()
  expect(calls).toEqual(['flush'])
  await turn()
  expect(calls).toEqual(['flush', 'flush'])
})

test('nothing is flushed after a halt', async () => {
  ports.endOfTurn()
  ports.halt({ code: 'disk', message: 'gone' })
  await turn()
  expect(calls).toEqual(['halted'])
})

test('the checksum is the one that all homes use', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      expect(ports.checksum(bytes)).toBe(crc32(bytes))
      const seed = ports.checksum(bytes.subarray(0, cut))
      expect(ports.checksum(bytes.subarray(cut), seed)).toBe(crc32(bytes))
      expect(ports.checksum(bytes, seed, Math.min(cut, bytes.length))).toBe(crc32(bytes))
      for (const checksum of [ports.checksum, crc32])
        expect(checksum(bytes, 0, 1, bytes.length - 1)).toBe(crc32(bytes.subarray(1, -1)))
    }),
  )
})

/** Timers and immediates run by hand; the clock reads the same time. */
function virtualTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
}

test('an alarm rings once, when its time has come', () => {
  virtualTime()
  clock.alarm(clock.now() + 50)
  vi.advanceTimersByTime(49)
  expect(calls).toEqual([])
  vi.advanceTimersByTime(10)
  expect(calls).toEqual(['alarm'])
  vi.advanceTimersByTime(1000)
  expect(calls).toEqual(['alarm'])
})

test('a later alarm replaces the one there was, and keeps its timer', () => {
  virtualTime()
  const begin = clock.now()
  for (let i = 0; i < 100; i++) clock.alarm(begin + 50 + i)
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(148)
  expect(calls).toEqual([])
  vi.advanceTimersByTime(10)
  expect(calls).toEqual(['alarm'])
})

test('an earlier alarm replaces the one there was', () => {
  virtualTime()
  clock.alarm(clock.now() + 1000)
  clock.alarm(clock.now() + 10)
  vi.advanceTimersByTime(20)
  expect(calls).toEqual(['alarm'])
  vi.advanceTimersByTime(2000)
  expect(calls).toEqual(['alarm'])
})

test('an alarm that was taken back does not ring', () => {
  virtualTime()
  clock.alarm(clock.now() + 10)
  clock.alarm(undefined)
  vi.advanceTimersByTime(100)
  expect(calls).toEqual([])
})

test('an alarm beyond what a timer can wait does not ring at once', () => {
  virtualTime()
  clock.alarm(clock.now() + 2 ** 32)
  vi.advanceTimersByTime(2 ** 31 + 10)
  expect(calls).toEqual([])
  vi.advanceTimersByTime(2 ** 31 + 10)
  expect(calls).toEqual(['alarm'])
})

test('after a pause of the process the sockets are read before the alarm rings', async () => {
  clock.alarm(clock.now() + 1)
  const heartbeat = new MessageChannel()
  heartbeat.port2.addEventListener('message', () => calls.push('heartbeat'))
  heartbeat.port2.start()
  heartbeat.port1.postMessage('heartbeat')
  const until = clock.now() + 20
  // as if the process had been suspended with both the timer and the message due
  while (clock.now() < until);
  await vi.waitFor(() => expect(calls).toContain('alarm'))
  expect(calls).toEqual(['heartbeat', 'alarm'])
  heartbeat.port1.close()
})
