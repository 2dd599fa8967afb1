import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { conditions } from '../machine.ts'
import { processes } from './processes.ts'
import { simulated } from './simulated.ts'

const usage = `Raft and Multi-Paxos behind one server: same load, same faults, in turn. docs/raft-and-paxos.md says what follows from it.

  npm run bench -- raft-vs-multi-paxos

Simulated worlds, in which everything is exact and the same seed draws the same machines for both:
  cost          messages, bytes and syncs of each operation
  outages       time without service after the leader's death; what an election says
  partitions    quorum loss, constrained election, chain
  laggards      a member that has missed something
  repairs       a member that cannot read a record of its journal
  changes       a voter is exchanged under load

Three-node clusters of processes on this machine:
  load          h2load at the leader
  crashes       kill -9 of the leader, again and again
  restarts      a follower that has missed puts

  --only NAMES     of these, with commas between them
  --seeds N        how many worlds; a twentieth of them where each takes long (default 400)
  --operations N   in each world whose cost is counted (default 2000)
  --rows TEXT      of load, those whose name contains it, such as "put" or "c64"
  --rounds N       of load and restarts (default 5)
  --seconds N      how long each row of load takes, at least (default 4)
  --crashes N      of each engine (default 20)
  --puts N         that a follower misses (default 200000)
`

const defaults = {
  seeds: 400,
  operations: 2000,
  rounds: 5,
  seconds: 4,
  crashes: 20,
  puts: 200_000,
}
type Numbers = Record<keyof typeof defaults, number>

const allNames = [...Object.keys(simulated), ...Object.keys(processes)]

/** Answers the exit code. */
export async function main(args: string[]): Promise<number> {
  const chosen = readOptions(args)
  if (typeof chosen === 'string') {
    process.stderr.write(`bench raft-vs-multi-paxos: ${chosen}\n\n${usage}`)
    return 2
  }
  if (chosen === undefined) {
    process.stdout.write(usage)
    return 0
  }
  const { names, numbers, rows } = chosen
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'))
  try {
    console.log(`> ${conditions(folder)}; ${JSON.stringify(numbers)}`)
    for (const name of names) {
      const text = simulated[name]?.(numbers) ?? (await processes[name]?.({ ...numbers, rows, folder }))
      console.log(`\n## ${name}\n\n${text ?? ''}`)
    }
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Chosen {
  readonly names: readonly string[]
  readonly numbers: Numbers
  /** What the names of rows of load contain. */
  readonly rows: string
}

/** A text says what is wrong; `undefined`: help is wanted. */
function readOptions(args: string[]): Chosen | string | undefined {
  let values: Readonly<Record<string, string | boolean | undefined>>
  const text = { type: 'string' } as const
  const numeric = Object.fromEntries(Object.keys(defaults).map((name) => [name, text]))
  try {
    const options = { ...numeric, only: text, rows: text, help: { type: 'boolean', short: 'h' } as const }
    ;({ values } = parseArgs({ args, options }))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  if (values['help'] === true) return undefined
  const numbers: Numbers = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof Numbers)[]) {
    const given = values[name]
    if (given === undefined) continue
    const number = Number(given)
    if (!(number > 0) || (name !== 'seconds' && !Number.isSafeInteger(number)))
      return `--${name} is ${String(given)}: expected a ${name === 'seconds' ? '' : 'whole '}number above 0`
    numbers[name] = number
  }
  const names = typeof values['only'] === 'string' ? values['only'].split(',') : allNames
  const unknown = names.find((name) => !allNames.includes(name))
  const rows = typeof values['rows'] === 'string' ? values['rows'] : ''
  return unknown === undefined ? { names, numbers, rows } : `--only names ${unknown}: there are ${allNames.join(', ')}`
}
