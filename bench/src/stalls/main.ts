import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { synod } from '../cluster.ts'
import { LoadedCluster, percent } from '../loaded-cluster.ts'
import { conditions, machineUs } from '../machine.ts'
import { readOptions, runProgram, wholeNumber } from '../options.ts'
import { putRow } from '../rows.ts'
import { duringEpisode, type Episode, episodesOf, type Slow } from './episodes.ts'
import type { Sighting } from './witness.ts'

const usage = `Every put that takes long, and what the servers did then: collections, syncs, work of the disk, long turns.

  npm run bench -- stalls [options]

  --puts N         how many (default 10000000)
  --longer N       than so many milliseconds (default 50)
  --connections N  (default 8)
  --streams N      on each (default 32)
`

/** One run of h2load, and one file of latencies. */
const piece = 250_000

/** Answers the exit code. */
export async function main(args: string[]): Promise<number> {
  return runProgram({ name: 'bench stalls', usage, read, run }, args)
}

interface Chosen {
  readonly puts: number
  readonly longer: number
  readonly connections: number
  readonly streams: number
}

function read(args: string[]): Chosen {
  const values = readOptions(args, {
    puts: { type: 'string', default: '10000000' },
    longer: { type: 'string', default: '50' },
    connections: { type: 'string', default: '8' },
    streams: { type: 'string', default: '32' },
  })
  return {
    puts: wholeNumber('--puts', values.puts),
    longer: wholeNumber('--longer', values.longer),
    connections: wholeNumber('--connections', values.connections),
    streams: wholeNumber('--streams', values.streams),
  }
}

async function run({ puts, longer, connections, streams }: Chosen): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-stalls-'))
  try {
    console.log(`${conditions(folder)}; ${puts} puts, c${connections} m${streams}\n`)
    const row = putRow(connections, streams)
    const { slow, perSecond, foreign, witnesses } = await watched(folder, puts, longer, row)
    const episodes = episodesOf(slow)
    const rate = Math.round(perSecond)
    console.log(
      `${slow.length} of ${puts} puts took longer than ${longer} ms, in ${episodes.length} episodes; ${rate} puts/s; foreign ${percent(foreign)}\n`,
    )
    if (episodes.length > 0) console.log(table(episodes, witnesses))
    console.log(`\nWhat took longer than ${longer} ms, whether or not a put was held up:\n`)
    for (const { name, sightings } of witnesses) console.log(`${name}: ${longOnes(sightings, longer)}`)
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Watched {
  readonly slow: readonly Slow[]
  readonly perSecond: number
  readonly foreign: number
  readonly witnesses: readonly { readonly name: string; readonly sightings: readonly Sighting[] }[]
}

async function watched(folder: string, puts: number, longer: number, row: ReturnType<typeof putRow>): Promise<Watched> {
  const witness = join(import.meta.dirname, 'witness.ts')
  // each member writes where its own directory's name says
  const home = join(folder, 'cluster')
  const command = { ...synod, arguments: ['--import', witness, ...synod.arguments] }
  const cluster = new LoadedCluster('synod', command, home, {
    environment: (name) => ({ BENCH_WITNESS: join(folder, `${name}.jsonl`) }),
  })
  await cluster.start('stalls')
  const leader = await cluster.leader()
  await cluster.load(leader, row, 100_000)
  const slow: Slow[] = []
  const before = machineUs()
  let [busy, seconds] = [0, 0]
  for (let left = puts; left > 0; left -= piece) {
    const count = Math.min(left, piece)
    const { perSecond, foreign } = await cluster.load(leader, row, count)
    seconds += count / perSecond
    busy += (foreign * count) / perSecond
    slow.push(...slowOf(join(home, 'latencies.tsv'), longer))
    const total = machineUs().total - before.total
    console.error(`${puts - left + count} puts, ${slow.length} slow, ${(total / 2e6).toFixed(0)} s`)
  }
  const inOrder = [leader, ...cluster.members.filter((one) => one !== leader)]
  await cluster.stop()
  const witnesses = inOrder.map(({ name }, i) => ({
    name: i === 0 ? 'leader' : `follower ${name}`,
    sightings: sightingsOf(join(folder, `${name}.jsonl`)),
  }))
  return { slow, perSecond: puts / seconds, foreign: busy / seconds, witnesses }
}

/** h2load's log: when a request began, in microseconds of the epoch; its status; how long it took, in microseconds. */
function slowOf(file: string, longer: number): Slow[] {
  const slow: Slow[] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [at, , took] = line.split('\t')
    if (Number(took) > 1000 * longer) slow.push({ at: Number(at) / 1000, took: Number(took) / 1000 })
  }
  return slow
}

function sightingsOf(file: string): Sighting[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Sighting)
}

function table(episodes: readonly Episode[], witnesses: Watched['witnesses']): string {
  const shown = episodes.toSorted((a, b) => b.worst - a.worst).slice(0, 40)
  const lines = shown.map((episode) => {
    const { from, requests, worst } = episode
    const seen = duringEpisode(episode, witnesses)
    const cells = [
      new Date(from).toISOString().slice(11, 23),
      requests,
      worst.toFixed(0),
      seen.join('; ') || '**nothing seen**',
    ]
    return `| ${cells.join(' | ')} |`
  })
  return ['| began | puts | worst, ms | what was seen then |', '|---|---|---|---|', ...lines].join('\n')
}

function longOnes(sightings: readonly Sighting[], longer: number): string {
  const kinds = new Map<string, number[]>()
  for (const { what, took } of sightings) {
    if (took <= longer) continue
    kinds.set(what, [...(kinds.get(what) ?? []), took])
  }
  const parts = [...kinds].map(([kind, times]) => `${kind}: ${times.length}, worst ${Math.max(...times).toFixed(0)} ms`)
  return parts.length === 0 ? 'nothing' : parts.join('; ')
}
