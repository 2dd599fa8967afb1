import { expect, test } from 'vitest'
import { ballotOf, OneMember } from './testing/one-member.ts'

// Goal: two candidates do not depose each other for ever (FLP): each waits a time drawn anew, a live leader is protected,
// and a candidate that hears of a higher ballot gives up. Method: one member, its timers and what it answers.

test('a candidate waits for a time drawn from [T, 2T)', () => {
  const member = new OneMember()
  const { electionTimeoutMin } = member.options
  member.campaign()
  expect(member.timers.get('election')).toEqual([electionTimeoutMin, 2 * electionTimeoutMin])
})

test('nobody is promised anything while a leader is heard', () => {
  const member = new OneMember()
  member.accept('b', 1, {})
  member.prepare('c', 2)
  member.receive('c', { type: 'canvass', round: 2, decided: 0 })
  expect([...member.take('promise'), ...member.take('support')]).toEqual([])
  member.timeout('lease')
  member.prepare('c', 2)
  expect(member.take('promise')).toHaveLength(1)
})

test('a candidate that is refused gives up, and goes higher the next time', () => {
  const member = new OneMember()
  member.campaign()
  member.receive('b', { type: 'refused', promised: ballotOf(7, 'c') })
  expect(member.state.role).toBe('follower')
  expect(member.campaign().round).toBe(8)
})
