import { changeCases, measureChange } from './changes.ts'
import { costCases, measureCost, type Cost } from './cost.ts'
import { laggardCases, measureRecovery } from './laggards.ts'
import { engineNames } from './measured-world.ts'
import { measureOutage, outageCases } from './outages.ts'
import { measurePartition, partitionCases } from './partitions.ts'
import { measureRepair, repairCases } from './repairs.ts'
import { quantile, table } from './tables.ts'

/** How much of each is simulated. */
export interface Amount {
  /** Seeds, of what is drawn anew in each world; those of partitions and laggards are fewer. */
  readonly seeds: number
  /** Operations in each world whose cost is counted. */
  readonly operations: number
}

/** Tables of what is exact in simulated worlds, by name. */
export const simulated: Readonly<Record<string, (amount: Amount) => string>> = {
  cost: ({ operations }) =>
    table(
      ['load', 'engine', 'frames', 'bytes', 'syncs', 'ms', 'frames by what is in them'],
      costCases.flatMap((of) =>
        engineNames.map((engine) => [of.name, engine, ...costColumns(measureCost(engine, of, operations))]),
      ),
    ),
  outages: ({ seeds }) =>
    table(
      ['world', 'engine', 'without service: median, p99', 'rounds', 'the one behind leads', 'frames, bytes to elect'],
      outageCases.flatMap((of) =>
        engineNames.map((engine) => {
          const all = each(of.size > 4096 ? fewer(seeds) : seeds, (seed) => measureOutage(engine, of, seed))
          const laggard = all.filter(({ laggardLeads }) => laggardLeads).length
          return [
            of.name,
            engine,
            `${quantiles(all.map(({ without }) => without))} ms of ${all.length}`,
            mean(all.map(({ terms }) => terms)).toFixed(2),
            of.laggedFor > 0 ? `${((100 * laggard) / all.length).toFixed(0)} %` : '',
            `${mean(all.map(({ electionFrames }) => electionFrames)).toFixed(1)}, ${mean(all.map(({ electionBytes }) => electionBytes)).toFixed(0)}`,
          ]
        }),
      ),
    ),
  partitions: ({ seeds }) =>
    table(
      [
        'partition',
        'engine',
        'longest time without service: median, worst',
        'elections',
        'members served',
        'once healed',
      ],
      partitionCases.flatMap((of) =>
        engineNames.map((engine) => {
          const all = each(fewer(seeds), (seed) => measurePartition(engine, of, seed, 60_000))
          return [
            of,
            engine,
            `${worst(all.map(({ longest }) => longest))} ms`,
            range(all.map(({ elections }) => elections)),
            range(all.map(({ served }) => served)),
            `${worst(all.map(({ healed }) => healed))} ms`,
          ]
        }),
      ),
    ),
  laggards: ({ seeds }) =>
    table(
      ['laggard', 'engine', 'until level: median, worst', 'frames', 'bytes'],
      laggardCases.flatMap((of) =>
        engineNames.map((engine) => {
          const all = each(fewer(seeds), (seed) => measureRecovery(engine, of, seed))
          return [
            of.name,
            engine,
            `${worst(all.map(({ took }) => took))} ms`,
            quantile(
              all.map(({ frames }) => frames),
              0.5,
            ).toFixed(0),
            quantile(
              all.map(({ bytes }) => bytes),
              0.5,
            ).toFixed(0),
          ]
        }),
      ),
    ),
  repairs: ({ seeds }) =>
    table(
      ['one of five cannot read a record', 'engine', 'whole again', 'until whole: median, worst', 'bytes'],
      repairCases.flatMap((of) =>
        engineNames.map((engine) => {
          const all = each(fewer(seeds), (seed) => measureRepair(engine, of, seed))
          const took = all.flatMap((one) => one.took ?? [])
          return [
            of.name,
            engine,
            `${took.length} of ${all.length}`,
            took.length === 0 ? 'not within 20 s' : `${worst(took)} ms`,
            quantile(
              all.map(({ bytes }) => bytes),
              0.5,
            ).toFixed(0),
          ]
        }),
      ),
    ),
  changes: ({ seeds }) =>
    table(
      [
        'a learner takes the place of',
        'engine',
        'answered',
        'over: median, worst',
        'longest without service',
        'frames beyond the usual',
      ],
      changeCases.flatMap((of) =>
        engineNames.map((engine) => {
          const all = each(fewer(seeds), (seed) => measureChange(engine, of, seed))
          return [
            of,
            engine,
            `${worst(all.map(({ answered }) => answered))} ms`,
            `${worst(all.map(({ over }) => over))} ms`,
            `${worst(all.map(({ without }) => without))} ms`,
            mean(all.map(({ frames }) => frames)).toFixed(0),
          ]
        }),
      ),
    ),
}

/** Worlds that take long. */
function fewer(seeds: number): number {
  return Math.ceil(seeds / 20)
}

function each<T>(seeds: number, measure: (seed: number) => T): T[] {
  return Array.from({ length: seeds }, (_, i) => measure(i + 1))
}

function costColumns({ frames, bytes, syncs, milliseconds, kinds }: Cost): string[] {
  const parts = [...kinds].toSorted(([, a], [, b]) => b - a).filter(([, count]) => count >= 0.005)
  return [
    frames.toFixed(2),
    bytes.toFixed(0),
    syncs.toFixed(2),
    milliseconds.toFixed(2),
    parts.map(([kind, count]) => `${kind} ${count.toFixed(2)}`).join('; '),
  ]
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}

function quantiles(numbers: readonly number[]): string {
  return [0.5, 0.99].map((q) => quantile(numbers, q).toFixed(0)).join(', ')
}

function worst(numbers: readonly number[]): string {
  return [0.5, 1].map((q) => quantile(numbers, q).toFixed(0)).join(', ')
}

function range(numbers: readonly number[]): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  return least === most ? `${least}` : `${least} to ${most}`
}
