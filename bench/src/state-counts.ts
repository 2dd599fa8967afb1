import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedSpace, search, type Published } from 'synod/explorer'

// All published numbers of states, also of the models that take too long for the tests. Arguments are the rows to do; the
// one with 41 million states is done only if it is named. Exits with 1 if a number is another one.

const file = join(import.meta.dirname, '../../packages/synod/testdata/state-counts/counts.json')
const giant = 'own-abd-2c3s'
/** Its number is that of a search that takes different states for one; a test has it. */
const unsound = 'stateright-2pc-5-symmetry'

const wanted = process.argv.slice(2)
const rows = (JSON.parse(readFileSync(file, 'utf8')) as Published[]).filter(
  ({ id, reproduced }) =>
    reproduced !== false && id !== unsound && (wanted.length > 0 ? wanted.includes(id) : id !== giant),
)
let failed = 0
for (const row of rows) {
  const { space, options } = publishedSpace(row)
  const began = performance.now()
  const { states, generated, depth, bytes } = search(space, options)
  const { id, distinct, depth: levels = depth, reproduced } = row
  const isCounted = reproduced === true || String(reproduced).includes('generated')
  const transitions = isCounted ? (row.generated ?? generated) : generated
  const seconds = (performance.now() - began) / 1000
  const isRight = states === distinct && depth === levels && generated === transitions
  if (!isRight) failed++
  const memory = process.memoryUsage().rss
  console.log(
    `${isRight ? '✓' : '✗'} ${id}: ${states} states (${distinct}), ${generated} transitions, ${depth} levels (${levels}), ` +
      `${seconds.toFixed(1)} s, ${Math.round(states / seconds)}/s, table ${Math.round(bytes / 1e6)} MB, process ${Math.round(memory / 1e6)} MB`,
  )
}
console.log(`${rows.length - failed} of ${rows.length} as published`)
process.exitCode = failed === 0 ? 0 : 1
