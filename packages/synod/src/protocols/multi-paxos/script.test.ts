import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { playScript } from '../../testing/multi-paxos/multi-paxos-script.ts'

// The conversations in testdata/ are what is promised. UPDATE=1 rewrites them; read the difference before keeping it.
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

test('README says of each script what it shows, and names no other', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  const named = new Set(readme.match(/[\w-]+\.txt/g))
  const there = readdirSync(folder).filter((file) => file.endsWith('.txt'))
  expect([...named].toSorted()).toEqual(there.toSorted())
})
