import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { etcd, synod } from './cluster.ts'
import {
  columns,
  getRow,
  LoadedCluster,
  measureAll,
  medians,
  percent,
  putRow,
  type Results,
  type Row,
  total,
  writeBodies,
} from './loaded-cluster.ts'
import { conditions, firstLine } from './machine.ts'

const usage = `Synod beside etcd: two three-node clusters on this machine, loaded in turn by h2load at their leaders.

  npm run bench -- etcd --etcd ~/.cache/synod-bench/etcd

  --etcd PATH      the etcd to compare with (default: etcd on the PATH); bench/RESULTS.md tells how to build the newest
  --rounds N       medians of so many rounds, each on fresh clusters, the order reversed every time (default 5)
  --seconds N      how long each row takes, at least (default 4)
  --rows TEXT      only rows whose name contains it, such as "put" or "c64"
  --only SERVER    synod or etcd alone
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

const allRows: readonly Row[] = [
  ...shapes.map(([c, m]) => putRow(c, m)),
  ...readShapes.map(([c, m]) => getRow('linearizable', c, m)),
  ...readShapes.slice(1).map(([c, m]) => getRow('serializable', c, m)),
]

/** Answers the exit code. */
export async function main(args: string[]): Promise<number> {
  let values
  try {
    values = parseArgs({
      args,
      options: {
        etcd: { type: 'string', default: 'etcd' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '4' },
        rows: { type: 'string', default: '' },
        only: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    process.stderr.write(`bench etcd: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  const rounds = Number(values.rounds)
  const seconds = Number(values.seconds)
  const rows = allRows.filter(({ name }) => name.includes(values.rows))
  const wrong =
    (!Number.isSafeInteger(rounds) || rounds < 1
      ? `--rounds is ${values.rounds}: expected a whole number above 0`
      : '') ||
    (!(seconds > 0) ? `--seconds is ${values.seconds}: expected a number above 0` : '') ||
    (rows.length === 0 ? `--rows is ${values.rows}: rows are ${allRows.map(({ name }) => name).join(', ')}` : '') ||
    (!['synod', 'etcd', undefined].includes(values.only) ? `--only is ${values.only}: expected synod or etcd` : '') ||
    (values.etcd.includes('/') && !existsSync(values.etcd) ? `--etcd is ${values.etcd}: there is no such file` : '')
  if (wrong !== '' || values.help === true) {
    ;(wrong === '' ? process.stdout : process.stderr).write(wrong === '' ? usage : `bench etcd: ${wrong}\n\n${usage}`)
    return wrong === '' ? 0 : 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'))
  try {
    writeBodies(folder)
    console.log(
      `${conditions(folder)}; ${firstLine(values.etcd, ['--version'])}; ${rounds} rounds of ${seconds} s a row\n`,
    )
    const clusters = [new LoadedCluster('etcd', etcd(values.etcd), folder), new LoadedCluster('synod', synod, folder)]
    const chosen = clusters.filter(({ name }) => values.only === undefined || values.only === name)
    console.log(table(rows, await measureAll(chosen, rows, rounds, seconds)))
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function table(rows: readonly Row[], results: Results): string {
  const head = '/s, p50 / p99 ms, CPU µs a request (leader + followers)'
  const lines = [
    `| load | etcd: ${head} | Synod: ${head} | ratio /s | CPU | h2load µs | foreign |`,
    '|---|---|---|---|---|---|---|',
  ]
  for (const { name } of rows) {
    const theirs = medians(results.get(`etcd ${name}`))
    const ours = medians(results.get(`synod ${name}`))
    const ratio = theirs && ours ? `${(ours.perSecond / theirs.perSecond).toFixed(1)}x` : ''
    const cpu = theirs && ours ? `${(total(theirs.cpu) / total(ours.cpu)).toFixed(1)}x less` : ''
    const both = [theirs, ours].filter((one) => one !== undefined)
    const load = both.map(({ loadCpu }) => loadCpu.toFixed(1)).join(', ')
    const foreign = both.map((one) => percent(one.foreign)).join(', ')
    lines.push(`| ${[name, columns(theirs), columns(ours), ratio, cpu, load, foreign].join(' | ')} |`)
  }
  return lines.join('\n')
}
