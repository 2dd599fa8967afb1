import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedSpace, search, type Published, type Space } from 'synod/explorer'
import { ownModels, publishedCounts } from 'synod/testing'

// All numbers of states that docs/state-counts.md tells, also of the models that take too long for the tests: those that others
// have published, and those of our own protocols. Arguments are the rows to do, or names of our own models; those with tens of
// millions of states, which take minutes, are done only if they are named. Exits with 1 if a number is another one.

/** What is searched, and what has to come of it. */
interface Row {
  readonly id: string
  readonly space: () => { readonly space: Space; readonly options?: Parameters<typeof search>[1] }
  readonly states: number
  readonly transitions: number | undefined
  readonly levels: number | undefined
}

const root = join(import.meta.dirname, '../..')
const giant = 20_000_000
/** Its number is that of a search that takes different states for one; a test has it. */
const unsound = 'stateright-2pc-5-symmetry'

function published(): Row[] {
  const file = join(root, 'packages/synod/testdata/state-counts/counts.json')
  const rows = JSON.parse(readFileSync(file, 'utf8')) as Published[]
  return rows
    .filter(({ id, reproduced }) => reproduced !== false && id !== unsound)
    .map((row) => {
      const { id, distinct: states, depth: levels, generated, reproduced } = row
      const isCounted = reproduced === true || String(reproduced).includes('generated')
      return { id, space: () => publishedSpace(row), states, levels, transitions: isCounted ? generated : undefined }
    })
}

/** The tables under "Our own". */
function own(): Row[] {
  const text = readFileSync(join(root, 'docs/state-counts.md'), 'utf8')
  return ownModels.flatMap((model) =>
    publishedCounts(text, model).map(({ bounds, chosen, states, transitions, levels }) => ({
      id: `${model.name} ${bounds}`,
      space: () => ({ space: model.space(chosen) }),
      states,
      transitions,
      levels,
    })),
  )
}

const wanted = process.argv.slice(2)
const isWanted = ({ id, states }: Row): boolean => {
  if (wanted.includes(id)) return true
  return states < giant && (wanted.length === 0 || wanted.includes(id.split(' ')[0] ?? ''))
}
const rows = [...published(), ...own()].filter(isWanted)
let failed = 0
for (const row of rows) {
  const { space, options } = row.space()
  const began = performance.now()
  const { states, generated, depth, bytes } = search(space, options)
  const { id, levels = depth, transitions = generated } = row
  const seconds = (performance.now() - began) / 1000
  const isRight = states === row.states && depth === levels && generated === transitions
  if (!isRight) failed++
  const memory = process.memoryUsage().rss
  console.log(
    `${isRight ? '✓' : '✗'} ${id}: ${states} states (${row.states}), ${generated} transitions, ${depth} levels (${levels}), ` +
      `${seconds.toFixed(1)} s, ${Math.round(states / seconds)}/s, table ${Math.round(bytes / 1e6)} MB, process ${Math.round(memory / 1e6)} MB`,
  )
}
console.log(`${rows.length - failed} of ${rows.length} as published`)
process.exitCode = failed === 0 ? 0 : 1
