import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { present } from '../core/index.ts'
import { search } from '../explorer/index.ts'
import { ownModels } from './own-models.ts'
import { publishedCounts } from './published-counts.ts'

// Goal: the numbers of states of our own models that docs/state-counts.md tells are those that a search comes to. Method: all rows that
// take a moment; `npm run explore:counts` does the others.
const page = readFileSync(join(import.meta.dirname, '../../../../docs/state-counts.md'), 'utf8')

/** More rows than `least` there must be, and those of fewer states than `most` are searched. */
const extents: Readonly<Record<string, { readonly least: number; readonly most: number }>> = {
  raft: { least: 5, most: 30_000 },
  'multi-paxos': { least: 5, most: 15_000 },
  paxos: { least: 5, most: 10_000 },
  'ben-or': { least: 3, most: 25_000 },
  'ben-or-byzantine': { least: 3, most: 25_000 },
  'chandra-toueg': { least: 4, most: 20_000 },
}

describe.each(ownModels)('$name', (model) => {
  const { least, most } = present(extents[model.name], `a model with a table in docs/state-counts.md: ${model.name}`)
  const rows = publishedCounts(page, model)

  test('there are rows', () => {
    expect(rows.length).toBeGreaterThan(least)
  })

  // Under symmetry each state costs as much as there are ways to exchange the names.
  test.each(rows.filter(({ bounds, states }) => states < (bounds.includes('--symmetry') ? most / 6 : most)))(
    '$bounds',
    ({ chosen, ...published }) => {
      const { states, generated, depth } = search(model.space(chosen))
      expect([states, generated, depth]).toEqual([published.states, published.transitions, published.levels])
    },
  )
})
