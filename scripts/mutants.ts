import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { readMutant } from './mutant.ts'

/**
 * Runs each mutant of `mutants/` in a process of its own: `npm run mutants [-- NAME…]`. A mutant whose test passes has
 * survived, and the run fails: the test proves nothing.
 */
const wanted = process.argv.slice(2)
const files = globSync('mutants/*.txt')
  .toSorted()
  .filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)))
if (files.length === 0) {
  console.error(`no mutant is called ${wanted.join(', ')}: see the folder mutants/`)
  process.exit(2)
}

let caught = 0
let survived = 0
for (const file of files) {
  const mutant = readMutant(file)
  const began = Date.now()
  const run = spawnSync('npx', ['vitest', 'run', mutant.test, '--no-color', '--bail', '1'], {
    env: { ...process.env, SYNOD_MUTANT: file },
    encoding: 'utf8',
  })
  const failed = /^\d+ passed, ([1-9]\d*) failed/m.test(run.stdout)
  if (failed) caught++
  else survived++
  console.log(
    `${failed ? 'caught  ' : 'SURVIVED'} ${mutant.name} (${((Date.now() - began) / 1000).toFixed(1)} s): ${mutant.claim}`,
  )
  if (!failed) console.log(run.stdout.slice(-2000) + run.stderr.slice(-2000))
}
console.log(`${caught} passed, ${survived} failed, 0 skipped`)
process.exit(survived === 0 ? 0 : 1)
