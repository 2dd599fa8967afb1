import { median } from '../chaos/meter.ts'
import { withEngine } from '../cluster.ts'
import {
  columns,
  LoadedCluster,
  measureAll,
  medians,
  percent,
  total,
  type Measured,
  type Results,
} from '../loaded-cluster.ts'
import { getRow, putRow } from '../rows.ts'
import { crashLeader, missPuts, type Crash } from './crashes.ts'
import { engineNames } from './measured-world.ts'
import { quantile, table } from './tables.ts'

/** How much is done with real processes. */
export interface Effort {
  /** Where data and logs go. */
  readonly folder: string
  /** Only rows of load whose name contains it. */
  readonly rows: string
  readonly rounds: number
  /** Of each row, at least. */
  readonly seconds: number
  readonly crashes: number
  /** That a follower misses. */
  readonly puts: number
}

const allRows = [
  putRow(1, 1),
  putRow(64, 1),
  putRow(100, 10),
  getRow('linearizable', 1, 1),
  getRow('linearizable', 64, 1),
]

/** Tables of what real processes do, by name: both engines in turn, in one run. */
export const processes: Readonly<Record<string, (effort: Effort) => Promise<string>>> = {
  load: async ({ folder, rounds, seconds, rows: part }) => {
    const rows = allRows.filter(({ name }) => name.includes(part))
    const results = await measureAll(clusters(folder), rows, rounds, seconds)
    const head = '/s, p50 / p99 ms, CPU µs a request (leader + followers)'
    return table(
      [
        'load',
        `Raft: ${head}`,
        `Multi-Paxos: ${head}`,
        'ratio /s (each round)',
        'ratio of CPU (each round)',
        'foreign',
      ],
      rows.map(({ name }) => loadColumns(name, results)),
    )
  },
  crashes: async ({ folder, crashes }) => {
    const all = await inTurn(folder, 'crashes', [], crashes, crashLeader)
    return table(
      ['engine', 'crashes', 'without service: median, p99, worst', 'the killed one serves again', 'and is level'],
      [...all].map(([name, crashed]) =>
        [name, `${crashed.length}`, withoutService(crashed)].concat(restarted(crashed)),
      ),
    )
  },
  restarts: async ({ folder, rounds, puts }) => {
    const lines: string[][] = []
    for (const [by, flags] of [
      ['from the log', []],
      ['by a snapshot', ['--snapshot-count', '100']],
    ] as const) {
      const title = `restarts ${by}`
      const all = await inTurn(folder, title, flags, rounds, async (cluster) => missPuts(cluster, puts))
      for (const [name, recovered] of all) lines.push([`${puts} puts, ${by}`, name, ...restarted(recovered)])
    }
    return table(['a follower has missed', 'engine', 'serves after: median, worst', 'is level after'], lines)
  },
}

function clusters(folder: string): LoadedCluster[] {
  return engineNames.map((name) => new LoadedCluster(name, withEngine(name), folder))
}

/** One cluster of each engine, and the same done to them in turn, the order reversed every other time. */
async function inTurn<T>(
  folder: string,
  title: string,
  flags: readonly string[],
  times: number,
  measure: (cluster: LoadedCluster) => Promise<T>,
): Promise<Map<string, T[]>> {
  const all = clusters(folder)
  const results = new Map<string, T[]>(all.map(({ name }) => [name, []]))
  for (const cluster of all) await cluster.start(title, flags)
  for (let time = 0; time < times; time++) {
    for (const cluster of time % 2 === 0 ? all : all.toReversed()) {
      const measured = await measure(cluster)
      results.get(cluster.name)?.push(measured)
      console.error(`${title} ${time + 1}: ${cluster.name} ${JSON.stringify(measured)}`)
    }
  }
  for (const cluster of all) await cluster.stop()
  return results
}

function withoutService(all: readonly Crash[]): string {
  const times = all.map(({ without }) => without)
  return `${[0.5, 0.99, 1].map((q) => quantile(times, q).toFixed(0)).join(', ')} ms`
}

function restarted(all: readonly Omit<Crash, 'without'>[]): string[] {
  return (['serves', 'level'] as const).map((field) => {
    const times = all.map((one) => one[field])
    return `${[0.5, 1].map((q) => quantile(times, q).toFixed(0)).join(', ')} ms`
  })
}

function loadColumns(name: string, results: Results): string[] {
  const [raft, paxos] = engineNames.map((engine) => results.get(`${engine} ${name}`) ?? [])
  const spread = (of: (one: Measured) => number): string => {
    const ratios = (paxos ?? []).map((one, round) => of(one) / of(raft?.[round] ?? one))
    return `${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`
  }
  const foreign = [raft, paxos].map((rounds) => percent(medians(rounds)?.foreign ?? Number.NaN)).join(', ')
  return [
    name,
    columns(medians(raft)),
    columns(medians(paxos)),
    spread(({ perSecond }) => perSecond),
    spread(({ cpu }) => total(cpu)),
    foreign,
  ]
}
