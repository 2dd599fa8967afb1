import { describe, expect, test } from 'vitest'
import { voting, type Membership } from '../../core/index.ts'
import { multiPaxosInvariants, type MultiPaxosNode } from './invariants.ts'
import type { Value } from './messages.ts'
import { commandOf, OneMember } from './testing/one-member.ts'

// Goal: the invariants see every difference between two values of a slot, and find none where there is none.
// Method: a slot that two acceptors have accepted, and is therefore chosen, and a leader that proposes for it anew, as the
// protocol does or with another value.

/** One whose disk has all that it knows. */
function nodeOf(id: string, { state, options: { alpha } }: OneMember): MultiPaxosNode {
  return { id, state, durable: state, incarnation: 1, alpha }
}

/** What the invariants say of members that are looked at one after the other. */
function judged(nodes: readonly MultiPaxosNode[]): string | undefined {
  const watches = multiPaxosInvariants.map((invariant) => ({ name: invariant.name, look: invariant.watch() }))
  for (const node of nodes) {
    for (const { name, look } of watches) {
      const broken = look(node, nodes)
      if (broken !== undefined) return `${name}: ${broken}`
    }
  }
  return undefined
}

function acceptorOf(value: Value): OneMember {
  const member = new OneMember()
  member.accept('b', 1, { 1: { term: 0, membership: voting(['a', 'b', 'c']) }, 2: value })
  return member
}

const four: Membership = { ...voting(['a', 'b', 'c']), learners: ['d'], contacts: { d: '{"v":1}' } }
const change: Value = { term: 1, membership: four }

/** Of a ballot in which `b` proposes, `b` and `c` accept; then `a` leads, and has learned of it by phase 1. */
function ledAnew(value: Value): MultiPaxosNode[] {
  const [b, c, a] = [acceptorOf(value), acceptorOf(value), new OneMember()]
  a.prepare('b', 1)
  a.campaign()
  a.promise('b', {
    1: { round: 1, id: 'b', value: { term: 0, membership: voting(['a', 'b', 'c']) } },
    2: { round: 1, id: 'b', value },
  })
  a.settle()
  b.timeout('lease')
  b.prepare('a', a.state.promised.round)
  return [nodeOf('b', b), nodeOf('c', c), nodeOf('a', a)]
}

describe('a membership that is chosen', () => {
  test('is proposed again as it is by a leader that learns of it', () => {
    const nodes = ledAnew(change)
    expect(judged(nodes)).toBe(undefined)
    expect(nodes[2]?.state.log[1]?.value).toEqual(change)
  })

  test.each([
    ['another learner', { ...four, learners: ['e'], contacts: {} }],
    ['another contact', { ...four, contacts: { d: '{"v":1,"name":"d"}' } }],
    ['a voter instead', voting(['a', 'b', 'c', 'd'], four.contacts)],
    ['one that is on the way to vote', { ...four, joining: ['d'] }],
  ])('is not taken for one with %s', (_, membership) => {
    expect(judged([...ledAnew(change).slice(0, 2), ...ledAnew({ term: 1, membership }).slice(2)])).toMatch(
      /^P2c: in slot 2 members a b c of term 1 was chosen/,
    )
  })

  test('is the same one after it was read from a disk', () => {
    const read: Value = { term: 1, membership: { ...four, contacts: { ...four.contacts } } }
    expect(judged([...ledAnew(change).slice(0, 2), ...ledAnew(read).slice(2)])).toBe(undefined)
  })

  test('is neither nothing nor a command', () => {
    for (const value of [{ term: 1 }, commandOf('x')])
      expect(judged([...ledAnew(change).slice(0, 2), ...ledAnew(value).slice(2)])).toMatch(/^P2c: in slot 2/)
  })
})
