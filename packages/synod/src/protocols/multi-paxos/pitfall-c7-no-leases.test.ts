import { expect, test } from 'vitest'
import { OneMember } from './testing/one-member.ts'

// Goal: no lease can outlive its renewal, for there is none ("Paxos Made Live", §5.2, has master leases).
// Method: a leader that was confirmed a moment ago, and is asked again while nobody answers.
test('each read needs a round of its own, however recently the leader was confirmed', () => {
  const member = new OneMember()
  member.campaign()
  member.promise('b')
  member.accepted('b', [1])
  member.paxos.read(1)
  member.accepted('b', [], member.state.promised, member.state.round)
  expect(member.readable.has(1)).toBe(true)
  member.paxos.read(2)
  expect(member.readable.has(2)).toBe(false)
  member.accepted('b', [], member.state.promised, member.state.round)
  expect(member.readable.has(2)).toBe(true)
})
