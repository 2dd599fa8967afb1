import { describe, expect, test } from 'vitest'
import { voting, type Membership } from '../../core/index.ts'
import { initialState, type PlacedMembership, type RaftState } from '../../protocols/raft/index.ts'
import { DecidedMembership, quorumOfAll } from './core.ts'

function state(commitIndex: number, ...memberships: PlacedMembership[]): RaftState {
  return { ...initialState(), commitIndex, memberships }
}

function at(index: number, voters: string, more: Partial<Membership> = {}): PlacedMembership {
  return { index, membership: { ...voting(voters.split('')), ...more } }
}

function decidedBy(...states: RaftState[]): DecidedMembership {
  const decided = new DecidedMembership()
  for (const one of states) decided.look(one)
  return decided
}

describe('what is decided', () => {
  test('is the newest membership that anybody knew to be decided, whatever comes after it', () => {
    const decided = decidedBy(
      state(7, at(1, 'abc'), at(5, 'abcd'), at(8, 'bcd')),
      state(4, at(1, 'abc'), at(5, 'abcd')),
    )
    expect(decided.newest?.voters).toEqual(['a', 'b', 'c', 'd'])
  })

  test('stays so when who knew it is started again, and a newcomer who knows nobody changes nothing', () => {
    const decided = decidedBy(state(5, at(5, 'ab')), state(0, at(0, 'abc')), state(9, at(0, '')))
    expect(decided.newest?.voters).toEqual(['a', 'b'])
  })
})

describe('a majority may be needed', () => {
  test('of both halves of a joint membership', () => {
    const joint = state(6, at(6, 'ade', { outgoing: ['a', 'b', 'c'], autoLeave: true }))
    expect(decidedBy(joint).electoratesAhead([joint])).toEqual([
      ['a', 'd', 'e'],
      ['a', 'b', 'c'],
    ])
  })

  test('of what somebody has in its log behind what is decided, though not of what is over', () => {
    const [ahead, behind] = [state(5, at(5, 'abc'), at(9, 'abcd')), state(2, at(1, 'a'), at(3, 'ab'))]
    expect(decidedBy(ahead, behind).electoratesAhead([ahead, behind])).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c', 'd'],
    ])
  })

  test('of those that are on their way to be voters, and not of other learners', () => {
    const growing = state(5, at(5, 'ab', { learners: ['c', 'd', 'e'], joining: ['c', 'd'] }))
    expect(decidedBy(growing).electoratesAhead([growing])).toEqual([
      ['a', 'b'],
      ['a', 'b', 'd'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c', 'd'],
    ])
  })
})

describe('a core', () => {
  const electorates = [
    ['a', 'b', 'c'],
    ['c', 'd', 'e'],
  ]

  test('has a majority of every electorate, and nobody who is not needed', () => {
    expect(quorumOfAll(['x', 'a', 'd', 'c', 'e', 'b'], electorates)).toEqual(['a', 'c', 'd'])
    expect(quorumOfAll(['a', 'b', 'c', 'd'], electorates)).toEqual(['b', 'c', 'd'])
  })

  test('is there only if every electorate has a majority among those that are whole', () => {
    expect(quorumOfAll(['a', 'b', 'd'], electorates)).toBeUndefined()
    expect(quorumOfAll(['a'], [])).toBeUndefined()
  })
})
