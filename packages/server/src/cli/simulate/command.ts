import { isExploration } from 'synod/explorer'
import { counted } from 'synod/simulator'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { exitCodes, UsageError } from '../exit.ts'
import { explorationIn } from '../explore/artefact.ts'
import { replayExploration } from '../explore/replay.ts'
import { readText } from '../input.ts'
import { printJson, printLine } from '../output.ts'
import { checkWritable } from '../place.ts'
import { artefactIn, checkFree } from './artefact-file.ts'
import { campaign, type Extent, type Finding } from './campaign.ts'
import { Coverage } from './coverage.ts'
import { plotOf } from './figures-plot.ts'
import { keep, keptJson, keptText, replayCommand, type Kept } from './finding.ts'
import { Interruption } from '../interruption.ts'
import { Value } from './json-shape.ts'
import { checkPlan } from './plan-shape.ts'
import { ProgressLine } from '../progress-line.ts'
import { findProtocol, type Protocol } from './protocols.ts'
import { replay } from './replay.ts'
import { readScenario, type Scenario } from './scenario.ts'
import type { SimulateOptions } from './settings.ts'
import { conversation, endingText, eventsText, surroundings, violationText } from './story.ts'
import { progressText, summaryJson, summaryText } from './summary.ts'
import type { Result } from './tasks.ts'
import { Thread } from './thread.ts'

/** Whose protocols are attacked, and the program of the threads that do it. */
export interface Laboratory {
  readonly findProtocol: (argument: string) => Promise<Protocol>
  readonly program: URL
  /** A run in which nothing happens for so long, in milliseconds, hangs. */
  readonly patience: number
}

const production: Laboratory = {
  findProtocol,
  program: new URL(`./worker${extname(import.meta.filename)}`, import.meta.url),
  patience: 60_000,
}

const defaultProtocol = 'raft'
const defaultSeeds = 100

/** `synod simulate`: attacks a protocol with seeds, or replays an artefact. Throws `UsageError`. */
export async function simulate(
  name: string | undefined,
  options: SimulateOptions,
  laboratory: Laboratory = production,
): Promise<number> {
  return options.artefact !== undefined && campaignFlags(options).length === 0
    ? replayFile(options.artefact, name, options, laboratory)
    : attack(name ?? defaultProtocol, options, laboratory)
}

/** With any of these, `--artefact` names the place of what is found. */
function campaignFlags({ seeds, seed, hours, scenario }: SimulateOptions): string[] {
  const flags = { '--seeds': seeds, '--seed': seed, '--hours': hours, '--scenario': scenario }
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag]))
}

async function replayFile(
  file: string,
  name: string | undefined,
  options: SimulateOptions,
  laboratory: Laboratory,
): Promise<number> {
  const text = readText(file)
  if (isExploration(text)) return replayExplored(file, text, name, options)
  const artefact = artefactIn(file, text)
  const { protocol: itsName } = artefact.plan
  const protocol = await laboratory.findProtocol(name ?? itsName)
  if (itsName !== protocol.name) throw new UsageError(`${file} is an artefact of ${itsName}, not of ${protocol.name}`)
  checkPlan(new Value(`${file}: plan`, artefact.plan), protocol)
  return withThreads(laboratory, protocol, {}, 1, async ([thread], interruption) =>
    thread === undefined ? exitCodes.failed : replay(artefact, protocol, thread, options, interruption),
  )
}

/** What the explorer has found is a path in a model, and no plan for a world: the explorer's own engine goes along it. */
function replayExplored(file: string, text: string, name: string | undefined, options: SimulateOptions): number {
  const exploration = explorationIn(file, text)
  const { model } = exploration
  if (name !== undefined && name !== model)
    throw new UsageError(`${file} is the artefact of an exploration of ${model}, not of ${name}`)
  return replayExploration(exploration, options)
}

async function attack(name: string, options: SimulateOptions, laboratory: Laboratory): Promise<number> {
  const protocol = await laboratory.findProtocol(name)
  const scenario = options.scenario === undefined ? {} : readScenario(options.scenario, protocol)
  if (options.artefact !== undefined) checkFree(options.artefact, campaignFlags(options))
  if (options.svg !== undefined) checkWritable(options.svg)
  const extent = extentOf(options)
  const jobs = Math.min(options.jobs ?? availableParallelism(), extent.seeds ?? Infinity)
  return withThreads(laboratory, protocol, scenario, jobs, async (threads, interruption) => {
    const covered = await play(protocol, options, extent, threads, interruption)
    report(protocol, options, covered)
    if (options.svg !== undefined) draw(options.svg, protocol, covered)
    if (covered.finding !== undefined) return exitCodes.failed
    return covered.frame.interrupted ? exitCodes.interrupted : exitCodes.ok
  })
}

