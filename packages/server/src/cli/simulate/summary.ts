import { counted, grouped } from 'synod/simulator'
import { table } from '../output.ts'
import type { Coverage } from './coverage.ts'
import { median, rough } from './numbers.ts'

/** What a summary says besides what was covered. */
export interface Frame {
  readonly protocol: string
  readonly first: number
  readonly threads: number
  readonly seconds: number
  readonly interrupted: boolean
}

/** What a campaign has covered, as JSON. Times in the unit of their names. */
export function summaryJson(coverage: Coverage, { protocol, first, threads, seconds, interrupted }: Frame): object {
  return {
    protocol,
    interrupted,
    seeds: { run: coverage.seeds, first, last: coverage.last ?? null },
    underWay: coverage.underWay.map(({ seed }) => seed),
    threads,
    seconds: Math.round(seconds * 10) / 10,
    simulatedHours: rounded(coverage.hours),
    hoursPerSecond: rounded(coverage.hours / seconds),
    events: coverage.events,
    operations: coverage.operations,
    errands: coverage.errands,
    faults: Object.fromEntries(byName(coverage.faults)),
    withoutEffect: withoutEffect(coverage),
    situations: Object.fromEntries(coverage.situations),
    unreached: unreached(coverage),
    ...(coverage.figures.isEmpty ? {} : { figures: coverage.figures.json() }),
    liveness: {
      runs: coverage.progress.length,
      medianMs: median(coverage.progress) ?? null,
      worstMs: coverage.progress.length === 0 ? null : Math.max(...coverage.progress),
    },
  }
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/** The same for people. */
export function summaryText(coverage: Coverage, { protocol, first, threads, seconds, interrupted }: Frame): string {
  const { seeds, hours, events, operations, errands, last, progress } = coverage
  const range = last === undefined ? 'no seed' : last === first ? `seed ${first}` : `seeds ${first} to ${last}`
  const lines = [
    `${interrupted ? 'Interrupted. ' : ''}${protocol}, ${range}: ${counted(seeds, 'run')} in ${grouped(seconds, 1)} s on ${counted(threads, 'thread')}, ${rough(seeds / seconds)} a second`,
    ...(interrupted ? [underWayText(coverage)] : []),
    `${grouped(hours, 2)} simulated hours, ${rough(hours / seconds)} a second; ${counted(events, 'event')}`,
    `operations: ${tallyText(operations)}`,
    ...(Object.values(errands).some((count) => count > 0)
      ? [`errands of an administrator: ${tallyText(errands)}`]
      : []),
    `liveness: ${counted(progress.length, 'run')} with a core${progress.length === 0 ? '' : `, which got on within ${milliseconds(median(progress) ?? 0)} (median), ${milliseconds(Math.max(...progress))} (worst)`}`,
  ]
  return `${lines.join('\n')}\n${faultsText(coverage)}${situationsText(coverage)}${coverage.figures.text()}`
}

function underWayText({ underWay }: Coverage): string {
  const runs = underWay.map(({ seed, seconds }) => `seed ${seed} for ${grouped(seconds, 1)} s`)
  return `under way: ${runs.length === 0 ? 'no run' : runs.join(', ')}`
}

function tallyText({ ok, rejected, unknown, unsent }: Coverage['operations']): string {
  return `${grouped(ok)} ok, ${grouped(rejected)} rejected, ${grouped(unknown)} unknown, ${grouped(unsent)} unsent`
}

function milliseconds(value: number): string {
  return `${grouped(Math.ceil(value))} ms`
}

function faultsText(coverage: Coverage): string {
  if (coverage.faults.size === 0) return '\nNo fault and no errand was configured.\n'
  const rows = byName(coverage.faults).map(([name, { runs, fired, silentRuns }]) => [
    name,
    grouped(runs),
    grouped(fired),
    silentRuns === 0 ? '' : grouped(silentRuns),
  ])
  const never = withoutEffect(coverage)
  return `\n${table([['fault or errand', 'runs', 'took effect', 'runs in which it did not'], ...rows])}\n${
    never.length === 0 ? '' : `Configured, and never took effect: ${never.join(', ')}\n`
  }`
}

function situationsText(coverage: Coverage): string {
  const { situations, reached } = coverage
  if (situations.size === 0) return ''
  const rows = [...situations].map(([name, runs]) => [name, runs === 0 ? 'never' : grouped(runs)])
  return `\n${table([[`situations: ${reached} of ${situations.size} reached`, 'runs'], ...rows])}\n`
}

function withoutEffect({ faults }: Coverage): string[] {
  return byName(faults).flatMap(([name, { fired, silentRuns }]) => (fired === 0 && silentRuns > 0 ? [name] : []))
}

function unreached({ situations }: Coverage): string[] {
  return [...situations].flatMap(([name, runs]) => (runs === 0 ? [name] : []))
}

function byName<Item>(items: ReadonlyMap<string, Item>): [string, Item][] {
  return [...items].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** Of runs that go on: a line. */
export function progressText(coverage: Coverage): string {
  const { seeds, seconds, hours, fired, reached, situations } = coverage
  const [longest] = coverage.underWay
  const parts = [
    `${counted(seeds, 'seed')}, ${rough(seeds / seconds)}/s`,
    `${grouped(hours, 2)} simulated hours, ${rough(hours / seconds)}/s`,
    `${counted(fired, 'fault')} fired`,
    `situations ${reached} of ${situations.size}`,
  ]
  if (longest !== undefined && longest.seconds > 10)
    parts.push(`seed ${longest.seed} for ${Math.round(longest.seconds)} s`)
  return parts.join(' · ')
}
