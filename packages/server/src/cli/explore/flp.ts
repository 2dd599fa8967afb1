import { exhibitFlp, flpSpace, type Exhibit } from 'synod/testing'
import type { Explorable } from 'synod/explorer'
import { exitCodes } from '../exit.ts'
import { printJson, printLine } from '../output.ts'
import { quoted } from '../shell.ts'
import { writeExplorationFile } from './artefact.ts'
import type { ExploreOptions } from './settings.ts'

/** Searched in its own way: no order of all events, but one that never ends. */
export const flp: Explorable = {
  name: 'flp',
  description: 'Fischer, Lynch, Paterson: a fair run of Paxos in which nobody ever decides, built step by step',
  parameters: [
    { name: 'participants', description: 'one of whom may crash', fallback: 3, least: 3, most: 4 },
    { name: 'steps', description: 'of the run, at least', fallback: 1000, least: 1, most: 5000 },
    {
      name: 'inputs',
      description: 'with what they begin, as a number in binary; the search takes the first that is bivalent',
      fallback: 1,
      least: 0,
      most: 15,
    },
  ],
  space: ({ participants = 3, inputs = 1 }) => flpSpace(inputs.toString(2).padStart(participants, '0')),
}

export function exploreFlp(
  chosen: Readonly<Record<string, number>>,
  artefact: string,
  { json = false }: ExploreOptions,
): number {
  const { participants = 3, steps = 1000 } = chosen
  const began = performance.now()
  const found = exhibitFlp(participants, steps)
  const seconds = (performance.now() - began) / 1000
  const { property, path, inputs } = found
  const bounds = { ...chosen, inputs: Number.parseInt(inputs, 2) }
  writeExplorationFile(artefact, { model: flp.name, bounds, property, text: 'nobody has decided', start: 0, path })
  if (json) printJson({ ...found, seconds, artefact })
  else printFound(found, seconds, artefact)
  return exitCodes.ok
}

/** Of a long run the beginning. */
const shown = 40

function printFound(found: Exhibit, seconds: number, artefact: string): void {
  const { initial, inputs, witnesses, kept, run, path } = found
  printLine('Lemma 2: of the initial configurations, by what the participants begin with:')
  for (const one of initial) printLine(`  ${one.inputs}  ${one.valence}`)
  printLine(`\n${inputs} is bivalent. A schedule that decides 0:`)
  for (const { event } of witnesses['0']) printLine(`  ${event}`)
  printLine('and one that decides 1:')
  for (const { event } of witnesses['1']) printLine(`  ${event}`)
  printLine('\nLemma 3: each event that is pending in it, and what happens before it so that it stays bivalent:')
  for (const { event, before } of kept)
    printLine(`  ${before.length === 0 ? '' : `${before.join('; ')}; then `}${event}`)
  printLine('\nThe run; --- where the message that had waited for the longest time was delivered:')
  for (const [i, { event }] of path.slice(0, shown).entries())
    printLine(`${String(i + 1).padStart(5)}  ${event}${run.stages.includes(i + 1) ? '  ---' : ''}`)
  printLine(`    …  to step ${path.length}`)
  printLine(
    `\n${path.length} steps in ${run.stages.length} stages, in ${seconds.toFixed(1)} s. No message waited for more than ${run.longestWait} steps, nobody has crashed, and nobody has decided.`,
  )
  printLine(
    `In ${run.detours} stages the message alone would have fixed what is decided: something else had to happen first.`,
  )
  printLine(`\nReplay it:\n  npx synod explore --artefact ${quoted(artefact)}`)
}
