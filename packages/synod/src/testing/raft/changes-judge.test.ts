import { describe, expect, test } from 'vitest'
import { voting, type MembershipChange } from '../../core/index.ts'
import { ChangesJudge } from './changes-judge.ts'

const add: MembershipChange = { type: 'addVoter', id: 'd', contact: '' }
const remove: MembershipChange = { type: 'remove', id: 'a' }

describe('a change that was answered wrongly is seen', () => {
  const cases = [
    [add, 'ok', 'abc', 'd was added, and members are a, b, c'],
    [add, 'ok', 'abcd', undefined],
    [add, 'rejected', 'abcd', 'd was certainly not added, and members are a, b, c, d'],
    [add, 'rejected', 'abc', undefined],
    [add, 'unknown', 'abcd', undefined],
    [add, 'unknown', 'abc', undefined],
    [remove, 'ok', 'abc', 'a was removed, and members are a, b, c'],
    [remove, 'ok', 'bc', undefined],
    [remove, 'unknown', 'abc', undefined],
    [remove, 'rejected', 'abc', undefined],
    [remove, 'rejected', 'bc', 'a was certainly not removed, and members are b, c'],
  ] as const
  test.each(cases)('%o, %s, %s', (change, how, members, verdict) => {
    const judge = new ChangesJudge()
    judge.asked([change])
    judge.answered([change], how)
    expect(judge.verdict(voting(members.split('')))).toBe(verdict)
  })

  test.each([
    ['ok', 'd was added, and members are a, b, c'],
    // It may never have come.
    ['unknown', undefined],
  ] as const)('and whose removal was refused, its addition %s', (how, verdict) => {
    const judge = new ChangesJudge()
    const removal: MembershipChange = { type: 'remove', id: 'd' }
    judge.asked([add])
    judge.answered([add], how)
    judge.asked([removal])
    judge.answered([removal], 'rejected')
    expect(judge.verdict(voting(['a', 'b', 'c']))).toBe(verdict)
  })

  test('though somebody else asked for the same, and was refused', () => {
    const judge = new ChangesJudge()
    for (const how of ['ok', 'rejected'] as const) {
      judge.asked([remove])
      judge.answered([remove], how)
    }
    expect(judge.verdict(voting(['a', 'b', 'c']))).toBe('a was removed, and members are a, b, c')
  })
})

test('a member stops rightly when its removal was asked for, and is decided', () => {
  const judge = new ChangesJudge()
  expect(judge.isRemoved('a', voting(['b', 'c']))).toBe(false)
  judge.asked([remove])
  expect(judge.isRemoved('a', voting(['a', 'b', 'c']))).toBe(false)
  expect(judge.isRemoved('a', voting(['b', 'c']))).toBe(true)
})
