import { expect, test } from 'vitest'
import { commandOf, World } from './testing/world.ts'

// Goal: a follower hears what is committed when it can have it: a heartbeat that overtakes the entries tells it nothing, and
// counts for nothing (etcd's sentCommit). Method: entries take longer than what has none; a client of the slow one waits.
test('a heartbeat that overtook the entries does not keep their commitment from whoever waits for it', () => {
  const world = new World({ members: ['a', 'b', 'c'], raft: { heartbeatInterval: 100 } })
  world.elect('a')
  world.run(250)
  world.slow = ({ to, message }) =>
    to === 'b' && message.type === 'appendEntries' && message.entries.length > 0 ? 10 : 0
  const before = world.now
  world.raft('a').propose(commandOf('b', 7))
  const { commitIndex } = world.state('a')
  world.until(() => world.state('a').commitIndex > commitIndex)
  world.read('a', 1)
  world.until(() => world.state('b').commitIndex > commitIndex)
  expect(world.now - before).toBeLessThan(20)
})
