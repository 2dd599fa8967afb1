import { expect, test } from 'vitest'
import { type CpuProfile, hottest, layersOf } from './profile.ts'

const frame = (functionName: string, url = ''): { functionName: string; url: string } => ({ functionName, url })
const source = (room: string): string => `file:///somewhere/packages/synod/src/${room}`

/** A sample every 100 µs from 1000 on. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 8] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('(garbage collector)') },
    { id: 4, callFrame: frame('flush', source('member/member.ts')), children: [5, 6] },
    { id: 5, callFrame: frame('write', source('journal/journal.ts')), children: [7] },
    { id: 6, callFrame: frame('u53', source('core/codec.ts')) },
    { id: 7, callFrame: frame('writeSync', 'node:fs') },
    { id: 8, callFrame: frame('put', 'file:///somewhere/packages/server/src/etcd/kv-service.ts') },
  ],
  startTime: 1000,
  samples: [2, 3, 4, 5, 6, 7, 8, 2],
  timeDeltas: [0, 100, 100, 100, 100, 100, 100, 100],
}

test('the time of what has no layer counts for the nearest one up the stack', () => {
  expect(Object.fromEntries(layersOf(profile, 0, 10_000))).toEqual({
    idle: 100,
    'garbage collector': 100,
    member: 200,
    journal: 200,
    'front: etcd': 100,
  })
})

test('only samples between the two moments count', () => {
  expect(Object.fromEntries(layersOf(profile, 1200, 1400))).toEqual({ member: 100, journal: 100 })
})

test('functions are told with the end of their path', () => {
  expect(hottest(profile, 1200, 1400, 2)).toEqual([
    [100, 'flush member/member.ts'],
    [100, 'write journal/journal.ts'],
  ])
})
