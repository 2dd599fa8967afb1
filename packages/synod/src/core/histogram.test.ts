import { expect, test } from 'vitest'
import { doublingBounds, Histogram } from './histogram.ts'

test('each value is counted in the class whose bound it does not exceed', () => {
  const histogram = new Histogram([1, 2, 4])
  for (const value of [0, 1, 1.5, 2, 3, 4, 5, 1000]) histogram.record(value)
  expect([...histogram.counts]).toEqual([2, 2, 2, 2])
  expect(histogram.sum).toBe(1016.5)
})

test('bounds double', () => {
  expect(doublingBounds(0.001, 4)).toEqual([0.001, 0.002, 0.004, 0.008])
})

test('two are added class by class', () => {
  const [one, other] = [new Histogram([1, 2]), new Histogram([1, 2])]
  for (const value of [0.5, 3]) one.record(value)
  for (const value of [0.5, 1.5]) other.record(value)
  one.add(other)
  expect({ counts: [...one.counts], sum: one.sum }).toEqual({ counts: [2, 1, 1], sum: 5.5 })
})
