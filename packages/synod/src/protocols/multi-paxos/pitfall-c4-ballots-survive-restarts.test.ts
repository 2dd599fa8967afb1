import { expect, test } from 'vitest'
import { OneMember } from './testing/one-member.ts'

// Goal: a ballot is unique, round and server id, and is never used again, not after a restart either ("Paxos Made Live").
// Method: a candidate that loses power before and after its ballot is durable.
test('nobody hears of a ballot before it is durable, and a restart goes on behind it', () => {
  const member = new OneMember()
  member.quick = false
  const first = member.campaign()
  expect(member.take('prepare')).toEqual([])
  member.sync()
  expect(member.take('prepare')).toHaveLength(2)
  member.quick = true
  member.restart()
  const second = member.campaign()
  expect(second.round).toBeGreaterThan(first.round)
  expect(second.id).toBe('a')
})
