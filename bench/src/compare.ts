import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from './chaos/meter.ts'
import { awaitLeader, etcd, freePorts, type ServerCommand, ServerProcess, synod } from './cluster.ts'
import { compactRequest, paths, putRequest, rangeRequest, readRevision } from './etcd-api.ts'
import { h2load } from './h2load.ts'
import { conditions, cpuUs, firstLine, machineUs } from './machine.ts'

const usage = `Synod beside etcd: two three-node clusters on this machine, loaded in turn by h2load at their leaders.

  npm run bench -- --etcd ~/.cache/synod-bench/etcd

  --etcd PATH      the etcd to compare with (default: etcd on the PATH); bench/RESULTS.md tells how to build the newest
  --rounds N       medians of so many rounds, each on fresh clusters, the order reversed every time (default 5)
  --seconds N      how long each row takes, at least (default 4)
  --rows TEXT      only rows whose name contains it, such as "put" or "c64"
  --only SERVER    synod or etcd alone
`

interface Row {
  readonly name: string
  readonly path: string
  readonly body: 'put' | 'range' | 'serializable range'
  readonly connections: number
  readonly streams: number
}

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
  ...shapes.map(([c, m]) => row('put', paths.put, 'put', c, m)),
  ...readShapes.map(([c, m]) => row('get linearizable', paths.range, 'range', c, m)),
  ...readShapes.slice(1).map(([c, m]) => row('get serializable', paths.range, 'serializable range', c, m)),
]

function row(kind: string, path: string, body: Row['body'], connections: number, streams: number): Row {
  return { name: `${kind} c${connections} m${streams}`, path, body, connections, streams }
}

/** One row of one server in one round. Processor time is in microseconds a request: the leader's, then each follower's. */
interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpu: readonly number[]
  readonly loadCpu: number
  /** Of the machine's processor time, what neither the servers nor the load generator used. */
  readonly foreign: number
}

/** A row is measured again if strangers took more than this. */
const foreignMax = 0.1
const attempts = 3
const requestsMin = 20_000
const value = 'v'.repeat(256)
const key = 'key00001'

/** A three-node cluster under test. */
class Subject {
  readonly name: string
  private readonly command: ServerCommand
  private readonly folder: string
  private members: ServerProcess[] = []
  /** Requests a second when each row was last measured: sizes the next run. */
  private readonly rates = new Map<string, number>()

  constructor(name: string, command: ServerCommand, folder: string) {
    this.name = name
    this.command = command
    this.folder = folder
  }

  async start(round: number): Promise<void> {
    const ports = await freePorts(6)
    const places = ['n1', 'n2', 'n3'].map((name, i) => {
      const peerPort = ports[2 * i + 1] ?? 0
      return { name, clientPort: ports[2 * i] ?? 0, peerPort, knownPeerPort: peerPort }
    })
    const extra = ['--log-level', 'error', '--quota-backend-bytes', String(8 * 2 ** 30)]
    const dataDir = join(this.folder, `${this.name}-${round}`)
    this.members = places.map((place) => new ServerProcess(this.command, place, places, dataDir, extra))
    for (const member of this.members) {
      member.onDeath = (how) => {
        throw new Error(`${this.name} ${member.name} ${how}:\n${member.logTail(20)}`)
      }
      member.start()
    }
    const leader = await awaitLeader(this.members, 30_000)
    await this.load(leader, warmUp, 30_000)
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()))
  }

  async measure(of: Row, seconds: number): Promise<Measured> {
    for (let attempt = 1; ; attempt++) {
      const leader = await awaitLeader(this.members, 30_000)
      if (!this.rates.has(of.name)) await this.load(leader, of, 2000)
      const requests = Math.max(requestsMin, Math.ceil((this.rates.get(of.name) ?? 0) * seconds))
      const measured = await this.load(leader, of, requests)
      const term = await awaitLeader(this.members, 30_000)
      if (measured.foreign <= foreignMax && term === leader) return measured
      if (attempt === attempts) {
        console.error(`${this.name} ${of.name}: ${percent(measured.foreign)} of the machine was used by others`)
        return measured
      }
    }
  }

  private async load(leader: ServerProcess, of: Row, requests: number): Promise<Measured> {
    const inOrder = [leader, ...this.members.filter((member) => member !== leader)]
    const before = readRevision(await leader.endpoint.call(paths.range, rangeRequest({ key }), 10_000))
    const cpuBefore = inOrder.map(({ pid }) => cpuUs(pid))
    const machineBefore = machineUs()
    const {
      requestsPerSecond,
      p50Ms,
      p99Ms,
      dataBytes,
      cpuUs: loadUs,
    } = await h2load({
      url: `http://127.0.0.1:${leader.place.clientPort}${of.path}`,
      bodyFile: join(this.folder, `${of.body}.bin`),
      requests,
      connections: of.connections,
      streams: of.streams,
      logFile: join(this.folder, 'latencies.tsv'),
    })
    const used = inOrder.map(({ pid }, i) => cpuUs(pid) - (cpuBefore[i] ?? 0))
    const machineAfter = machineUs()
    const answer = await leader.endpoint.call(paths.range, rangeRequest({ key }), 10_000)
    const grown = readRevision(answer) - before
    const expected = of.body === 'put' ? requests : 0
    if (grown !== expected) throw new Error(`${this.name} ${of.name}: ${requests} requests made ${grown} revisions`)
    if (of.body !== 'put' && dataBytes < requests * value.length) {
      throw new Error(`${this.name} ${of.name}: ${requests} answers had only ${dataBytes} bytes: they were errors`)
    }
    // old revisions of one key are no part of what is compared
    if (grown > 0) await leader.endpoint.call(paths.compact, compactRequest(before + grown), 30_000)
    this.rates.set(of.name, requestsPerSecond)
    const busy = machineAfter.busy - machineBefore.busy - loadUs - used.reduce((sum, one) => sum + one, 0)
    return {
      perSecond: requestsPerSecond,
      p50Ms,
      p99Ms,
      cpu: used.map((us) => us / requests),
      loadCpu: loadUs / requests,
      foreign: Math.max(0, busy) / (machineAfter.total - machineBefore.total),
    }
  }
}

