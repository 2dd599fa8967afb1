import { setImmediate } from 'node:timers/promises'
import { collisionBound, NamesMatter, searching, searchingWithSleepSets, walking } from 'synod/explorer'
import type { Chosen, Exploration, Explorable, Finding, Progress, Searching, SearchReport, Space } from 'synod/explorer'
import { grouped } from 'synod/simulator'
import { exitCodes, UsageError } from '../exit.ts'
import { Interruption } from '../interruption.ts'
import { printJson, printLine } from '../output.ts'
import { ProgressLine } from '../progress-line.ts'
import { quoted } from '../shell.ts'
import { checkPlace, readExplorationFile, writeExplorationFile } from './artefact.ts'
import { exploreFlp, flp } from './flp.ts'
import { camelCased, chosenBy, listText, modelNamed, models, spaceOf } from './models.ts'
import { replayExploration } from './replay.ts'
import type { ExploreOptions } from './settings.ts'

/** Explores a model, replays what it was found to break, or lists the models. */
export async function explore(name: string | undefined, options: ExploreOptions): Promise<number> {
  if (name === undefined && options.artefact !== undefined)
    return replayExploration(readExplorationFile(options.artefact), options)
  if (name === undefined) {
    process.stdout.write(listText())
    return exitCodes.ok
  }
  const model = modelNamed(name)
  const chosen = chosenBy(model, options, given(options))
  const artefact = options.artefact ?? `./synod-explore-${name}.json`
  checkPlace(artefact)
  if (model === flp && options.sleepSets === true) throw new UsageError('--sleep-sets: flp is searched in its own way')
  if (model === flp) return exploreFlp(chosen, artefact, options)
  const space = spaceOf(model, chosen)
  const began = performance.now()
  const { report, interrupted } = await ended(explored(name, space, options))
  const seconds = (performance.now() - began) / 1000
  const violation = report.findings.find(({ kind }) => kind === 'always')
  if (violation !== undefined) writeExplorationFile(artefact, explorationOf(name, chosen, violation))
  if (options.json === true) printJson(asJson(name, chosen, space, report, seconds, violation && artefact))
  else printReport(model, chosen, space, report, seconds, violation && artefact)
  if (violation !== undefined) return exitCodes.failed
  if (report.outOfMemory) return exitCodes.unknown
  return interrupted ? exitCodes.interrupted : exitCodes.ok
}

/** The bounds that were written on the command line. */
function given(options: ExploreOptions): string[] {
  const names = new Set(models.flatMap(({ parameters }) => parameters.map((parameter) => parameter.name)))
  return [...names].filter((name) => options[camelCased(name)] !== undefined)
}

/** Throws `UsageError` where it cannot be explored like that. */
function explored(model: string, space: Space, options: ExploreOptions): Searching {
  const { order, maxStates, seed, all = false, sleepSets = false } = options
  const limits = { ...(maxStates !== undefined && { maxStates }), ...(seed !== undefined && { seed }) }
  const stop = all ? 'never' : 'violation'
  if (sleepSets) {
    if (order === 'breadth' || order === 'random')
      throw new UsageError(`--sleep-sets: they are searched depth first, not with --order ${order}`)
    if (space.independence === undefined) throw new UsageError(nothingCommutes(model))
    return searchingWithSleepSets(space, { ...limits, stop })
  }
  if (order !== 'random') return searching(space, { ...limits, order: order ?? 'breadth', stop })
  if (all) throw new UsageError('--all: walks at random (--order random) end at the first violation')
  return walking(space, limits)
}

/** The flag says what to do; this is why. */
function nothingCommutes(model: string): string {
  return (
    `--sleep-sets: it is not known which events of ${model} commute. It is known of nodes and messages, but not of ` +
    'specifications, nor with --symmetry 1 or --duplicating 1'
  )
}

