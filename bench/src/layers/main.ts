import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerProcess, synod } from '../cluster.ts'
import { LoadedCluster } from '../loaded-cluster.ts'
import { conditions } from '../machine.ts'
import { positive, readOptions, runProgram, wholeNumber, WrongOption } from '../options.ts'
import { distinctRow, putRow, type Row } from '../rows.ts'
import { hottest, type Layer, layersOf, type CpuProfile } from './profile.ts'
import { type ThreadKind, threadsUs } from './threads.ts'

const usage = `Where the processor time of a put goes: three members under V8's profiler, their time summed by layer.

  npm run bench -- layers [options]

  --rows TEXT      such as "c1 m1": only rows whose name contains it (default: all)
  --seconds N      how long each row takes, at least (default 5)
  --functions N    also the N functions with the most time of their own, of the leader and of a follower
`

const shapes = [
  [1, 1],
  [64, 1],
  [8, 32],
  [100, 10],
] as const
const allRows: readonly Row[] = [...shapes.map(([c, m]) => putRow(c, m)), distinctRow(64, 1), distinctRow(8, 32)]

/** How often V8 looks, in microseconds. */
const intervalUs = 250

/** One member during one load: microseconds a put. */
interface Spent {
  readonly threads: Readonly<Record<ThreadKind, number>>
  readonly layers: ReadonlyMap<Layer, number>
  readonly hottest: readonly (readonly [number, string])[]
}

/** Answers the exit code. */
export async function main(args: string[]): Promise<number> {
  return runProgram({ name: 'bench layers', usage, read, run }, args)
}

interface Chosen {
  readonly rows: readonly Row[]
  readonly seconds: number
  readonly functions: number
}

function read(args: string[]): Chosen {
  const values = readOptions(args, {
    rows: { type: 'string', default: '' },
    seconds: { type: 'string', default: '5' },
    functions: { type: 'string' },
  })
  const rows = allRows.filter(({ name }) => name.includes(values.rows))
  if (rows.length === 0)
    throw new WrongOption(`--rows is ${values.rows}: rows are ${allRows.map(({ name }) => name).join(', ')}`)
  const functions = values.functions === undefined ? 0 : wholeNumber('--functions', values.functions)
  return { rows, seconds: positive('--seconds', values.seconds), functions }
}

async function run({ rows, seconds, functions }: Chosen): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-layers-'))
  try {
    console.log(`${conditions(folder)}; V8 looked every ${intervalUs} µs\n`)
    for (const row of rows) {
      const [leader, follower] = await profiled(row, seconds, functions, folder)
      if (leader !== undefined && follower !== undefined) console.log(table(row.name, leader, follower))
    }
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The leader first. */
async function profiled(row: Row, seconds: number, functions: number, folder: string): Promise<Spent[]> {
  const profiles = join(folder, `profiles ${row.name}`)
  mkdirSync(profiles)
  const flags = ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-interval=${intervalUs}`]
  const cluster = new LoadedCluster('synod', { ...synod, arguments: [...flags, ...synod.arguments] }, folder)
  await cluster.start(row.name)
  await cluster.measure(row, 1)
  const leader = await cluster.leader()
  const members = [leader, ...cluster.members.filter((one) => one !== leader)]
  const pids = members.map(({ pid }) => pid)
  const requests = cluster.requestsFor(row, seconds)
  const before = pids.map(threadsUs)
  const from = monotonicUs()
  await cluster.load(leader, row, requests)
  const to = monotonicUs()
  const after = pids.map(threadsUs)
  await endAll(members)
  return pids.map((pid, i) => {
    const file = readdirSync(profiles).find((name) => name.split('.').includes(String(pid)))
    if (file === undefined) throw new Error(`the member with pid ${pid} left no profile in ${profiles}`)
    const profile = JSON.parse(readFileSync(join(profiles, file), 'utf8')) as CpuProfile
    const threads = { ...after[i] } as Record<ThreadKind, number>
    for (const kind of Object.keys(threads) as ThreadKind[])
      threads[kind] = (threads[kind] - (before[i]?.[kind] ?? 0)) / requests
    const layers = new Map([...layersOf(profile, from, to)].map(([layer, us]) => [layer, us / requests]))
    const hot = hottest(profile, from, to, functions).map(([us, name]) => [us / requests, name] as const)
    return { threads, layers, hottest: hot }
  })
}

/** Each writes its profile when it ends. Leadership moves on, and the last one alone cannot hand it over. */
async function endAll(members: readonly ServerProcess[]): Promise<void> {
  await Promise.all(members.toReversed().map(async (member) => member.terminate()))
}

function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

const layerNames: readonly Layer[] = [
  'front: grpc',
  'front: etcd',
  'member',
  'engine',
  'journal',
  'disk',
  'store',
  'transport',
  'rest',
  'garbage collector',
]

function table(name: string, leader: Spent, follower: Spent): string {
  const both = [leader, follower]
  const line = (what: string, of: (spent: Spent) => number): string =>
    `| ${[what, ...both.map((spent) => of(spent).toFixed(2))].join(' | ')} |`
  const inside = (spent: Spent): number => layerNames.reduce((sum, layer) => sum + (spent.layers.get(layer) ?? 0), 0)
  const lines = [
    `| ${name}, µs a put | leader | a follower |`,
    '|---|---|---|',
    ...layerNames.map((layer) => line(layer, ({ layers }) => layers.get(layer) ?? 0)),
    line('event loop and kernel, outside of JavaScript', (spent) =>
      Math.max(0, spent.threads['main thread'] - inside(spent)),
    ),
    line('**main thread**', ({ threads }) => threads['main thread']),
    line("libuv's pool (syncs)", ({ threads }) => threads["libuv's pool"]),
    line("V8's helpers (collector, compiler)", ({ threads }) => threads["V8's helpers"]),
  ]
  const hot = both.flatMap(({ hottest: functions }, i) =>
    functions.map(([us, of]) => `${['leader', 'follower'][i]}  ${us.toFixed(2).padStart(8)}  ${of}`),
  )
  return `${[...lines, '', ...hot].join('\n')}\n`
}
