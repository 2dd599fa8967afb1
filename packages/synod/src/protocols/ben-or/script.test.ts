import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { toldInOrder, toldKeptApart } from '../../testing/ben-or/told.ts'

const folder = new URL('testdata/', import.meta.url)

// The stories in testdata/ are what is promised. UPDATE=1 rewrites them; read the difference before keeping it.
test.each([
  ['three-disagree.txt', () => toldInOrder([0, 1, 1], 1)],
  ['kept-apart.txt', () => toldKeptApart(5, 12)],
] as const)('%s reads as it is played', (name, told) => {
  const file = new URL(name, folder)
  if (process.env['UPDATE'] === '1') writeFileSync(file, told())
  else expect(told()).toBe(readFileSync(file, 'utf8'))
  expect(readFileSync(new URL('README.md', import.meta.url), 'utf8')).toContain(name)
})
