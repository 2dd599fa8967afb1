import { expect, test } from 'vitest'
import { benOrInvariants, type BenOrNode } from './invariants.ts'
import { initialState, type BenOrState } from './state.ts'

// Goal: each invariant can fail. Method: for each, glances at a world in which it is broken, and at one in which it is not.

function node(id: string, state: Partial<BenOrState>, durable: Partial<BenOrState> = state): BenOrNode {
  return { id, incarnation: 1, state: { ...initialState(), ...state }, durable: { ...initialState(), ...durable } }
}

function found(name: string, ...glances: BenOrNode[][]): string | undefined {
  const watch = benOrInvariants.find((invariant) => invariant.name === name)?.watch()
  let broken: string | undefined
  for (const nodes of glances) for (const seen of nodes) broken ??= watch?.(seen, nodes)
  return broken
}

test('one value is proposed a round', () => {
  const name = 'one value is proposed a round'
  const one = node('a', { said: [{ proposal: 1 }] })
  expect(found(name, [one, node('b', { said: [{ proposal: 0 }] })])).toBe('both values are proposed in round 1')
  expect(found(name, [one, node('b', { said: [{ proposal: '?' }, { proposal: 0 }] })])).toBe(undefined)
})

test('a decision locks its value', () => {
  const name = 'a decision locks its value'
  const decided = node('a', { decided: { type: 'decided', round: 1, value: 1 } })
  expect(found(name, [decided, node('b', { said: [{ report: 0 }, { report: 0 }] })])).toContain(
    'b reports 0 in round 2',
  )
  expect(found(name, [decided, node('b', { said: [{ report: 0 }, { report: 1 }] })])).toBe(undefined)
})

test('votes are kept', () => {
  const before = [node('a', { said: [{ report: 1 }] })]
  expect(found('votes are kept', before, [node('a', { said: [{ report: 0 }] })])).toBe(
    'a voted 1 (report 1), and now 0',
  )
  expect(found('votes are kept', before, [node('a', {})])).toContain('and now undefined')
  expect(found('votes are kept', before, [node('a', { said: [{ report: 1, proposal: 1 }] })])).toBe(undefined)
})

test('durable before sent', () => {
  const heard = node('a', { heard: [{ round: 1, report: { b: 1 }, proposal: {}, confirmation: {} }] })
  expect(found('durable before sent', [heard, node('b', { said: [{ report: 1 }] }, {})])).toContain('the report of b')
  expect(found('durable before sent', [heard, node('b', { said: [{ report: 1 }] })])).toBe(undefined)
})
