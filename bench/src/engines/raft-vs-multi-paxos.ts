import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conditions } from '../machine.ts'
import { positive, readOptions, runProgram, wholeNumber, WrongOption } from '../options.ts'
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
  return runProgram({ name: 'bench raft-vs-multi-paxos', usage, read, run }, args)
}

async function run({ names, numbers, rows }: Chosen): Promise<number> {
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

function read(args: string[]): Chosen {
  const all = [...Object.keys(defaults), 'only', 'rows'].map((name) => [name, { type: 'string' }] as const)
  const given: Readonly<Record<string, string | undefined>> = readOptions(args, Object.fromEntries(all))
  const numbers: Numbers = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof Numbers)[]) {
    const number = given[name]
    if (number !== undefined) numbers[name] = (name === 'seconds' ? positive : wholeNumber)(`--${name}`, number)
  }
  const names = given['only']?.split(',') ?? allNames
  const unknown = names.find((name) => !allNames.includes(name))
  if (unknown !== undefined) throw new WrongOption(`--only names ${unknown}: there are ${allNames.join(', ')}`)
  return { names, numbers, rows: given['rows'] ?? '' }
}
