import { describe, expect, test } from 'vitest'
import { paxosWorld, value } from '../../testing/paxos/paxos-script.ts'

// Goal: what the README and the options promise beyond the pitfalls. Method: small worlds without time.

describe('messages of a decision without faults, those to oneself left out, are as the README counts them', () => {
  test.each([3, 4, 5, 7])('%i participants', (n) => {
    const counted = (acceptedTo: 'everybody' | 'proposer'): number => {
      const world = paxosWorld('abcdefg'.slice(0, n), { acceptedTo })
      world.ask('a', (proposer) => proposer.propose(value('x')))
      let messages = 0
      world.deliverAll(({ from, to }) => {
        if (from !== to) messages++
        return true
      })
      expect(world.decided).toHaveLength(n)
      return messages
    }
    expect(counted('everybody')).toBe(3 * (n - 1) + n * (n - 1))
    expect(counted('proposer')).toBe(5 * (n - 1))
  })
})

test('quorums that miss each other are refused, and others need not be majorities', () => {
  expect(() => paxosWorld('abcd', { quorums: { prepare: 2, accept: 2 } })).toThrow('every quorum of phase 1 meets')
  expect(() => paxosWorld('abc', { quorums: { prepare: 4, accept: 1 } })).toThrow('there are enough acceptors')
  const world = paxosWorld('abcd', { quorums: { prepare: 3, accept: 2 } })
  world.ask('a', (proposer) => proposer.propose(value('x')))
  world.deliverAll(({ to, message: { type } }) => to !== 'd' && (to !== 'c' || type === 'prepare'))
  expect(world.decided.map(({ id }) => id)).toEqual(['a', 'b'])
})

test('a ballot of somebody without a wish ends where nothing was accepted', () => {
  const world = paxosWorld('abc')
  const accepted = { type: 'accepted', ballot: { round: 1, id: 'b' }, value: value('x') } as const
  world.ask('c', (learner) => learner.receive(accepted, 'b'))
  world.fire('c', 'retry')
  world.deliverAll()
  expect(world.decided).toEqual([])
  expect(world.node('c').state.attempt).toBe(undefined)
  expect(world.timers('c')).toEqual([])
})

test('what was chosen is told again after a restart', () => {
  const world = paxosWorld('a')
  world.ask('a', (proposer) => proposer.propose(value('x')))
  world.deliverAll()
  world.crash('a')
  world.start('a')
  expect(world.decided).toHaveLength(2)
})
