import { expect, test } from 'vitest'
import { barOf, judged } from './bars.ts'
import type { Measured } from './loaded-cluster.ts'
import { distinctRow, equalLoadRow, getRow, putRow } from './rows.ts'

const measured = (perSecond: number, cpu: number, p99Ms = 1): Measured => {
  return { perSecond, p50Ms: 1, p99Ms, cpu: [cpu / 2, cpu / 2], loadCpu: 1, foreign: 0 }
}

test('each row has the bar of its load', () => {
  expect(barOf(putRow(1, 1))).toEqual({ rate: 1.5, cpu: 1 / 2 })
  expect(barOf(putRow(64, 1))).toEqual({ rate: 2.5, cpu: 1 / 3 })
  expect(barOf(putRow(1000, 1))).toEqual({ rate: 2.5, cpu: 1 / 3 })
  expect(barOf(putRow(8, 32))).toEqual({ rate: 4, cpu: 1 / 3 })
  expect(barOf(distinctRow(8, 32))).toEqual({ rate: 4, cpu: 1 / 3 })
  expect(barOf(getRow('serializable', 64, 1))).toEqual({ rate: 2 })
  expect(barOf(equalLoadRow(1000))).toEqual({ cpu: 1 / 3, p99: true })
})

test('what was measured reaches a bar, or does not', () => {
  expect(judged({ rate: 2, cpu: 1 / 2 }, measured(100, 40), measured(200, 20))).toBe('/s ≥ 2x: met; CPU ≤ 1/2: met')
  expect(judged({ rate: 2, cpu: 1 / 3 }, measured(100, 40), measured(199, 20))).toBe(
    '/s ≥ 2x: **missed**; CPU ≤ 1/3: **missed**',
  )
  expect(judged({ p99: true }, measured(1, 1, 5), measured(1, 1, 5.1))).toBe('p99 not worse: **missed**')
})
