import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: what was lost on the way is sent again without any new command (camunda#8357, heartbeat_resp_recovers_from_probing).
// Method: links drop silently while entries are on their way, in each mode; then only time passes.
test('a follower whose appends were lost gets them by the answers to heartbeats', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.cut.add('a>b').add('a>c')
  for (let i = 1; i <= 5; i++) world.propose('a', i)
  world.deliver()
  world.heal()
  expect(world.state('a').progress['b']).toMatchObject({ mode: 'replicate', inflight: { length: 5 } })
  world.run(500)
  for (const id of ['a', 'b', 'c']) expect(world.state(id).commitIndex).toBe(6)
})

test('a probe that was lost is sent again', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.startAll()
  world.fire('a', 'election')
  world.until(() => world.state('a').role === 'leader')
  world.packets = world.packets.filter(({ message }) => message.type !== 'appendEntries')
  world.deliver()
  expect(world.state('a').progress['b']).toMatchObject({ mode: 'probe', inflight: { length: 1 } })
  world.run(500)
  for (const id of ['a', 'b', 'c']) expect(world.state(id).commitIndex).toBe(1)
})

test('acknowledgements that were lost are made up for by the next one', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { maxInflightMessages: 4 } })
  world.elect('a')
  world.cut.add('b>a').add('c>a')
  for (let i = 1; i <= 4; i++) world.propose('a', i)
  world.deliver()
  world.heal()
  const appends = world.sent('appendEntries').filter(({ entries }) => entries.length > 0).length
  world.run(500)
  expect(world.state('a').commitIndex).toBe(5)
  expect(world.sent('appendEntries').filter(({ entries }) => entries.length > 0)).toHaveLength(appends)
})

test('a follower that lost what it acknowledged is sent it again', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  for (let i = 1; i <= 3; i++) world.propose('a', i)
  world.run(500)
  const { journal } = world.member('b')
  world.crash('b')
  world.member('b').unreadable.add(journal.length - 1)
  journal.push({ type: 'hardState', currentTerm: 1, votedFor: 'a' })
  world.member('b').synced = journal.length
  world.start('b')
  expect(world.state('b').log).toHaveLength(3)
  world.run(500)
  expect(world.state('b').log).toHaveLength(4)
})
