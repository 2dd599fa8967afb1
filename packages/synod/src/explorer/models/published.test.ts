import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { search } from '../search/search.ts'
import { publishedSpace, type Published } from './published.ts'

// Goal: the explorer visits each state once and forgets none. Method: the numbers of states, transitions and levels that
// other checkers have published for models of which the descriptions are exact (simulation-anchors, 3a and 3b).

const file = join(import.meta.dirname, '../../../testdata/state-counts/counts.json')
const rows = (JSON.parse(readFileSync(file, 'utf8')) as Published[]).filter(({ reproduced }) => reproduced !== false)

/** More than a second each, or gigabytes: `npm run explore:counts` has them. */
const byHand = [
  'own-2pc-7',
  'own-single-copy-4c1s',
  'own-abd-2c3s',
  'own-abd-2c3s-ordered',
  'own-lamport-paxos-3a2v-b0-2',
  'tlc-multipaxos-smr-small',
]
/** Their states depend on the order of a search that takes more than one state for the same: symmetry.test.ts. */
const trap = 'stateright-2pc-5-symmetry'

/** `true`: each figure; otherwise those that are named. */
function isReproduced({ reproduced }: Published, figure: 'generated' | 'depth'): boolean {
  return reproduced === true || (typeof reproduced === 'string' && reproduced.includes(figure))
}

test('there are 33 rows', () => {
  expect(rows.length).toBe(33)
})

describe('as published', () => {
  test.each(rows.filter(({ id }) => ![...byHand, trap].includes(id)))('$id: $distinct states', (row) => {
    const { space, options } = publishedSpace(row)
    const { states, generated, depth } = search(space, options)
    expect(states).toBe(row.distinct)
    if (row.depth !== undefined) expect(depth, 'depth').toBe(row.depth)
    if (row.generated !== undefined && isReproduced(row, 'generated'))
      expect(generated, 'generated').toBe(row.generated)
  })

  test('the whole graph of the two single copies, of which the search stops early', () => {
    const { space } = publishedSpace({ ...rows[0], id: '', ...singleCopies })
    expect(search(space, { stop: 'never' }).states).toBe(62)
  })
})

const singleCopies = {
  model: 'single-copy-register',
  parameters: { clients: 2, servers: 2 },
  distinct: 62,
  reproduced: true,
}
