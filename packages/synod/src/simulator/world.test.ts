import { expect, test } from 'vitest'
import { World, type Inhabitant } from './world.ts'

test('both sides introduce themselves anew to a node that halted by itself and was started again', () => {
  const greetings = new Set<string>()
  const world = new World<Inhabitant>({
    seed: 1,
    nodes: ['a', 'b'],
    member: (id, ports) => ({
      codec: { protocol: 'none' },
      diskId: id,
      options: { cluster: 'c' },
      open: (opened) => {
        ports.links.reconfigure({ a: '', b: '' })
        opened(id)
      },
      alarm: () => undefined,
      flush: () => undefined,
      arrived: () => undefined,
      greeted: ({ from, to }, answer) => {
        greetings.add(`${from} to ${to}`)
        answer(undefined)
      },
      refused: () => undefined,
      connected: () => undefined,
      introduce: () => undefined,
    }),
  })
  world.start('a')
  world.start('b')
  world.run(100)
  expect(greetings).toEqual(new Set(['a to b', 'b to a']))
  greetings.clear()
  world.start('b')
  world.run(100)
  expect(greetings).toEqual(new Set(['a to b', 'b to a']))
})
