import { expect, test } from 'vitest'
import { OneMember } from './testing/one-member.ts'

// Goal: a follower is told at once what is decided, by one message, and not before it can have what is decided: a word that
// overtakes the value makes it ask for what is on its way. Method: a leader of three, of which one follower answers late.

/** Whom the leader has told, in messages of their own, how far things are decided. */
function told(member: OneMember): [string, number][] {
  const words = member.take('accept').filter(({ proposals }) => proposals.length === 0)
  return words.map(({ to, decided }) => [to, decided])
}

function leaderOfThree(): OneMember {
  const member = new OneMember()
  member.campaign()
  member.promise('b')
  member.take('accept')
  return member
}

test('who has accepted everything is told at once; who has not, when it has', () => {
  const member = leaderOfThree()
  member.accepted('b', [1])
  expect(member.state.decided).toBe(1)
  expect(told(member)).toEqual([['b', 1]])
  member.accepted('c', [1])
  expect(told(member)).toEqual([['c', 1]])
})

test('who gets the next value meanwhile is told with it, and not by another message', () => {
  const member = leaderOfThree()
  member.accepted('b', [1])
  told(member)
  member.paxos.propose({ origin: 'a', sequence: 1, checksum: 1, bytes: new Uint8Array(1) })
  member.settle()
  expect(member.take('accept').map(({ to, decided, proposals }) => [to, decided, proposals.length])).toEqual([
    ['b', 1, 1],
    ['c', 1, 1],
  ])
  member.accepted('c', [1])
  expect(told(member)).toEqual([])
})
