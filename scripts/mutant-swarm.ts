import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { simulate, type Plan } from 'synod/simulator'
import { raftSubject } from 'synod/testing'
import { huntAll, type Hunted } from './mutant-hunts.ts'
import { ofNames, WrongCommand } from './mutant-selection.ts'
import { huntHeadOf, huntRowOf, huntTotals, readSwarm, recorded, swarmFile } from './mutant-table.ts'
import { readMutants, type Mutant } from './mutant.ts'

const usage = `Lets the simulator's swarm look for each bug of mutants/, and makes the run that shows it small.

  npm run mutants:swarm [-- OPTIONS] [NAME...]

  NAME         only those whose name contains this
  --seeds N    so many for each (default: 300)
  --seconds N  so long for the seeds of each (default: 60); then as much again for shrinking
  --jobs N     so many at a time (default: one for each core, ${availableParallelism()} here)
  --help       this text

Writes what it finds to ${swarmFile}, beside what that has of others; null: not found.

Exit codes: 0 measured, 1 a hunt failed or a run fails without its mutant, 2 the command is wrong.
`

const numbers = { seeds: 300, seconds: 60, jobs: availableParallelism() }

async function main(): Promise<number> {
  const { values, positionals } = readCommand(process.argv.slice(2))
  if (values.help === true) {
    console.log(usage)
    return 0
  }
  const limits = {
    seeds: numberOf('seeds', values.seeds),
    seconds: numberOf('seconds', values.seconds),
    jobs: numberOf('jobs', values.jobs),
  }
  return run(ofNames(readMutants(), positionals), limits)
}

function readCommand(args: readonly string[]) {
  const text = { type: 'string' } as const
  const options = { seeds: text, seconds: text, jobs: text, help: { type: 'boolean' } } as const
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    if (error instanceof TypeError) throw new WrongCommand(error.message, { cause: error })
    throw error
  }
}

function numberOf(name: keyof typeof numbers, text: string | undefined): number {
  const value = Number(text ?? numbers[name])
  if (!Number.isInteger(value) || value < 1) throw new WrongCommand(`--${name} takes a number from 1 on, not ${text}`)
  return value
}

async function run(mutants: readonly Mutant[], limits: typeof numbers): Promise<number> {
  const known = new Set(readMutants().map(({ name }) => name))
  const width = Math.max(0, ...mutants.map(({ name }) => name.length))
  const hunts = new Map<string, Hunted>()
  console.log(huntHeadOf(width))
  await huntAll(mutants, { ...limits, failsWithout }, (mutant, hunted) => {
    console.log(huntRowOf(mutant, hunted, width))
    hunts.set(mutant.name, hunted)
    // At once: a measurement that is interrupted keeps what it has.
    writeFileSync(swarmFile, recorded(readSwarm(), hunts, known))
  })
  console.log(`\n${huntTotals([...hunts.values()])}`)
  return [...hunts.values()].some(({ seeds }) => seeds === undefined) ? 1 : 0
}

/** This process has no mutant. */
function failsWithout(plan: Plan, invariant: string): boolean {
  return simulate(raftSubject, plan).violation?.invariant === invariant
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof WrongCommand)) throw error
  console.error(`${error.message}\n"npm run mutants:swarm -- --help" shows what there is`)
  process.exitCode = 2
}
