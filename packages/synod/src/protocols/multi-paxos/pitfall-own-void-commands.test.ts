import { expect, test } from 'vitest'
import { commandOf, OneMember } from './testing/one-member.ts'

// Goal: when something of a later term is decided, a command of an older one never is: its origin takes it for lost, and
// proposes it again (README, "Terms"). Method: an old command in a slot behind one of a later term, and behind a filled hole.
test('a command behind something of a later term is void', () => {
  const member = new OneMember()
  member.accept('b', 5, { 1: commandOf('later', 4), 2: commandOf('old', 2), 3: commandOf('new', 5) }, 3)
  expect(member.decided).toEqual(['later', undefined, 'new'])
})

test('a command behind a hole that was filled counts', () => {
  const member = new OneMember()
  member.accept('b', 5, { 1: { term: 0 }, 2: commandOf('old', 2), 3: { term: 5 } }, 3)
  expect(member.decided).toEqual([undefined, 'old', undefined])
})
