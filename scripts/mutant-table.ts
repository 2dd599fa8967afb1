import { existsSync, readFileSync } from 'node:fs'
import type { Verdict } from './mutant-trials.ts'
import type { Mutant } from './mutant.ts'

/** By a mutant's name: after how many seeds the swarm has found it, and how many events the shrunk run has. null: not found. */
export type Swarm = Readonly<Record<string, { readonly seeds: number | null; readonly events: number | null }>>

/** What was recorded of the swarm; nothing, as long as nobody has measured it. */
export function readSwarm(file = 'mutants/swarm.json'): Swarm {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Swarm) : {}
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

/** A test's file without what all of them share. */
function shortened(file: string): string {
  return file.replace(/^packages\/(synod\/src\/|(?=server))/, '').replace(/\.test\.ts$/, '')
}
