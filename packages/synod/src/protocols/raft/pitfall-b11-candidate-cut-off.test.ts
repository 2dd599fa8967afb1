import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a candidate that is cut off between its rehearsal and its election does not count up terms (canonical/raft#196).
// Method: the links go after the pre-votes have come; minutes later it has raised its term once.
test('a candidate that gets no votes begins with a rehearsal again', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.startAll()
  world.fire('a', 'election')
  world.until(() => world.state('a').role === 'candidate')
  world.partition(['a'], ['b', 'c'])
  world.run(120_000)
  expect(world.state('a')).toMatchObject({ role: 'preCandidate', currentTerm: 1 })
})
