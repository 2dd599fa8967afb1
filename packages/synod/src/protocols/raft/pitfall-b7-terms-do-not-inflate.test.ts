import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a member that is cut off does not count up terms, and does not depose the leader when it comes back (Ongaro §9.6).
// Method: five minutes alone, and back; then candidates that start together, again and again, must end in a leader.
test('a member that was cut off for minutes comes back without an election', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  const { currentTerm } = world.state('a')
  world.partition(['a', 'b'], ['c'])
  world.run(300_000)
  expect(world.state('c').currentTerm).toBe(currentTerm)
  world.heal()
  world.run(5000)
  expect(world.state('a')).toMatchObject({ role: 'leader', currentTerm })
  expect(world.state('c').leader).toBe('a')
})

test('candidates that begin together end with one leader', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World({ members: ['a', 'b', 'c', 'd', 'e'], seed, delay: [1, 5], sync: [1, 5] })
    world.startAll()
    for (const id of ['a', 'b', 'c', 'd', 'e']) world.fire(id, 'election')
    world.run(10_000)
    expect(world.leader()).toBeDefined()
  }
})