const warmUp: Row = row('put', paths.put, 'put', 64, 4)

async function main(): Promise<number> {
  let values
  try {
    values = parseArgs({
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
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
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
    ;(wrong === '' ? process.stdout : process.stderr).write(wrong === '' ? usage : `bench: ${wrong}\n\n${usage}`)
    return wrong === '' ? 0 : 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'))
  try {
    writeBodies(folder)
    console.log(
      `${conditions(folder)}; ${firstLine(values.etcd, ['--version'])}; ${rounds} rounds of ${seconds} s a row\n`,
    )
    const subjects = [new Subject('etcd', etcd(values.etcd), folder), new Subject('synod', synod, folder)]
    const chosen = subjects.filter(({ name }) => values.only === undefined || values.only === name)
    console.log(table(rows, await measureAll(chosen, rows, rounds, seconds)))
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Results = ReadonlyMap<string, readonly Measured[]>

/** In turn, and in reverse order every other round: what drifts, drifts for both. */
async function measureAll(
  subjects: readonly Subject[],
  rows: readonly Row[],
  rounds: number,
  seconds: number,
): Promise<Results> {
  const results = new Map<string, Measured[]>()
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 === 1 ? subjects : subjects.toReversed()
    for (const subject of order) await subject.start(round)
    for (const of of rows) {
      for (const subject of order) {
        const measured = await subject.measure(of, seconds)
        const name = `${subject.name} ${of.name}`
        results.set(name, [...(results.get(name) ?? []), measured])
        console.error(`round ${round}: ${name.padEnd(32)} ${columns(measured)}`)
      }
    }
    for (const subject of order) await subject.stop()
  }
  return results
}

/** gRPC's frame around each request: no compression, four bytes of length. */
function writeBodies(folder: string): void {
  const bodies: Record<Row['body'], Uint8Array> = {
    put: putRequest(key, value),
    range: rangeRequest({ key }),
    'serializable range': rangeRequest({ key, serializable: true }),
  }
  for (const [name, message] of Object.entries(bodies)) {
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    writeFileSync(join(folder, `${name}.bin`), Buffer.concat([head, message]))
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

function columns(measured: Measured | undefined): string {
  if (measured === undefined) return ''
  const { perSecond, p50Ms, p99Ms, cpu } = measured
  const shares = cpu.map((us) => us.toFixed(1)).join(' + ')
  const rate = Math.round(perSecond).toLocaleString('en').replaceAll(',', ' ')
  return `${rate}, ${p50Ms.toFixed(2)} / ${p99Ms.toFixed(1)}, ${total(cpu).toFixed(1)} (${shares})`
}

function medians(measured: readonly Measured[] | undefined): Measured | undefined {
  const [first] = measured ?? []
  if (measured === undefined || first === undefined) return undefined
  const of = (field: (one: Measured) => number): number => median(measured.map(field))
  return {
    perSecond: of((one) => one.perSecond),
    p50Ms: of((one) => one.p50Ms),
    p99Ms: of((one) => one.p99Ms),
    cpu: first.cpu.map((_, i) => of((one) => one.cpu[i] ?? 0)),
    loadCpu: of((one) => one.loadCpu),
    foreign: of((one) => one.foreign),
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

// an `exit` event is what ends the members
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.exitCode = await main()
