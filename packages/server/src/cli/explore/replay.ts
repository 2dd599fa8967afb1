import { replay, type Exploration } from 'synod/explorer'
import { exitCodes, UsageError } from '../exit.ts'
import { printJson, printLine } from '../output.ts'
import { modelNamed, spaceOf } from './models.ts'

/** How much is told of it. */
interface Telling {
  readonly json?: boolean
  /** Leaves out what happens on the way. */
  readonly quiet?: boolean
}

/** Where it ends, and what is broken there; or the first step that is none any more. */
interface Ending {
  readonly stopsAt?: number | 'start'
  readonly state?: string
  readonly broken?: string
}

/** Goes the way of an artefact once more, with the code as it is now. Answers the exit code. */
export function replayExploration(exploration: Exploration, { json = false, quiet = false }: Telling): number {
  const ending = followed(exploration)
  if (json) printJson(asJson(exploration, ending))
  else printReplay(exploration, ending, quiet)
  return ending.broken === undefined ? exitCodes.ok : exitCodes.failed
}

function followed({ model, bounds, property, start, path }: Exploration): Ending {
  const space = spaceOf(modelNamed(model), bounds)
  const index = space.properties.findIndex(({ name }) => name === property)
  if (index < 0) throw new UsageError(`${model} has no property "${property}"`)
  const { state, at } = replay(space, start, path)
  if (at !== undefined) return { stopsAt: at }
  const isBroken = space.judge(state, 1 << index) !== 0
  return { state: space.stateText(state), ...(isBroken && { broken: space.finding(state, index) }) }
}

function asJson({ model, bounds, property, start, path }: Exploration, { stopsAt, state, broken }: Ending): object {
  const events = path.map(({ event }) => event)
  const ending = { stopsAt: stopsAt ?? null, state: state ?? null, broken: broken ?? null }
  return { model, bounds, property, start, path: events, ...ending }
}

function printReplay({ model, property, start, path }: Exploration, ending: Ending, quiet: boolean): void {
  const { stopsAt, state, broken } = ending
  if (stopsAt === 'start') return printLine(`${model} has no initial state ${start} any more`)
  const told = quiet ? [] : path.slice(0, stopsAt)
  for (const [i, { event }] of told.entries()) printLine(`${String(i + 1).padStart(4)}  ${event}`)
  if (stopsAt !== undefined) return printLine(`\nThis cannot happen any more: ${path[stopsAt]?.event ?? ''}`)
  printLine(`\n${state}\n`)
  printLine(broken === undefined ? `Not violated any more: ${property}` : `violated: ${property}\n  ${broken}`)
}