/** Throws `UsageError`: it measures nothing. */
function draw(file: string, { name }: Protocol, { coverage: { figures, seeds } }: Covered): void {
  if (figures.isEmpty) throw new UsageError(`${name} measures nothing that --svg could draw`)
  writeFileSync(file, plotOf(figures, `${name}: ${counted(seeds, 'run')}`))
}

function extentOf({ seeds, seed, hours }: SimulateOptions): Extent {
  const usual = seed === undefined ? defaultSeeds : 1
  return { first: seed ?? 1, seeds: seeds ?? (hours === undefined ? usual : undefined), hours }
}

/** Threads for as long as they are used; Ctrl-C ends what `use` said last. */
async function withThreads(
  { program, patience }: Laboratory,
  { argument }: Protocol,
  scenario: Scenario,
  count: number,
  use: (threads: readonly Thread[], interruption: Interruption) => Promise<number>,
): Promise<number> {
  const interruption = new Interruption()
  const threads = Array.from({ length: count }, () => new Thread(program, { protocol: argument, scenario }, patience))
  try {
    return await use(threads, interruption)
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()))
    interruption.release()
  }
}

/** What came of a campaign. */
interface Covered {
  readonly coverage: Coverage
  readonly frame: Parameters<typeof summaryText>[1]
  readonly finding: Finding | undefined
  readonly kept: Kept | undefined
}

async function play(
  protocol: Protocol,
  options: SimulateOptions,
  extent: Extent,
  threads: readonly Thread[],
  interruption: Interruption,
): Promise<Covered> {
  const coverage = new Coverage(() => performance.now())
  const progress = new ProgressLine(() => progressText(coverage))
  progress.say(beginning(protocol, extent, threads.length))
  interruption.endBy(() => void Promise.all(threads.map((thread) => thread.stop())))
  try {
    const finding = await campaign(threads, extent, coverage, isTold(options))
    const { seconds } = coverage
    const { happened: interrupted } = interruption
    const frame = { protocol: protocol.name, first: extent.first, threads: threads.length, seconds, interrupted }
    if (finding?.result === undefined) return { coverage, frame, finding, kept: undefined }
    progress.say(`seed ${finding.seed} fails: ${finding.result.violation?.invariant}`)
    const file = options.artefact ?? `./synod-${protocol.name}-${finding.seed}.json`
    const kept = await keep(finding, file, threads, progress, interruption)
    return { coverage, frame, finding, kept }
  } finally {
    progress.end()
  }
}

function beginning({ name }: Protocol, { first, seeds, hours }: Extent, threads: number): string {
  const last = seeds === undefined ? ' and on' : ` to ${first + seeds - 1}`
  const which = seeds === 1 ? `seed ${first}` : `seeds ${first}${last}`
  const until = hours === undefined ? '' : `, until ${hours} hours are simulated`
  return `${name}: ${which}${until}, on ${counted(threads, 'thread')}`
}

/** One seed is told in detail. */
function isTold({ seed, seeds, hours, json }: SimulateOptions): boolean {
  return seed !== undefined && seeds === undefined && hours === undefined && json !== true
}

function report(protocol: Protocol, options: SimulateOptions, { coverage, frame, finding, kept }: Covered): void {
  const again = finding === undefined ? undefined : replayCommand(kept, finding.seed, protocol, options.scenario)
  if (options.json === true) {
    printJson({ ...summaryJson(coverage, frame), violation: findingJson(finding, kept, again) })
    return
  }
  const { lastRun } = coverage
  if (isTold(options) && lastRun !== undefined) process.stdout.write(detail(lastRun, protocol, options.quiet === true))
  if (finding !== undefined) printLine(`seed ${finding.seed}: ${findingText(finding)}\n`)
  process.stdout.write(summaryText(coverage, frame))
  if (kept !== undefined) process.stdout.write(`\n${keptText(kept, protocol)}`)
  if (again !== undefined) printLine(`\nReplay it:\n  ${again}`)
}

function detail(result: Result, protocol: Protocol, quiet: boolean): string {
  const { plan } = result
  const happened = quiet ? eventsText(plan, protocol) : conversation(result, protocol)
  const ending = result.violation === undefined ? `${endingText(result)}\n` : ''
  return `${surroundings(plan)}${happened}${ending}\n`
}

function findingText({ result, death }: Finding): string {
  if (result?.violation !== undefined) return violationText(result.violation)
  return `its thread died with it\n  ${death}`
}

function findingJson(finding: Finding | undefined, kept: Kept | undefined, again: string | undefined): object | null {
  if (finding === undefined) return null
  const { seed, result, death } = finding
  return {
    seed,
    ...(death === undefined ? result?.violation : { death }),
    ...(kept === undefined ? {} : keptJson(kept)),
    replay: again,
  }
}
