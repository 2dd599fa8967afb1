import { expect, test } from 'vitest'
import { commandOf, OneMember } from './testing/one-member.ts'

// Goal: a new leader proposes what was accepted in the highest ballot, not what most report (P2c).
// Method: five members; two report one value, one reports another of a higher ballot, in either order.
test.each([
  ['b', 'c', 'd'],
  ['d', 'c', 'b'],
])('the value of the highest ballot is proposed again: reported by %s, %s, %s', (...order) => {
  const member = new OneMember(['a', 'b', 'c', 'd', 'e'])
  const reports = {
    b: { 1: { round: 1, id: 'e', value: commandOf('often', 1) } },
    c: { 1: { round: 1, id: 'e', value: commandOf('often', 1) } },
    d: { 1: { round: 2, id: 'd', value: commandOf('newest', 2) } },
  }
  member.accept('e', 1, { 1: commandOf('often', 1) })
  member.timeout('lease')
  member.timeout('election')
  const round = member.take('canvass')[0]?.round ?? 0
  for (const id of ['b', 'c'])
    member.receive(id, { type: 'support', round, granted: true, promised: { round: 2, id: 'd' }, decided: 0 })
  for (const id of order) member.promise(id, reports[id as keyof typeof reports])
  // Two and itself are a quorum: the third may be late.
  const values = [member.proposed()[1]?.command?.origin]
  expect(values).toEqual([order.indexOf('d') < 2 ? 'newest' : 'often'])
})
