import { expect, test } from 'vitest'
import { value } from '../../testing/paxos/paxos-script.ts'
import { paxosInvariants, type PaxosNode } from './invariants.ts'
import type { Ballot, Proposal } from './messages.ts'
import { initialState, type PaxosState } from './state.ts'

// Goal: each invariant can fail. Method: for each, glances at a world in which it is broken, and at one in which it is not.

function node(
  id: string,
  state: Partial<PaxosState>,
  durable: Partial<PaxosState> = state,
  incarnation = 1,
): PaxosNode {
  return { id, incarnation, state: { ...initialState(), ...state }, durable: { ...initialState(), ...durable } }
}

function found(name: string, ...glances: PaxosNode[][]): string | undefined {
  const watch = paxosInvariants.find((invariant) => invariant.name === name)?.watch()
  let broken: string | undefined
  for (const nodes of glances) for (const seen of nodes) broken ??= watch?.(seen, nodes)
  return broken
}

const ballot = (round: number, id = 'a'): Ballot => ({ round, id })
const proposal = (round: number, text: string, id = 'a'): Proposal => ({
  ballot: ballot(round, id),
  value: value(text),
})

test('one value is chosen', () => {
  const x = node('a', { chosen: proposal(1, 'x') })
  expect(found('one value is chosen', [x], [node('b', { chosen: proposal(2, 'y') })])).toContain('a learns x/1, and b')
  expect(found('one value is chosen', [x], [node('b', { chosen: proposal(2, 'x') })])).toBe(undefined)
})

test('P2c', () => {
  const accepted = [node('c', { accepted: proposal(1, 'x') })]
  const attempt = (text: string, from: string): PaxosNode =>
    node('b', { attempt: { ballot: ballot(2, 'b'), promises: { [from]: null }, value: value(text) } })
  expect(found('P2c', accepted, [attempt('y', 'c')])).toContain('b proposes y/1 in 2.b, though x/1 was accepted')
  expect(found('P2c', accepted, [attempt('y', 'a')])).toBe(undefined)
  expect(found('P2c', accepted, [attempt('x', 'c')])).toBe(undefined)
})

test('one value a ballot', () => {
  const x = node('a', { accepted: proposal(1, 'x') })
  expect(found('one value a ballot', [x], [node('b', { accepted: proposal(1, 'y') })])).toContain('in 1.a there are')
  expect(found('one value a ballot', [x], [node('b', { accepted: proposal(2, 'y') })])).toBe(undefined)
})

test('promises are kept', () => {
  const before = [node('a', { promised: ballot(2), accepted: proposal(2, 'x') })]
  expect(found('promises are kept', before, [node('a', {})])).toContain('promised 2.a')
  expect(found('promises are kept', before, [node('a', { promised: ballot(3) })])).toContain('accepted 2.a')
  expect(found('promises are kept', [node('a', { accepted: proposal(1, 'x') })])).toContain('no more than 0.')
  const later = node('a', { promised: ballot(3), accepted: proposal(3, 'x') })
  expect(found('promises are kept', before, [later])).toBe(undefined)
})

test('ballots are new', () => {
  const begins = (round: number, durable: number, incarnation: number, id = 'a'): PaxosNode[] => [
    node(
      'a',
      { attempt: { ballot: ballot(round, id), promises: {}, value: undefined } },
      { round: durable },
      incarnation,
    ),
  ]
  expect(found('ballots are new', begins(3, 3, 1), begins(3, 3, 2))).toContain('a begins round 3 again')
  expect(found('ballots are new', begins(3, 3, 1), begins(2, 3, 1))).toContain('a begins round 2 again')
  expect(found('ballots are new', begins(3, 3, 1, 'b'))).toContain('a uses the ballot 3.b')
  expect(found('ballots are new', begins(3, 2, 1), begins(3, 3, 2))).toBe(undefined)
  expect(found('ballots are new', begins(3, 3, 1), begins(4, 4, 2))).toBe(undefined)
})

test('durable before sent', () => {
  const learner = (round: number): PaxosNode => node('a', { votes: [{ ...proposal(round, 'x'), from: ['b'] }] })
  const disk = node('b', {}, { promised: ballot(1), accepted: proposal(1, 'x') })
  expect(found('durable before sent', [learner(2), disk])).toContain('counts the vote of b in 2.a')
  expect(found('durable before sent', [learner(1), disk])).toBe(undefined)
  const proposer = (round: number): PaxosNode =>
    node('a', { attempt: { ballot: ballot(round), promises: { b: null }, value: undefined } })
  expect(found('durable before sent', [proposer(2), disk])).toContain('counts the promise of b in 2.a')
  expect(found('durable before sent', [proposer(1), disk])).toBe(undefined)
})
