import { grouped } from 'synod/simulator'
import { describe, expect, test } from 'vitest'
import { median, rough } from './numbers.ts'

describe('numbers', () => {
  test('are grouped by thousands, before the point only', () => {
    expect([grouped(999), grouped(1200), grouped(1_234_567.8912, 3)]).toEqual(['999', '1,200', '1,234,567.891'])
  })

  test('that are rough have the digits that tell', () => {
    expect([0, 0.0456, 0.456, 4.56, 45.6, 4567].map(rough)).toEqual(['0', '0.046', '0.46', '4.6', '46', '4,567'])
  })

  test('have a middle', () => {
    expect([median([]), median([3]), median([4, 1]), median([9, 1, 2])]).toEqual([undefined, 3, 2.5, 2])
  })
})
