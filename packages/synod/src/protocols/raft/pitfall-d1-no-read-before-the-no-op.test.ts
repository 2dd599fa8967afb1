import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a leader answers no read before an entry of its term is committed (Ongaro §6.4; redisraft#22).
// Method: a new leader that does not yet know that its predecessor's command is committed is asked at once.
test('a read at a new leader waits, and then contains what the leader before it had decided', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.cut.add('a>c')
  world.propose('a', 1)
  world.until(() => world.state('a').commitIndex >= 2)
  // b has the command, and was not told that it is decided.
  world.packets = []
  world.crash('a')
  world.fire('b', 'lease')
  world.fire('c', 'lease')
  world.fire('b', 'election')
  world.until(() => world.state('b').role === 'leader')
  expect(world.state('b').commitIndex).toBe(1)
  expect(world.read('b', 7)).toBe(true)
  expect(world.happenings.filter(({ type }) => type === 'readable')).toEqual([])
  world.deliver()
  expect(world.happenings.filter(({ type }) => type === 'readable')).toEqual([
    { type: 'readable', node: 'b', id: 7, index: 3 },
  ])
})

test('a quorum that answers heartbeats is not enough, while no entry of the term is committed', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  for (const member of world.members.values()) {
    member.synced = member.journal.push({
      type: 'entries',
      currentTerm: 1,
      votedFor: undefined,
      prevIndex: 0,
      prevTerm: 0,
      entries: [{ term: 1 }],
    })
  }
  world.startAll()
  world.fire('a', 'election')
  world.until(() => world.state('a').role === 'leader')
  world.packets = world.packets.filter(({ message }) => message.type !== 'appendEntries')
  world.read('a', 1)
  world.fire('a', 'heartbeat')
  world.deliver()
  expect(world.state('a').progress['b']).toMatchObject({ round: world.state('a').round })
  expect(world.happenings.filter(({ type }) => type === 'readable')).toEqual([])
  world.run(500)
  expect(world.happenings.filter(({ type }) => type === 'readable')).toEqual([
    { type: 'readable', node: 'a', id: 1, index: 2 },
  ])
})
