import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { etcd, withEngine } from '../cluster.ts'
import { positive, readOptions, runProgram, wholeNumber, WrongOption } from '../options.ts'
import { type Outcome, type Violation } from './history.ts'
import { median } from './meter.ts'
import { type Result, run, type RunOptions } from './run.ts'

const usage = `Kills, freezes and cuts off the members of a real cluster, adds, removes and replaces them, while clients write and
read, and then proves from the revisions that nothing was lost, repeated, reordered or invented.

  npm run chaos -- --minutes 2

  --minutes N    how long things are broken (default 2)
  --seed S       the order of faults and operations (default: the time)
  --clients N    how many clients ask at once (default 64)
  --rate N       operations a second of all clients together (default 1000)
  --data-dir D   an empty or new folder for data and logs, which is kept; by default a temporary one, kept on failure
  --fixed        the three members stay; otherwise a fourth and a fifth come and go, and dead ones are replaced
  --engine E     raft (default) or multi-paxos
  --etcd PATH    try an etcd in place of Synod, to try the checker itself; without partitions, which need our peers' greeting,
                 and with three members that stay

Exit code 0: no violation. 1: violations, with the operations involved. 2: wrong usage.
`

const shownViolations = 20

async function perform({ directory, temporary, engine, ...rest }: Options): Promise<number> {
  console.log(`chaos: ${engine}, ${rest.minutes} min, seed ${rest.seed}, ${rest.clients} clients, data in ${directory}`)
  const result = await run({ ...rest, directory })
  console.log(summary(result))
  if (result.violations.length === 0) {
    if (temporary) rmSync(directory, { recursive: true, force: true })
    console.log('chaos: no violation')
    return 0
  }
  await keep(directory, result)
  console.log(result.violations.slice(0, shownViolations).map(violation).join('\n'))
  console.log(
    `chaos: ${result.violations.length} violations; data, logs, operations.jsonl and history.jsonl are in ${directory}\n` +
      `again: npm run chaos -- --minutes ${rest.minutes} --seed ${rest.seed} --clients ${rest.clients} --rate ${rest.operationsPerSecond} --engine ${engine}`,
  )
  return 1
}

type Options = RunOptions & { readonly temporary: boolean; readonly engine: string }

function read(args: string[]): Options {
  const values = readOptions(args, {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    clients: { type: 'string', default: '64' },
    rate: { type: 'string', default: '1000' },
    'data-dir': { type: 'string' },
    engine: { type: 'string', default: 'raft' },
    etcd: { type: 'string' },
    fixed: { type: 'boolean' },
  })
  const minutes = positive('--minutes', values.minutes)
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed)) throw new WrongOption(`--seed is ${values.seed}: expected a whole number`)
  const clients = wholeNumber('--clients', values.clients)
  const operationsPerSecond = positive('--rate', values.rate)
  if (values.engine !== 'raft' && values.engine !== 'multi-paxos')
    throw new WrongOption(`--engine is ${values.engine}: expected raft or multi-paxos`)
  if (values.etcd !== undefined && !existsSync(values.etcd))
    throw new WrongOption(`--etcd is ${values.etcd}, and there is no such file`)
  const given = values['data-dir']
  if (given !== undefined && existsSync(given) && readdirSync(given).length > 0) {
    throw new WrongOption(`--data-dir is ${given}, which is not empty: name another folder, or empty it`)
  }
  if (given !== undefined) mkdirSync(given, { recursive: true })
  const directory = given ?? mkdtempSync(join(tmpdir(), 'synod-chaos-'))
  const command = values.etcd === undefined ? withEngine(values.engine) : etcd(values.etcd)
  const partitions = values.etcd === undefined
  const comings = partitions && values.fixed !== true
  const temporary = given === undefined
  const { engine } = values
  return { minutes, seed, clients, operationsPerSecond, directory, command, partitions, comings, temporary, engine }
}

function summary(result: Result): string {
  const count = (type: Outcome['type']): number =>
    result.operations.filter(({ outcome }) => outcome.type === type).length
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
  const faults = [...result.faults].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, times]) => `${kind} ${times}`)
  const deaths = result.afterLeaderDeath
  const { longest } = result
  const lines = {
    operations: `${result.operations.length}: ${count('ok')} answered, ${count('unknown')} unknown, ${count('rejected')} rejected`,
    revisions: `${result.history.length}`,
    faults: `${[...result.faults.values()].reduce((sum, times) => sum + times, 0)}: ${faults.join(', ') || 'none'}`,
    elections: `${result.elections} leaders seen, ${result.terms} terms`,
    'without service': `${seconds(longest.to - longest.from)} at most, from ${seconds(longest.from)} on`,
    'after a leader was killed':
      deaths.length === 0
        ? 'not measured'
        : `median ${seconds(median(deaths))}, worst ${seconds(Math.max(...deaths))}, of ${deaths.length}`,
  }
  const reasons = new Map<string, number>()
  for (const { outcome } of result.operations) {
    if (outcome.type === 'ok') continue
    const reason = `${outcome.type}: ${outcome.reason}`
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  const most = [...reasons].toSorted(([, a], [, b]) => b - a).slice(0, 12)
  return [
    ...Object.entries(lines).map(([name, text]) => `${name.padEnd(26)}${text}`),
    ...most.map(([reason, times]) => `  ${String(times).padStart(8)}  ${reason}`),
  ].join('\n')
}

function violation({ rule, message, operations }: Violation): string {
  return [`VIOLATION: ${rule}: ${message}`, ...operations.map((one) => `  ${JSON.stringify(one)}`)].join('\n')
}

/** What the checker saw, for whoever wants to look further. */
async function keep(directory: string, result: Result): Promise<void> {
  for (const [name, items] of [
    ['operations', result.operations],
    ['history', result.history],
  ] as const) {
    const file = createWriteStream(join(directory, `${name}.jsonl`))
    for (const item of items) if (!file.write(`${JSON.stringify(item)}\n`)) await once(file, 'drain')
    file.end()
    await once(file, 'finish')
  }
}

// an `exit` event is what ends the members
process.once('SIGTERM', () => process.exit(143))
process.exitCode = await runProgram({ name: 'chaos', usage, read, run: perform }, process.argv.slice(2))
