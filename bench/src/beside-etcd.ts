import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { barOf, judged, syncP50UsMax } from './bars.ts'
import { etcd, synod } from './cluster.ts'
import { etcdNames, findEtcd } from './etcd-binaries.ts'
import { columns, LoadedCluster, measureAll, medians, percent, type Results, total } from './loaded-cluster.ts'
import { conditions, firstLine, syncP50Us } from './machine.ts'
import { positive, readOptions, runProgram, wholeNumber, WrongOption } from './options.ts'
import { distinctRow, equalLoadRow, getRow, putRow, type Row } from './rows.ts'

const usage = `Synod beside etcd: two clusters on this machine, loaded in turn at their leaders, and the bars that Synod has to reach.

  npm run bench -- etcd [options]

  --etcd PATH      the etcd to compare with, or ${etcdNames.join(' or ')}: the newest, built by Go, or Debian's, unpacked into
                   bench/.cache (default: whatever there is, Debian's first)
  --rounds N       medians of so many rounds, each on fresh clusters, the order reversed every time (default 5)
  --seconds N      how long each row takes, at least (default 4)
  --rows TEXT      only rows whose name contains it, or one of several, separated by commas, such as "put c64,get"
  --only SERVER    synod or etcd alone
  --tls            both servers with certificates, for clients and between peers
`

const shapes = [
  [1, 1],
  [64, 1],
  [8, 32],
  [256, 1],
  [100, 10],
  [1000, 1],
] as const
const readShapes = [
  [1, 1],
  [64, 1],
  [100, 10],
] as const

const threeMembers: readonly Row[] = [
  ...shapes.map(([c, m]) => putRow(c, m)),
  ...readShapes.map(([c, m]) => getRow('linearizable', c, m)),
  ...readShapes.slice(1).map(([c, m]) => getRow('serializable', c, m)),
  ...[1000, 5000, 10_000].map((rate) => equalLoadRow(rate)),
  distinctRow(64, 1),
  distinctRow(8, 32),
]
const alone = (of: Row): Row => ({ ...of, name: of.name.replace('put', 'single') })
const singleMember: readonly Row[] = [alone(putRow(1, 1)), alone(putRow(64, 1)), alone(putRow(8, 32))]
const allRows = [...threeMembers, ...singleMember]

interface Options {
  readonly etcd: string
  readonly from: string
  readonly rounds: number
  readonly seconds: number
  readonly rows: readonly string[]
  readonly only: string | undefined
  readonly tls: boolean
}

/** Answers the exit code. */
export async function main(args: string[]): Promise<number> {
  return runProgram({ name: 'bench etcd', usage, read, run }, args)
}

async function run(options: Options): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'))
  try {
    const syncUs = syncP50Us(folder)
    const version = firstLine(options.etcd, ['--version'])
    const { rounds, seconds, from, tls } = options
    console.log(
      `${conditions(folder, syncUs)}; ${version} (${from})${tls ? '; TLS' : ''}; ${rounds} rounds of ${seconds} s a row\n`,
    )
    if (syncUs > syncP50UsMax)
      console.log(`A sync takes ${Math.round(syncUs)} µs here: the bars are for disks of at most ${syncP50UsMax} µs.\n`)
    console.log(await measured(threeMembers, 3, options, folder))
    const single = await measured(singleMember, 1, options, folder)
    if (single !== '') console.log(`\nA single node:\n\n${single}`)
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function read(args: string[]): Options {
  const { only, tls, ...values } = readOptions(args, {
    etcd: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    rows: { type: 'string', default: '' },
    only: { type: 'string' },
    tls: { type: 'boolean', default: false },
  })
  const rounds = wholeNumber('--rounds', values.rounds)
  const seconds = positive('--seconds', values.seconds)
  const rows = values.rows.split(',')
  if (!allRows.some(({ name }) => isAsked(name, rows)))
    throw new WrongOption(`--rows is ${values.rows}: rows are ${allRows.map(({ name }) => name).join(', ')}`)
  if (!['synod', 'etcd', undefined].includes(only)) throw new WrongOption(`--only is ${only}: expected synod or etcd`)
  const { path, from } = findEtcd(values.etcd)
  return { etcd: path, from, rounds, seconds, rows, only, tls }
}

function isAsked(name: string, parts: readonly string[]): boolean {
  return parts.some((part) => name.includes(part))
}

async function measured(all: readonly Row[], size: number, options: Options, folder: string): Promise<string> {
  const rows = all.filter(({ name }) => isAsked(name, options.rows))
  if (rows.length === 0) return ''
  const make = { size, tls: options.tls }
  const home = mkdtempSync(join(folder, `${size}-`))
  const clusters = [
    new LoadedCluster('etcd', etcd(options.etcd), home, make),
    new LoadedCluster('synod', synod, home, make),
  ].filter(({ name }) => options.only === undefined || options.only === name)
  return table(rows, await measureAll(clusters, rows, options.rounds, options.seconds), size === 3)
}

function table(rows: readonly Row[], results: Results, hasBars: boolean): string {
  const head = '/s, p50 / p99 ms, CPU µs a request (leader + followers)'
  const lines = [
    `| load | etcd: ${head} | Synod: ${head} | ratio /s | CPU | generator µs | foreign | bar |`,
    '|---|---|---|---|---|---|---|---|',
  ]
  for (const row of rows) {
    const theirs = medians(results.get(`etcd ${row.name}`))
    const ours = medians(results.get(`synod ${row.name}`))
    const ratio = theirs && ours ? `${(ours.perSecond / theirs.perSecond).toFixed(2)}x` : ''
    const cpu = theirs && ours ? `${(total(theirs.cpu) / total(ours.cpu)).toFixed(1)}x less` : ''
    const both = [theirs, ours].filter((one) => one !== undefined)
    const load = both.map(({ loadCpu }) => loadCpu.toFixed(1)).join(', ')
    const foreign = both.map((one) => percent(one.foreign)).join(', ')
    const bar = hasBars && theirs && ours ? judged(barOf(row), theirs, ours) : ''
    lines.push(`| ${[row.name, columns(theirs), columns(ours), ratio, cpu, load, foreign, bar].join(' | ')} |`)
  }
  return lines.join('\n')
}
