import { expect, test } from 'vitest'
import type { Model } from '../model.ts'
import { ModelSpace } from '../model-space.ts'
import { replay } from './path.ts'
import { randomWalk } from './random-walk.ts'
import { search } from './search.ts'

// Goal: what is found can be gone to again. Method: models of which the state that breaks something is reached from one
// of several initial states only, or under names that the search has exchanged; each path is replayed.

/** Counts to 3, from one of several numbers; those below 0 stand. */
function counting(...from: readonly number[]): Model<number, null, never> {
  return {
    initial: from.map((start) => ({ processes: [start], shared: null, messages: [] })),
    actions: ({ processes: [count = 0] }, take) => {
      if (count >= 0 && count < 3) take('count', { process: [0, count + 1] })
    },
    properties: [
      { kind: 'always', name: 'never 3', broken: ({ processes: [count] }) => (count === 3 ? 'it is 3' : undefined) },
    ],
  }
}

test.each([
  ['searched', search],
  ['walked at random', (space: ModelSpace<number, null, never>) => randomWalk(space, { walks: 20 })],
] as const)('a path has the initial state that it begins at: %s', (_, explore) => {
  const space = new ModelSpace(counting(-1, 1))
  const [finding] = explore(space).findings
  expect(finding?.start.number).toBe(1)
  expect(finding?.path.map(({ event }) => event)).toEqual(['count', 'count'])
  const { state, at } = replay(space, 1, finding?.path ?? [])
  expect([at, space.judge(state ?? new Int32Array(0), 1)]).toEqual([undefined, 1])
  expect(replay(space, 0, finding?.path ?? []).at).toBe(0)
  expect(replay(space, 2, []).at).toBe('start')
})

test('a path of a search under symmetry keeps to the names that it began with', () => {
  const exchanged = (process: number): number => 1 - process
  const race: Model<number, null, never> = {
    initial: [{ processes: [0, 0], shared: null, messages: [] }],
    actions: ({ processes }, take) => {
      for (const [i, count] of processes.entries()) if (count < 3) take(`${i} counts`, { process: [i, count + 1] })
    },
    properties: [
      {
        kind: 'always',
        name: 'nobody is two behind',
        broken: ({ processes: [a = 0, b = 0] }) => (a + b === 3 && a * b === 0 ? `${a} and ${b}` : undefined),
      },
    ],
    symmetry: [{ number: exchanged, process: (count) => count, shared: () => null, message: (message) => message }],
  }
  const space = new ModelSpace(race)
  const [finding] = search(space).findings
  const names = new Set(finding?.path.map(({ event }) => event))
  expect(names.size).toBe(1)
  expect(replay(space, 0, finding?.path ?? []).at).toBe(undefined)
  expect(finding?.path.at(-1)?.state).toContain(finding?.text === '0 and 3' ? '[0,3]' : '[3,0]')
})
