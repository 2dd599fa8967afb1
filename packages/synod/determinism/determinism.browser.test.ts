import { expect, inject, test } from 'vitest'
import { firstDifference } from 'synod/simulator'
import { tracedRuns } from './runs.ts'

// Goal: a seed found on a server is the same run on a page. Method: Node has played these plans before this browser was
// started, from the same sources; here they are played again.

test('this is a browser', () => {
  expect(navigator.userAgent).toContain('HeadlessChrome')
  expect('process' in globalThis && 'versions' in Object(Reflect.get(globalThis, 'process'))).toBe(false)
})

test('the plans that Node has played are the same runs here, event by event', () => {
  const here = tracedRuns()
  const there = inject('tracesOfNode')
  expect(there.map(({ name }) => name)).toEqual(here.map(({ name }) => name))
  for (const [i, { name, nodes, steps, hash, violation }] of there.entries()) {
    expect(firstDifference(steps, here[i]?.steps ?? [], nodes), name).toBe(undefined)
    expect({ name, hash, violation }).toEqual({ name, hash: here[i]?.hash, violation: here[i]?.violation })
  }
})
