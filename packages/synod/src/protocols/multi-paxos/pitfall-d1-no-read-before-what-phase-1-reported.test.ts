import { expect, test } from 'vitest'
import { commandOf, OneMember } from './testing/one-member.ts'

// Goal: what phase 1 reports may have been chosen, and answered, by another leader: a read waits until it is decided.
// Method: a reported slot is accepted last, though the round of the read is answered long before.
test('no read is answered before all that phase 1 reported is decided', () => {
  const member = new OneMember()
  member.campaign()
  member.promise('b', { 2: { round: 0, id: 'c', value: commandOf('x') } })
  expect(member.paxos.read(1)).toBe(true)
  member.accepted('b', [1, 3], member.state.promised, 9)
  expect(member.readable.size).toBe(0)
  member.accepted('b', [2], member.state.promised, 9)
  member.accepted('b', [], member.state.promised, 10)
  expect(member.decided).toEqual([undefined, 'x', undefined])
  expect(member.readable.get(1)).toBe(3)
})
