import { globSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readMutant } from './mutant.ts'

// Goal: a mutant whose module has moved on is noticed here, not only in the long run that applies them.

const mutants = globSync('mutants/*.txt').map(readMutant)

test('every mutant finds its text exactly once, and names a test', () => {
  expect(mutants.length).toBeGreaterThan(30)
  for (const { name, old, new: replacement, test: file } of mutants) {
    expect(globSync(file), name).toHaveLength(1)
    expect(replacement, name).not.toBe(old)
  }
})
