import { expect, test } from 'vitest'
import { assert, type Halt, type Host } from '../core/index.ts'
import { GuardedHost } from './guarded-host.ts'

function guarded(flush: (guard: GuardedHost) => void): { guard: GuardedHost; halts: Halt[]; calls: string[] } {
  const halts: Halt[] = []
  const calls: string[] = []
  const guard = new GuardedHost((halt) => halts.push(halt))
  const host: Host = {
    alarm: () => void calls.push('alarm'),
    flush: () => flush(guard),
    arrived: () => void calls.push('arrived'),
    greeted: () => void calls.push('greeted'),
    refused: () => void calls.push('refused'),
    connected: () => void calls.push('connected'),
    introduce: () => {
      calls.push('introduce')
      return undefined
    },
  }
  guard.bind(host)
  return { guard, halts, calls }
}

function callEverything(guard: GuardedHost): void {
  guard.alarm()
  guard.arrived('b', new Uint8Array(1))
  guard.greeted({ cluster: '0'.repeat(16), from: 'b', to: 'a', diskId: 'd', protocol: 'raft', contact: '' }, () => {})
  guard.refused('b', { code: 'busy', message: 'later' })
  guard.connected('b')
  guard.introduce()
}

const everything = ['alarm', 'arrived', 'greeted', 'refused', 'connected', 'introduce']

test('calls go through until one throws: that is a halt, and the last thing the member does', () => {
  const { guard, halts, calls } = guarded(() => assert(false, 'log matching: equal terms, equal entries'))
  callEverything(guard)
  expect(calls).toEqual(everything)
  guard.flush()
  expect(halts).toMatchObject([
    { code: 'assertion', message: 'a claim does not hold: log matching: equal terms, equal entries' },
  ])
  callEverything(guard)
  guard.enter(() => calls.push('entered'))
  expect(calls).toEqual(everything)
})

test('an error that nobody foresaw halts too, and is kept as the cause', () => {
  const cause = new TypeError('x is undefined')
  const { guard, halts } = guarded(() => {})
  guard.enter(() => {
    throw cause
  })
  expect(halts).toEqual([{ code: 'assertion', message: 'an unexpected error: x is undefined', cause }])
})

test('the first halt counts, whoever asks for it', () => {
  const disk: Halt = { code: 'disk', message: 'cannot sync' }
  const { guard, halts } = guarded((inside) => {
    inside.halt(disk)
    throw new Error('and then it stumbled')
  })
  guard.flush()
  guard.halt({ code: 'corrupt', message: 'later' })
  expect(halts).toEqual([disk])
})

test('a call inside another one is a broken invariant', () => {
  const { guard, halts } = guarded((inside) => inside.alarm())
  guard.flush()
  expect(halts[0]?.message).toContain('no call of a member comes inside another one')
})

test('after closing nothing goes through, and nothing halts', () => {
  const { guard, halts, calls } = guarded(() => {})
  guard.close()
  callEverything(guard)
  guard.halt({ code: 'disk', message: 'late' })
  expect([calls, halts]).toEqual([[], []])
})