/** Goes on until nothing is left or somebody has seen enough; says how it goes. */
async function ended(goingOn: Searching): Promise<{ readonly report: SearchReport; readonly interrupted: boolean }> {
  const began = performance.now()
  let progress: Progress = { states: 0, depth: 0 }
  const line = new ProgressLine(() => progressText(progress, (performance.now() - began) / 1000))
  const interruption = new Interruption()
  try {
    for (;;) {
      const { done, value } = goingOn.next(!interruption.happened)
      if (done === true) return { report: value, interrupted: interruption.happened }
      progress = value
      // Signals and the clock come in between.
      await setImmediate()
    }
  } catch (error) {
    throw error instanceof NamesMatter ? new UsageError(error.message, { cause: error }) : error
  } finally {
    interruption.release()
    line.end()
  }
}

function progressText({ states, depth }: Progress, seconds: number): string {
  const rate = grouped(Math.round(states / seconds), 0)
  return `${grouped(states, 0)} states, ${depth} deep: ${rate} a second`
}

function printReport(
  model: Explorable,
  chosen: Chosen,
  space: Space,
  report: SearchReport,
  seconds: number,
  artefact: string | undefined,
): void {
  const bounds = Object.entries(chosen).map(([name, value]) => `--${name} ${value}`)
  printLine(`${model.name} ${bounds.join(' ')}`)
  const rate = grouped(Math.round(report.states / seconds), 0)
  printLine(
    `${report.states} distinct states, ${report.generated} transitions, in ${seconds.toFixed(1)} s: ${rate} states a second`,
  )
  if (report.depth > 0)
    printLine(
      `${report.depth} states on the longest of the shortest paths; ${report.ends} states in which nothing can happen`,
    )
  const statistics = Object.entries(space.statistics()).map(([what, count]) => `${what}: ${count}`)
  printLine(statistics.join(', '))
  printLine(
    `two states taken for one: at most ${collisionBound(report.states).toExponential(1)} likely (fingerprints of 64 bits)`,
  )
  for (const finding of report.findings)
    if (finding.kind === 'sometimes') printLine(`seen: ${finding.property}, after ${finding.path.length} events`)
  for (const property of unseen(space, report)) printLine(`never seen: ${property}`)
  for (const what of notExplored(space, report)) printLine(`not explored: ${what}`)
  const violation = report.findings.find(({ kind }) => kind === 'always')
  if (violation === undefined || artefact === undefined) return printLine('nothing was violated')
  printViolation(violation)
  printLine(`\nReplay it:\n  npx synod explore --artefact ${quoted(artefact)}`)
}

function printViolation({ property, text, start, path }: Finding): void {
  const from = start.number === 0 ? '' : `, from the initial state ${start.number}`
  printLine(`\nviolated: ${property}\n  ${text}\nafter ${path.length} events${from}:`)
  if (start.number > 0) printLine(start.state)
  for (const [i, { event }] of path.entries()) printLine(`${String(i + 1).padStart(4)}  ${event}`)
}

function unseen(space: Space, { findings }: SearchReport): string[] {
  const seen = new Set(findings.map(({ property }) => property))
  return space.properties.filter(({ kind, name }) => kind === 'sometimes' && !seen.has(name)).map(({ name }) => name)
}

function notExplored(space: Space, { complete, pending, outOfMemory }: SearchReport): string[] {
  if (complete) return [...space.leftOut()]
  // Walks at random do not count what they leave.
  const rest = pending === 0 ? 'whatever the walks did not come to' : `what follows ${pending} states`
  const why = outOfMemory ? ', for which memory ran out' : pending === 0 ? '' : ' that were found'
  return [rest + why, ...space.leftOut()]
}

function asJson(
  model: string,
  bounds: Chosen,
  space: Space,
  report: SearchReport,
  seconds: number,
  artefact: string | undefined,
): object {
  const { states, generated, depth, ends, complete, outOfMemory, pending } = report
  const findings = report.findings.map(({ property, kind, text, start, path }) => ({
    property,
    kind,
    text,
    start: start.number,
    path: path.map(({ event }) => event),
  }))
  return {
    model,
    bounds,
    states,
    generated,
    depth,
    ends,
    complete,
    outOfMemory,
    pending,
    seconds,
    findings,
    statistics: space.statistics(),
    collisionBound: collisionBound(states),
    notExplored: notExplored(space, report),
    artefact: artefact ?? null,
  }
}

function explorationOf(model: string, bounds: Chosen, { property, text, start, path }: Finding): Exploration {
  return { model, bounds, property, text, start: start.number, path }
}
