import { existsSync, readFileSync } from 'node:fs'
import type { Hunted } from './mutant-hunts.ts'
import type { Verdict } from './mutant-trials.ts'
import type { Mutant } from './mutant.ts'

/**
 * By a mutant's name: after how many seeds the swarm has found it, by which invariant, how many events the shrunk run
 * has, and in how many seconds it was shrunk. null: not found.
 */
export type Swarm = Readonly<Record<string, Sighting>>

interface Sighting {
  readonly seeds: number | null
  readonly events: number | null
  readonly invariant: string | null
  readonly seconds: number | null
}

/** Where it is recorded. */
export const swarmFile = 'mutants/swarm.json'

/** What was recorded of the swarm; nothing, as long as nobody has measured it. */
export function readSwarm(file = swarmFile): Swarm {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Swarm) : {}
}

/** The file's new text: what it had of mutants that are still known, and over it what was found now, one a line. */
export function recorded(before: Swarm, hunts: ReadonlyMap<string, Hunted>, known: ReadonlySet<string>): string {
  const all = new Map(Object.entries(before).filter(([name]) => known.has(name)))
  for (const [name, hunted] of hunts) {
    if (hunted.seeds === undefined) continue
    const { seeds, events, invariant, seconds } = { ...noSighting, ...hunted }
    all.set(name, { seeds, events, invariant, seconds })
  }
  const lines = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{\n${lines.map(([name, one]) => `  ${JSON.stringify(name)}: ${spaced(one)}`).join(',\n')}\n}\n`
}

/** The line above the table; `width` is that of the longest name. */
export function headOf(width: number): string {
  return line('mutant', width, 'time', 'seeds', 'events', 'caught by')
}

/** One mutant's line: it, in what time, how the swarm found it, and by which test it was caught. */
export function rowOf({ name }: Mutant, { by, why, time }: Verdict, swarm: Swarm, width: number): string {
  const { seeds, events } = swarm[name] ?? { seeds: null, events: null }
  const catcher = by === undefined ? `NOT CAUGHT: ${why.split('\n')[0]}` : `${shortened(by.file)}: ${by.test}`
  return line(name, width, `${(time / 1000).toFixed(1)} s`, `${seeds ?? '-'}`, `${events ?? '-'}`, catcher)
}

function line(name: string, width: number, time: string, seeds: string, events: string, by: string): string {
  return `${name.padEnd(width)}  ${time.padStart(6)}  ${seeds.padStart(6)}  ${events.padStart(6)}  ${by}`
}

const noSighting: Sighting = { seeds: null, events: null, invariant: null, seconds: null }

/** On one line, as our formatter has it. */
function spaced(one: Sighting): string {
  return `{ ${Object.entries(one)
    .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(', ')} }`
}

/** A test's file without what all of them share. */
function shortened(file: string): string {
  return file.replace(/^packages\/(synod\/src\/|(?=server))/, '').replace(/\.test\.ts$/, '')
}

/** The line above the table of a hunt. */
export function huntHeadOf(width: number): string {
  return huntLine('mutant', width, 'seeds', 'events', 'shrunk', 'found by')
}

/** One mutant's line of a hunt: after how many seeds it was found, how small the run became, in what time, and by what. */
export function huntRowOf({ name }: Mutant, hunted: Hunted, width: number): string {
  if (!('plan' in hunted)) {
    const why = hunted.seeds === null ? hunted.why : `FAILED: ${hunted.why}`
    return huntLine(name, width, '-', '-', '-', why)
  }
  const { seeds, events, seconds, invariant } = hunted
  return huntLine(name, width, `${seeds}`, `${events}`, `${seconds.toFixed(1)} s`, invariant)
}

/** How many were found, and how small their runs became. */
export function huntTotals(hunts: readonly Hunted[]): string {
  const found = hunts.filter((hunted) => 'plan' in hunted)
  const head = `${hunts.length} mutants, ${found.length} found by the swarm`
  if (found.length === 0) return head
  const events = found.map((one) => one.events).toSorted((a, b) => a - b)
  const [low = 0, high = 0] = [events[(events.length - 1) >> 1], events[events.length >> 1]]
  return (
    `${head}; events of the shrunk runs: median ${(low + high) / 2}, maximum ${events.at(-1)}; ` +
    `longest shrink ${Math.max(...found.map(({ seconds }) => seconds)).toFixed(1)} s`
  )
}

function huntLine(name: string, width: number, seeds: string, events: string, time: string, by: string): string {
  return `${name.padEnd(width)}  ${seeds.padStart(5)}  ${events.padStart(6)}  ${time.padStart(7)}  ${by}`
}
