import { readFileSync, writeFileSync } from 'node:fs'

/** How the explorer finds a mutant. */
export interface Caught {
  /** Of `synod explore`. */
  readonly model: string
  /** Of that model; the others are as usual. */
  readonly bounds: Readonly<Record<string, number>>
  /** What is violated. */
  readonly property: string
  /** Of the shortest way there, from where the search begins. */
  readonly events: number
  /** Distinct states until it is found. */
  readonly states: number
}

/** Every mutant of a log engine, and others of which a bare protocol shows: found by the explorer, or outside of what it looks at. */
export interface ExploredMutants {
  readonly caught: Readonly<Record<string, Caught>>
  /** By reason. */
  readonly outside: Readonly<Record<string, readonly string[]>>
}

const file = 'mutants/explorer.json'

export function readExploredMutants(): ExploredMutants {
  return JSON.parse(readFileSync(file, 'utf8')) as ExploredMutants
}

export function writeExploredMutants(explored: ExploredMutants): void {
  writeFileSync(file, `${JSON.stringify(explored, undefined, 2)}\n`)
}

/** A row of the table in docs/state-counts.md. */
export function rowOf(name: string, { model, bounds, property, events, states }: Caught): string[] {
  const words = [model, ...Object.entries(bounds).map(([bound, value]) => `--${bound} ${value}`)]
  return [`\`${name}\``, `\`${words.join(' ')}\``, property, String(events), String(states)]
}
