import { describe, expect, test } from 'vitest'
import { crc32 } from '../core/index.ts'
import { Draws } from './draws.ts'
import type { FaultName } from './faults.ts'
import { VirtualLink, type Deviation, type LinkTrouble } from './virtual-link.ts'

const frame = Uint8Array.from({ length: 40 }, (_, i) => i)
const latency = { kind: 'uniform', min: 1, max: 9 } as const

interface Sent {
  readonly number: number
  readonly at: number
  readonly damaged: boolean
}

/** Sends so many frames, one a millisecond. */
function send(count: number, trouble: LinkTrouble | undefined, planned: readonly Deviation[] = []) {
  const arrived: Sent[] = []
  const fired = new Map<FaultName, number>()
  const deviations: Deviation[] = []
  let number = 0
  const link: VirtualLink = new VirtualLink('a', 'b', latency, new Draws(1), {
    arrives: (at, bytes) => arrived.push({ number, at, damaged: crc32(bytes) !== crc32(frame) }),
    befell: (fault, fate) => {
      fired.set(fault, (fired.get(fault) ?? 0) + 1)
      if (fate !== undefined) deviations.push({ link: link.name, frame: number, fate })
    },
  })
  if (trouble !== undefined) link.impose(trouble)
  for (const deviation of planned) link.planned.set(deviation.frame, deviation.fate)
  for (; number < count; number++) link.send(number, frame.slice())
  return { arrived, fired, deviations, link }
}

function inOrder(arrived: readonly Sent[]): boolean {
  return arrived.every(({ at }, i) => at >= (arrived[i - 1]?.at ?? 0))
}

describe('a link', () => {
  test('in peace delivers each frame once, in order, within its latency', () => {
    const { arrived, fired } = send(500, undefined)
    expect(arrived).toHaveLength(500)
    expect(inOrder(arrived)).toBe(true)
    expect(fired.size).toBe(0)
  })

  test('that is cut delivers nothing, and counts it', () => {
    const { arrived, fired } = send(10, { cut: true })
    expect([arrived.length, fired.get('partition')]).toEqual([0, 10])
  })

  test('loses, doubles and damages about the share it is told to; what is damaged never has its checksum', () => {
    const { arrived, fired } = send(2000, { loss: 0.2, duplication: 0.1, corruption: 0.1 })
    expect(fired.get('loss')).toBeGreaterThan(300)
    expect(fired.get('loss')).toBeLessThan(500)
    expect(arrived).toHaveLength(2000 - (fired.get('loss') ?? 0) + (fired.get('duplication') ?? 0))
    expect(arrived.filter(({ damaged }) => damaged)).toHaveLength(fired.get('corruption') ?? -1)
  })

  test('that reorders lets frames overtake each other', () => {
    expect(inOrder(send(100, { reordering: true }).arrived)).toBe(false)
  })

  test('that is slow takes its own time, and is as it was afterwards', () => {
    const slow: LinkTrouble = { latency: { kind: 'uniform', min: 1000, max: 1001 } }
    const { link, arrived, fired } = send(10, slow)
    expect(arrived.every(({ at }) => at >= 1000)).toBe(true)
    expect(fired.get('latency')).toBe(10)
    link.lift(slow)
    expect(link.latency()).toBeLessThan(9)
  })

  test('with two troubles has the worse of each, until both are lifted', () => {
    const { link } = send(0, undefined)
    const [one, other]: LinkTrouble[] = [{ cut: true }, { cut: true, loss: 1 }]
    if (one === undefined || other === undefined) throw new TypeError('two troubles')
    link.impose(one)
    link.impose(other)
    link.lift(one)
    expect(link.isCut).toBe(true)
    link.lift(other)
    expect(link.isCut).toBe(false)
  })

  test('chance, written down frame by frame, is the same run without chance', () => {
    const chance = send(1000, { loss: 0.05, duplication: 0.05, corruption: 0.05 })
    const written = send(1000, undefined, chance.deviations)
    expect(written.arrived).toEqual(chance.arrived)
  })
})
