import { expect, test } from 'vitest'
import { ballotOf, commandOf, OneMember } from './testing/one-member.ts'

// Goal: an acceptor checks its promise again when it accepts, and both promise and accepted pair are durable before their
// reply ("Paxos Made Simple", §2.2). Method: one acceptor; its disk syncs when the test says so.

test('what is lower than the promise is refused, though it was proposed before', () => {
  const member = new OneMember()
  member.accept('b', 1, { 1: commandOf('x') })
  member.prepare('c', 2)
  // The lease has to run out before another candidate is heard.
  member.timeout('lease')
  member.prepare('c', 2)
  member.accept('b', 1, { 2: commandOf('y') })
  expect(member.take('refused')).toMatchObject([{ to: 'b', promised: ballotOf(2, 'c') }])
  expect(member.state.log).toHaveLength(1)
})

test('a promise leaves when it is durable', () => {
  const member = new OneMember()
  member.quick = false
  member.prepare('b', 1)
  expect(member.take('promise')).toEqual([])
  member.sync()
  expect(member.take('promise')).toMatchObject([{ to: 'b', ballot: ballotOf(1, 'b') }])
  member.restart()
  expect(member.state.promised).toEqual(ballotOf(1, 'b'))
})

test('an acceptance leaves when the pair of ballot and value is durable, and is reported after a restart', () => {
  const member = new OneMember()
  member.quick = false
  member.accept('b', 1, { 1: commandOf('x') })
  expect(member.take('accepted')).toEqual([])
  member.sync()
  expect(member.take('accepted')).toMatchObject([{ to: 'b', slots: [1] }])
  member.quick = true
  member.restart()
  member.prepare('c', 2)
  expect(member.take('promise')).toMatchObject([
    { accepted: [{ slot: 1, ballot: ballotOf(1, 'b'), value: commandOf('x') }] },
  ])
})
