import { expect, test } from 'vitest'
import { Schedule } from './schedule.ts'

test('more than may happen at one instant may happen over time', () => {
  const schedule = new Schedule()
  let left = 150_000
  const next = (): void => {
    if (--left > 0) schedule.after(1, next)
  }
  next()
  while (schedule.step(Infinity)) continue
  expect(left).toBe(0)
})
