import { expect, test } from 'vitest'
import { voting, type Membership, type NodeId } from '../core/index.ts'
import { Circle } from './circle.ts'

// Goal: only who really was a member, and is none any more, is remembered as removed: whoever is told so is gone for
// good. Method: what is decided, as an engine says it, one membership after the other.

interface Said {
  membership: Membership
  repairing: boolean
}

function circleOf(self: NodeId, said: Said): { circle: Circle; removed: NodeId[]; expelled: () => boolean } {
  const removed: NodeId[] = []
  let expelled = false
  const links = { send: () => true, reconfigure: () => undefined, estrange: () => undefined }
  const circle = new Circle(
    {
      self,
      diskId: undefined,
      links,
      get standing() {
        const { membership, repairing } = said
        return {
          term: 1,
          leader: undefined,
          leading: false,
          decided: 0,
          lastIndex: 0,
          compacted: 0,
          membership,
          committedMembership: membership,
          parting: [],
          snapshot: undefined,
          repairing,
          stranded: false,
        }
      },
      now: () => 0,
      later: () => undefined,
      known: () => true,
      removed: (ids) => void removed.push(...ids),
      contradicted: () => [],
      changed: () => undefined,
      expelled: () => (expelled = true),
      lostDisk: () => undefined,
    },
    1000,
  )
  return { circle, removed, expelled: () => expelled }
}

test('who is removed is remembered; who is removed itself is expelled', () => {
  const said = { membership: voting(['a', 'b', 'c']), repairing: false }
  const { circle, removed, expelled } = circleOf('a', said)
  circle.begin({})
  said.membership = voting(['a', 'b'])
  circle.look()
  expect(removed).toEqual(['c'])
  expect(expelled()).toBe(false)
  said.membership = voting(['b'])
  circle.look()
  expect(expelled()).toBe(true)
})

test('a member that goes through old memberships again, as it has lost its snapshot, takes nobody for removed', () => {
  const newest = voting(['a', 'd', 'e'])
  const said = { membership: newest, repairing: true }
  const { circle, removed, expelled } = circleOf('d', said)
  circle.begin({})
  said.membership = voting(['a', 'b', 'c'])
  circle.look()
  expect(removed).toEqual([])
  expect(expelled()).toBe(false)
  said.membership = newest
  circle.look()
  said.repairing = false
  circle.look()
  said.membership = voting(['a', 'd'])
  circle.look()
  expect(removed).toEqual(['e'])
  expect(expelled()).toBe(false)
})
