import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { changedFiles, ofChangedRooms, ofNames, WrongCommand } from './mutant-selection.ts'
import { headOf, readSwarm, rowOf } from './mutant-table.ts'
import { tryAll, type Verdict } from './mutant-trials.ts'
import { readMutants, type Mutant } from './mutant.ts'

const usage = `Puts each bug of mutants/ back into its module, and runs the test that must notice.

  npm run mutants [-- OPTIONS] [NAME...]

  NAME            only those whose name contains this
  --changed REF   only those of rooms that differ from this commit, and all of Raft's
  --jobs N        so many at a time (default: one for each core, ${availableParallelism()} here)
  --help          this text

A mutant must be caught within 10 seconds. The columns "seeds" and "events" come from mutants/swarm.json: after how many
seeds the simulator's swarm has found it, and how many events the shrunk run has; "-" where it was not measured.

Exit codes: 0 all were caught, 1 some were not, 2 the command is wrong.
`

/** How long a mutant may take, the start of its process included. */
const limit = 10_000

interface Command {
  readonly names: readonly string[]
  readonly changed: string | undefined
  readonly jobs: number
  readonly help: boolean
}

function readCommand(args: readonly string[]): Command {
  const options = { changed: { type: 'string' }, jobs: { type: 'string' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parsed(() => parseArgs({ args: [...args], allowPositionals: true, options }))
  const jobs = Number(values.jobs ?? availableParallelism())
  if (!Number.isInteger(jobs) || jobs < 1) throw new WrongCommand(`--jobs takes a number from 1 on, not ${values.jobs}`)
  return { names: positionals, changed: values.changed, jobs, help: values.help === true }
}

function parsed<Result>(parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    if (error instanceof TypeError) throw new WrongCommand(error.message, { cause: error })
    throw error
  }
}

function main(): Promise<number> | number {
  const { names, changed, jobs, help } = readCommand(process.argv.slice(2))
  if (help) {
    console.log(usage)
    return 0
  }
  const named = ofNames(readMutants(), names)
  return run(changed === undefined ? named : ofChangedRooms(named, changedFiles(changed)), jobs)
}

async function run(mutants: readonly Mutant[], jobs: number): Promise<number> {
  const swarm = readSwarm()
  const width = Math.max(0, ...mutants.map(({ name }) => name.length))
  console.log(headOf(width))
  const survivors: [Mutant, Verdict][] = []
  await tryAll(mutants, { jobs, limit }, (mutant, verdict) => {
    console.log(rowOf(mutant, verdict, swarm, width))
    if (verdict.by === undefined) survivors.push([mutant, verdict])
  })
  for (const [{ name, file, claim, test }, { why }] of survivors) {
    console.log(`\nSURVIVED ${name}: ${claim}\n  ${why}\n  again: SYNOD_MUTANT=${file} npx vitest run ${test}`)
  }
  const caught = mutants.length - survivors.length
  // The first of these two lines is what .ci/run adds up.
  console.log(`\n${caught} passed, ${survivors.length} failed, 0 skipped`)
  console.log(`${mutants.length} mutants, ${caught} caught`)
  return survivors.length === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof WrongCommand)) throw error
  console.error(`${error.message}\n"npm run mutants -- --help" shows what there is`)
  process.exitCode = 2
}
