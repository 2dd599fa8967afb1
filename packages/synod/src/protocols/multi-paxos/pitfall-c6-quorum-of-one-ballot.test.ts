import { expect, test } from 'vitest'
import { ballotOf, commandOf, OneMember } from './testing/one-member.ts'

// Goal: chosen is what a quorum has accepted in one and the same ballot; a learner takes no other word for it.
// Method: acceptances of an older ballot, twice the same one, and a leader's notice about what was accepted from another.

test('acceptances of an older ballot, or of the same member twice, choose nothing', () => {
  const member = new OneMember(['a', 'b', 'c', 'd', 'e'])
  member.timeout('election')
  const round = member.take('canvass')[0]?.round ?? 0
  for (const id of ['b', 'c']) {
    const { promised } = member.state
    member.receive(id, { type: 'support', round, granted: true, promised, decided: 0 })
  }
  for (const id of ['b', 'c']) member.promise(id)
  member.accepted('b', [1])
  member.accepted('b', [1])
  member.accepted('c', [1], ballotOf(0, 'a'))
  expect(member.decided).toEqual([])
  member.accepted('c', [1])
  expect(member.decided).toEqual([undefined])
})

test('what was accepted from another leader is not what this one says to be decided', () => {
  const member = new OneMember()
  member.accept('b', 1, { 1: commandOf('x', 1) })
  member.accept('c', 2, {}, 1)
  expect(member.decided).toEqual([])
  member.accept('c', 2, { 1: commandOf('y', 2) }, 1)
  expect(member.decided).toEqual(['y'])
})
