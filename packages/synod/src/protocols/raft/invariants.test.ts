import { describe, expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { raftInvariants, type RaftNode } from './invariants.ts'
import { initialState, type RaftState } from './state.ts'

// Goal: each invariant can fail. Method: for each, two glances at a world in which it is broken, and at one in which it is not.
const memberships = [{ index: 0, membership: voting(['a', 'b', 'c']) }]

function node(id: string, state: Partial<RaftState>, durable: Partial<RaftState> = {}, incarnation = 1): RaftNode {
  return {
    id,
    incarnation,
    state: { ...initialState(), memberships, ...state },
    durable: { ...initialState(), memberships, ...durable },
  }
}

function found(name: string, ...glances: RaftNode[][]): string | undefined {
  const watch = raftInvariants.find((invariant) => invariant.name === name)?.watch()
  let broken: string | undefined
  for (const nodes of glances) for (const seen of nodes) broken ??= watch?.(seen, nodes)
  return broken
}

const log = (...terms: number[]): { term: number }[] => terms.map((term) => ({ term }))
const leader = { role: 'leader', currentTerm: 2 } as const

describe('is found broken', () => {
  test('election safety', () => {
    expect(found('election safety', [node('a', leader)], [node('b', leader)])).toBe('a and b both lead term 2')
    expect(found('election safety', [node('a', leader)], [node('b', { ...leader, currentTerm: 3 })])).toBeUndefined()
  })

  test('leader append-only', () => {
    const before = [node('a', { ...leader, log: log(1, 2) })]
    expect(found('leader append-only', before, [node('a', { ...leader, log: log(1) })])).toContain('changed its log')
    expect(found('leader append-only', before, [node('a', { ...leader, log: log(1, 1, 2) })])).toContain(
      'changed its log',
    )
    expect(found('leader append-only', before, [node('a', { ...leader, log: log(1, 2, 2) })])).toBeUndefined()
  })

  test('log matching', () => {
    const one = [node('a', { log: log(1, 2) })]
    expect(found('log matching', one, [node('b', { log: log(2, 2) })])).toContain('entry 2 of b')
    const other = { term: 2, membership: voting(['x']) }
    expect(found('log matching', one, [node('b', { log: [{ term: 1 }, other] })])).toContain('entry 2 of b')
    expect(found('log matching', one, [node('b', { log: log(1, 2) })])).toBeUndefined()
  })

  test('leader completeness', () => {
    const decided = [node('a', { ...leader, currentTerm: 1, log: log(1), commitIndex: 1 })]
    expect(found('leader completeness', decided, [node('b', leader)])).toContain('without 1 no-op, committed at 1')
    expect(found('leader completeness', decided, [node('b', { ...leader, log: log(1) })])).toBeUndefined()
  })

  test('state machine safety', () => {
    const decided = [node('a', { log: log(1), commitIndex: 1 })]
    expect(found('state machine safety', decided, [node('b', { log: log(2), commitIndex: 1 })])).toContain(
      'b decides 2 no-op at 1',
    )
    expect(found('state machine safety', decided, [node('b', { log: log(1), commitIndex: 1 })])).toBeUndefined()
  })

  test('monotonicity', () => {
    const before = [node('a', { currentTerm: 3, log: log(1), commitIndex: 1 })]
    expect(found('monotonicity', before, [node('a', { currentTerm: 2, log: log(1), commitIndex: 1 })])).toContain(
      'went back',
    )
    expect(found('monotonicity', before, [node('a', { currentTerm: 3, log: log(1), commitIndex: 0 })])).toContain(
      'went back',
    )
    expect(
      found('monotonicity', before, [node('a', { currentTerm: 3, log: log(1), commitIndex: 0 }, {}, 2)]),
    ).toBeUndefined()
    expect(found('monotonicity', [node('a', { currentTerm: 1 }, { currentTerm: 2 })])).toContain('on its disk in 2')
    const disk = (currentTerm: number): RaftNode[] => [node('a', { currentTerm: 9 }, { currentTerm }, currentTerm)]
    expect(found('monotonicity', disk(3), disk(2))).toContain('went back')
  })

  test('one vote a term', () => {
    const voted = (votedFor: string): RaftNode[] => [node('a', {}, { currentTerm: 1, votedFor })]
    expect(found('one vote a term', voted('b'), voted('c'))).toBe('a votes for b and c in 1')
    expect(found('one vote a term', voted('b'), voted('b'))).toBeUndefined()
  })

  test('durable quorum', () => {
    const world = (...disks: { term: number }[][]): RaftNode[] =>
      ['a', 'b', 'c'].map((id, i) =>
        node(id, id === 'a' ? { ...leader, log: log(2), commitIndex: 1 } : {}, { log: disks[i] ?? [] }),
      )
    expect(found('durable quorum', world(log(2)))).toContain('a commits 1, which is not on the disks of a quorum')
    expect(found('durable quorum', world(log(2), log(1)))).toContain('a commits 1')
    expect(found('durable quorum', world(log(2), log(2)))).toBeUndefined()
  })
})
