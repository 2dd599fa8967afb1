import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { search, type Explorable } from '../explorer/index.ts'
import { explorableBenOr } from './ben-or/ben-or-model.ts'
import { explorableByzantineBenOr } from './ben-or/byzantine-model.ts'
import { explorableChandraToueg } from './chandra-toueg/chandra-toueg-model.ts'
import { explorableMultiPaxos } from './multi-paxos/multi-paxos-model.ts'
import { explorablePaxos } from './paxos/paxos-model.ts'
import { publishedCounts } from './published-counts.ts'
import { explorableRaft } from './raft/raft-model.ts'

// Goal: the numbers of states of our own models that docs/state-counts.md tells are those that a search comes to. Method: all rows that
// take a moment; `npm run explore:counts` does the others.
const page = readFileSync(join(import.meta.dirname, '../../../../docs/state-counts.md'), 'utf8')

/** More rows than `least` there must be, and those of fewer states than `most` are searched. */
const models: readonly { readonly model: Explorable; readonly least: number; readonly most: number }[] = [
  { model: explorableRaft, least: 5, most: 30_000 },
  { model: explorableMultiPaxos, least: 5, most: 15_000 },
  { model: explorablePaxos, least: 5, most: 10_000 },
  { model: explorableBenOr, least: 3, most: 25_000 },
  { model: explorableByzantineBenOr, least: 3, most: 25_000 },
  { model: explorableChandraToueg, least: 4, most: 20_000 },
]

describe.each(models)('$model.name', ({ model, least, most }) => {
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
