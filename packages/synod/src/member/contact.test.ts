import { describe, expect, it } from 'vitest'
import { Malformed, voting, type Membership, type MembershipChange } from '../core/index.ts'
import { contactLengthMax, mergeContact, readContact, writeContact } from './contact.ts'
import { judge } from './judgement.ts'

describe('a contact', () => {
  it('says nothing of a member of which nothing was said', () => {
    for (const text of [undefined, '', '{"v":1}']) {
      expect(readContact(text)).toEqual({ name: '', peerUrls: [], clientUrls: [], disk: undefined })
    }
  })

  it('is the same text however it came about', () => {
    const known = writeContact({ disk: 'd', name: 'a', peerUrls: ['http://a:1'] })
    expect(mergeContact(writeContact({ peerUrls: ['http://a:1'], name: 'a' }), '{"v":1,"disk":"d"}')).toBe(known)
    expect(mergeContact(known, '{"v":1}')).toBe(known)
  })

  it('keeps what this version does not know, and what the news do not mention', () => {
    const later = '{"zone":"north","v":1,"name":"a","color":3}'
    expect(mergeContact(later, writeContact({ clientUrls: ['http://a:2'] }))).toBe(
      '{"v":1,"name":"a","clientUrls":["http://a:2"],"color":3,"zone":"north"}',
    )
  })

  const malformed = ['nonsense', '[]', '{}', '{"v":2}', '{"v":1,"name":3}', '{"v":1,"peerUrls":"http://a:1"}']
  for (const text of [...malformed, `{"v":1,"name":"${'x'.repeat(contactLengthMax)}"}`]) {
    it(`is not ${text.slice(0, 40)}`, () => expect(() => readContact(text)).toThrow(Malformed))
  }
})

describe('the leader', () => {
  const membership: Membership = {
    ...voting(['a', 'b']),
    learners: ['c', 'd'],
    joining: ['c'],
    contacts: {
      a: '{"v":1,"name":"a","peerUrls":["http://a:1"],"disk":"disk of a"}',
      b: '{"v":1,"peerUrls":["http://b:1"]}',
      c: '{"v":1,"peerUrls":["http://c:1"]}',
    },
  }
  const judged = (change: MembershipChange, origin = 'a', diskOf?: string): unknown =>
    judge([change], { origin, membership, diskOf, learnersMax: 2 })
  const update = (id: string, contact: string): MembershipChange => ({ type: 'update', id, contact })

  it('completes the news of a member by what is known of it', () => {
    expect(judged(update('a', '{"v":1,"clientUrls":["http://a:2"]}'))).toEqual([
      update('a', '{"v":1,"name":"a","peerUrls":["http://a:1"],"clientUrls":["http://a:2"],"disk":"disk of a"}'),
    ])
  })

  it('believes of a disk only the member whose it is, and only the one under which it knows that', () => {
    const said = update('b', '{"v":1,"disk":"disk of b"}')
    expect(judged(said, 'b', 'disk of b')).toMatchObject([{ id: 'b' }])
    expect(judged(said, 'a', 'disk of b')).toMatchObject({ code: 'lost-disk' })
    expect(judged(said, 'b', 'another')).toMatchObject({ code: 'lost-disk' })
    expect(judged(update('a', '{"v":1,"disk":"another"}'), 'a', 'another')).toMatchObject({ code: 'lost-disk' })
    expect(judged({ type: 'promote', id: 'c', contact: '{"v":1,"disk":"x"}' }, 'a')).toMatchObject({
      code: 'lost-disk',
    })
    expect(judged({ type: 'addVoter', id: 'e', contact: '{"v":1,"disk":"x"}' })).toMatchObject({ code: 'lost-disk' })
  })

  it('does not count those who join by themselves among the learners that wait', () => {
    expect(judged({ type: 'addLearner', id: 'e', contact: '{"v":1}' })).toMatchObject([{ id: 'e' }])
    const full = { ...membership, joining: [] }
    const added = { type: 'addLearner', id: 'e', contact: '{"v":1}' } as const
    expect(judge([added], { origin: 'a', membership: full, diskOf: undefined, learnersMax: 2 })).toEqual({
      code: 'too-many-learners',
      message: '2 of at most 2 learners wait to be promoted: promote or remove one first',
    })
  })

  it('leaves the rest to its engine', () => {
    for (const change of [
      { type: 'remove', id: 'x' },
      { type: 'demote', id: 'a' },
      { type: 'promote', id: 'b' },
    ] as const) {
      expect(judged(change)).toEqual([change])
    }
  })
})
