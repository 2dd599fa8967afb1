import { expect, test } from 'vitest'
import { ballotOf, commandOf, OneMember } from './testing/one-member.ts'

// Goal: an acceptor that has lost records promises nothing until its peers have made it whole, and accepts nothing until
// all of them have told what it may have promised. Method: one member that forgets what it accepted last.
function forgetful(): OneMember {
  const member = new OneMember()
  member.accept('b', 1, { 1: commandOf('x') })
  member.take('accepted')
  member.restart(1)
  return member
}

function tell(member: OneMember, from: string, round: number): void {
  const memberships = [{ index: 0, members: ['a', 'b', 'c'] }]
  member.receive(from, { type: 'tellPromise', promised: ballotOf(round, 'b'), lastIndex: 1, memberships })
}

test('it promises nothing, and accepts nothing', () => {
  const member = forgetful()
  expect(member.take('askPromise').map(({ to }) => to)).toEqual(['b', 'c'])
  member.prepare('c', 2)
  member.accept('c', 2, { 1: commandOf('y', 2) })
  member.timeout('election')
  expect(member.sent.filter(({ message }) => message.type !== 'learn')).toEqual([])
})

test('when all have told it accepts again, but promises only when what it may have accepted is decided', () => {
  const member = forgetful()
  tell(member, 'b', 3)
  member.accept('b', 3, { 1: commandOf('x') })
  expect(member.take('accepted')).toEqual([])
  tell(member, 'c', 1)
  expect(member.state.promised).toEqual(ballotOf(3, 'b'))
  member.accept('b', 3, { 1: commandOf('x') })
  expect(member.take('accepted')).toHaveLength(1)
  member.timeout('lease')
  member.prepare('c', 4)
  expect(member.take('promise')).toEqual([])
  member.accept('b', 3, {}, 1)
  expect(member.paxos.standing.repairing).toBe(false)
  member.timeout('lease')
  member.prepare('c', 4)
  expect(member.take('promise')).toMatchObject([{ decided: 1 }])
  member.restart()
  expect(member.paxos.standing.repairing).toBe(false)
})
