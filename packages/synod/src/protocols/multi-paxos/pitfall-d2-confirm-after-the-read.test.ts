import { expect, test } from 'vitest'
import { OneMember } from './testing/one-member.ts'

// Goal: a read is answered when a quorum has answered a round that began after it.
// Method: a leader whose followers answer an older round, then the newest one.
test('an answer to an older round confirms nothing', () => {
  const member = new OneMember()
  member.campaign()
  member.promise('b')
  member.accepted('b', [1], member.state.promised, 1)
  expect(member.state.decided).toBe(1)
  const { round } = member.state
  expect(member.paxos.read(1)).toBe(true)
  member.accepted('b', [], member.state.promised, round)
  expect(member.readable.size).toBe(0)
  member.accepted('b', [], member.state.promised, member.state.round)
  expect(member.readable.get(1)).toBe(1)
})
