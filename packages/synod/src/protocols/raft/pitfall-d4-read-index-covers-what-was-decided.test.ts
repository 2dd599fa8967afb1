import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: the index that a read must wait for is at least what was decided when it was asked, not what is applied anywhere.
// Method: of every read in a run with commands between reads, the answer's index against the leader's commit index at the time.
test('a read waits for everything that was decided before it', () => {
  const world = new World({ members: ['a', 'b', 'c'], delay: [1, 10], sync: [1, 10] })
  world.elect('a')
  const floors: number[] = []
  for (let i = 1; i <= 50; i++) {
    world.propose('a', i)
    floors[i] = world.state('a').commitIndex
    world.read('a', i)
    world.run(7)
  }
  world.run(1000)
  const answers = world.happenings.filter((happening) => happening.type === 'readable')
  expect(answers).toHaveLength(50)
  for (const { id, index } of answers) expect(index).toBeGreaterThanOrEqual(floors[id] ?? Infinity)
})
