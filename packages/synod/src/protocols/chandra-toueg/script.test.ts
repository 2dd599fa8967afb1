import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { playScript, ScriptWorld, valueOf } from '../../testing/chandra-toueg/chandra-toueg-script.ts'

// Goal: pitfalls L7, L8, L9, L11, L12: conversations with their expected course, which say of each whose scenario it is; and what a
// good run costs. UPDATE=1 rewrites the conversations; read the difference before keeping it.
const folder = new URL('testdata/', import.meta.url)

describe('the scripts read as they are played', () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
    test(name, () => {
      const file = new URL(name, folder)
      const written = readFileSync(file, 'utf8')
      const played = playScript(written)
      if (process.env['UPDATE'] === '1') writeFileSync(file, played)
      else expect(played).toBe(written)
    })
  }
})

test('README names each script, and no other', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  const named = new Set(readme.match(/[\w-]+\.txt/g))
  const there = readdirSync(folder).filter((file) => file.endsWith('.txt'))
  expect([...named].toSorted()).toEqual(there.toSorted())
})

describe('a good run of n processes', () => {
  test.each([2, 3, 4, 5, 7])('over ◊S costs 3(n − 1) + n(n − 1) messages: n = %d', (n) => {
    expect(sentBy('processes', n)).toBe(3 * (n - 1) + n * (n - 1))
  })

  test.each([2, 3, 4, 5])('over S costs n exchanges of n(n − 1) messages: n = %d', (n) => {
    expect(sentBy('strong', n)).toBe(n * n * (n - 1))
  })
})

function sentBy(kind: string, n: number): number {
  const world = new ScriptWorld(kind, 'abcdefg'.slice(0, n).split(''))
  for (const id of world.nodes) world.process(id).propose(valueOf(id))
  while (world.step());
  expect(world.told.filter((line) => line.includes('decides'))).toHaveLength(n)
  return world.sent
}

test('over ◊S r mod n comes to everybody: with all but one suspected, everybody coordinates a round (L11)', () => {
  const world = new ScriptWorld('processes', ['a', 'b', 'c'])
  for (const id of world.nodes) {
    world.suspect(
      id,
      world.nodes.filter((other) => other !== id),
    )
    world.process(id).propose(valueOf(id))
  }
  const rounds = world.nodes.map((id) => world.process(id).state.round)
  expect(rounds).toEqual([3, 1, 2])
})
