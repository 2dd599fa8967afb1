import { afterEach, describe, expect, test, vi } from 'vitest'
import { ActorSpace } from '../actors/actor-space.ts'
import type { Model } from '../model.ts'
import { ModelSpace } from '../model-space.ts'
import { paxosRegister } from '../models/register/paxos-register.ts'
import { singleCopyRegister } from '../models/register/single-copy.ts'
import type { Space } from '../space.ts'
import { search, searching, type SearchReport } from './search.ts'
import { randomWalk } from './random-walk.ts'
import { searchingWithSleepSets, searchWithSleepSets } from './sleep-sets.ts'

// Goal: a search that ends early says so, and claims nothing of states that it did not look at. Method: bounds on the
// number of states, an engine without room, and somebody who has seen enough.

afterEach(() => void vi.unstubAllGlobals())

describe('beyond the most states', () => {
  const twoCopies = (): Space => new ActorSpace(singleCopyRegister({ clients: 2, servers: 2 }))

  test.each<[string, (maxStates: number) => SearchReport]>([
    ['breadth first', (maxStates) => search(twoCopies(), { maxStates })],
    ['depth first', (maxStates) => search(twoCopies(), { maxStates, order: 'depth' })],
    ['with sleep sets', (maxStates) => searchWithSleepSets(twoCopies(), { maxStates })],
  ])('each state that is counted was judged, %s', (_, explore) => {
    const whole = search(twoCopies(), { stop: 'never' }).states
    for (let maxStates = 1; maxStates < whole; maxStates++) {
      const { states, findings, pending } = explore(maxStates)
      const isBroken = findings.some(({ kind }) => kind === 'always')
      // The whole graph has no violation in fewer states than the shortest way to one.
      if (!isBroken) expect(pending, `${maxStates} of ${states}`).toBeGreaterThan(0)
    }
    const found = search(twoCopies(), { maxStates: 24 }).findings.filter(({ kind }) => kind === 'always')
    expect(found.map(({ path }) => path.length)).toEqual([4])
  })
})

describe('no room for more states', () => {
  /** As an engine is that can have arrays of so many numbers at most. */
  function roomFor(most: number): void {
    const Narrow = new Proxy(Int32Array, {
      construct(array, [length]: [number]) {
        if (length > most) throw new RangeError('Array buffer allocation failed')
        return new array(length)
      },
    })
    vi.stubGlobal('Int32Array', Narrow)
  }

  test.each<[string, (space: Space) => SearchReport]>([
    ['breadth first', (space) => search(space)],
    ['depth first', (space) => search(space, { order: 'depth' })],
    ['with sleep sets', (space) => searchWithSleepSets(space)],
    ['at random', (space) => randomWalk(space, { walks: 100_000 })],
  ])('ends the search with what it has seen, %s', (how, explore) => {
    roomFor(65_536)
    const { states, outOfMemory, complete, pending, findings } = explore(
      new ActorSpace(paxosRegister({ clients: 2, servers: 3 })),
    )
    expect({ outOfMemory, complete }).toEqual({ outOfMemory: true, complete: false })
    expect(states).toBeGreaterThan(1000)
    expect(states).toBeLessThan(16_668)
    // Walks leave more than they could count.
    expect(pending > 0).toBe(how !== 'at random')
    expect(findings.filter(({ kind }) => kind === 'always')).toEqual([])
  })

  test('an error of the model is none of these', () => {
    const model: Model<number, null, never> = {
      initial: [{ processes: [0], shared: null, messages: [] }],
      actions: () => {
        throw new RangeError('by the model')
      },
    }
    for (const explore of [search, randomWalk]) expect(() => explore(new ModelSpace(model))).toThrow('by the model')
  })
})

test.each([
  ['breadth first', searching],
  ['with sleep sets', searchingWithSleepSets],
] as const)('whoever has seen enough gets what was seen, %s', (_, begin) => {
  const goingOn = begin(new ActorSpace(paxosRegister({ clients: 2, servers: 3 })))
  const { value: progress, done } = goingOn.next()
  expect(done).toBe(false)
  const { value: report } = goingOn.next(false)
  expect(report).toMatchObject({ states: progress.states, outOfMemory: false })
  expect('complete' in report && report.complete).toBe(false)
})

test('more properties than can be told apart are refused', () => {
  const properties = Array.from({ length: 33 }, (_, i) => ({
    kind: 'always' as const,
    name: `${i}`,
    broken: () => undefined,
  }))
  const model: Model<number, null, never> = {
    initial: [{ processes: [0], shared: null, messages: [] }],
    actions: () => undefined,
  }
  expect(() => new ModelSpace({ ...model, properties })).toThrow('at most 32 properties, not 33')
  const actors = { ...paxosRegister({ clients: 1, servers: 3 }), properties }
  expect(() => new ActorSpace(actors)).toThrow('at most 32 properties, not 34')
})
