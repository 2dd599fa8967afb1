import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './chaos/meter.ts'
import { Certificates } from './certificates.ts'
import { awaitLeader, freePorts, type ServerCommand, ServerProcess } from './cluster.ts'
import { compactRequest, paths, rangeRequest, readRevision } from './etcd-api.ts'
import { key, runLoad, type Target, value } from './load.ts'
import { cpuUs, machineUs } from './machine.ts'
import { putRow, type Row } from './rows.ts'

/** One row of one cluster in one round. Processor time is in microseconds a request: the leader's, then each follower's. */
export interface Measured {
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
/**
 * Each row is first asked so many in its own shape: what a turn of the event loop runs is compiled by how often it ran,
 * and a turn takes one request of a single client, and a hundred of many. At a given rate, for so long.
 */
const ownWarmUp = 20_000
const ownWarmUpSeconds = 8

/** How a cluster under test is made up. */
export interface Make {
  /** How many members; 3 unless said. */
  readonly size?: number
  /** TLS for clients and between peers. */
  readonly tls?: boolean
  /** For each member's process, beside what this one has. */
  readonly environment?: (name: string) => Readonly<Record<string, string>>
}

/** A cluster under test, in processes of its own. */
export class LoadedCluster {
  readonly name: string
  members: readonly ServerProcess[] = []
  private readonly command: ServerCommand
  private readonly folder: string
  /** Requests a second when each row was last measured: sizes the next run. */
  private readonly rates = new Map<string, number>()
  /** Rows that these processes have been asked before. */
  private readonly warm = new Set<string>()

  private readonly names: readonly string[]
  private readonly certificates: Certificates | undefined
  private readonly environment: NonNullable<Make['environment']>

  /** In `folder` are its data its logs and what is sent to it. */
  constructor(name: string, command: ServerCommand, folder: string, { size = 3, tls = false, environment }: Make = {}) {
    this.environment = environment ?? (() => ({}))
    this.name = name
    this.command = command
    this.folder = folder
    this.names = Array.from({ length: size }, (_, i) => `n${i + 1}`)
    this.certificates = tls ? new Certificates(join(folder, `${name}-certificates`), this.names) : undefined
  }

  /** On fresh directories, under that name. */
  async start(title: string, flags: readonly string[] = []): Promise<void> {
    exitOnSignals()
    this.warm.clear()
    mkdirSync(this.folder, { recursive: true })
    const ports = await freePorts(2 * this.names.length)
    const places = this.names.map((name, i) => {
      const peerPort = ports[2 * i + 1] ?? 0
      return { name, clientPort: ports[2 * i] ?? 0, peerPort, knownPeerPort: peerPort }
    })
    const extra = ['--log-level', 'error', '--quota-backend-bytes', String(8 * 2 ** 30), ...flags]
    const dataDir = join(this.folder, `${this.name}-${title}`)
    const { certificates } = this
    this.members = places.map((place) => {
      const command = { ...this.command, environment: this.environment(place.name) }
      return new ServerProcess(command, place, places, dataDir, extra, certificates)
    })
    for (const member of this.members) {
      member.onDeath = (how) => {
        throw new Error(`${this.name} ${member.name} ${how}:\n${member.logTail(20)}`)
      }
      member.start()
    }
    await this.warmUp(30_000)
  }

  /** What is compiled, and what is full, is as in a cluster that has run for a while. */
  async warmUp(requests: number): Promise<void> {
    await this.load(await this.leader(), warmUp, requests)
  }

  private get running(): ServerProcess[] {
    return this.members.filter((member) => member.running)
  }

  async leader(): Promise<ServerProcess> {
    return awaitLeader(this.running, 30_000)
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()))
  }

  async measure(of: Row, seconds: number): Promise<Measured> {
    for (let attempt = 1; ; attempt++) {
      const leader = await this.leader()
      if (!this.warm.has(of.name)) await this.load(leader, of, ownWarmUpOf(of))
      this.warm.add(of.name)
      const requests = of.rate === undefined ? this.requestsFor(of, seconds) : Math.ceil(of.rate * seconds)
      const measured = await this.load(leader, of, requests)
      const term = await this.leader()
      if (measured.foreign <= foreignMax && term === leader) return measured
      if (attempt === attempts) {
        console.error(`${this.name} ${of.name}: ${percent(measured.foreign)} of the machine was used by others`)
        return measured
      }
    }
  }

  requestsFor(of: Row, seconds: number): number {
    return Math.max(requestsMin, Math.ceil((this.rates.get(of.name) ?? 0) * seconds))
  }

  targetOf(member: ServerProcess): Target {
    return { port: member.place.clientPort, authorityFile: this.certificates?.authorityFile }
  }

  /** Loads the leader, and checks that all of it was done. */
  async load(leader: ServerProcess, of: Row, requests: number): Promise<Measured> {
    const inOrder = [leader, ...this.running.filter((member) => member !== leader)]
    const before = readRevision(await leader.endpoint.call(paths.range, rangeRequest({ key }), 10_000))
    const cpuBefore = inOrder.map(({ pid }) => cpuUs(pid))
    const machineBefore = machineUs()
    const {
      requestsPerSecond,
      p50Ms,
      p99Ms,
      dataBytes,
      cpuUs: loadUs,
    } = await runLoad(of, this.targetOf(leader), requests, this.folder)
    const used = inOrder.map(({ pid }, i) => cpuUs(pid) - (cpuBefore[i] ?? 0))
    const machineAfter = machineUs()
    const answer = await leader.endpoint.call(paths.range, rangeRequest({ key }), 10_000)
    const grown = readRevision(answer) - before
    const expected = of.body === 'put' ? requests : 0
    if (grown !== expected) throw new Error(`${this.name} ${of.name}: ${requests} requests made ${grown} revisions`)
    if (of.body !== 'put' && of.keys === undefined && dataBytes < requests * value.length) {
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

function ownWarmUpOf({ rate }: Row): number {
  return rate === undefined ? ownWarmUp : Math.min(ownWarmUp, rate * ownWarmUpSeconds)
}

/** An `exit` event is what ends the members. Not before there are any: what simulates would not hear of the signal for long. */
function exitOnSignals(): void {
  if (process.listenerCount('SIGINT') > 0) return
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
}

const warmUp: Row = putRow(64, 4)

/** The rounds of each row of each cluster, by `name row`. */
export type Results = ReadonlyMap<string, readonly Measured[]>

/** In turn, and in reverse order every other round: what drifts, drifts for both. */
export async function measureAll(
  clusters: readonly LoadedCluster[],
  rows: readonly Row[],
  rounds: number,
  seconds: number,
): Promise<Results> {
  const results = new Map<string, Measured[]>()
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 === 1 ? clusters : clusters.toReversed()
    for (const cluster of order) await cluster.start(`${round}`)
    for (const of of rows) {
      for (const cluster of order) {
        const measured = await cluster.measure(of, seconds)
        const name = `${cluster.name} ${of.name}`
        results.set(name, [...(results.get(name) ?? []), measured])
        console.error(`round ${round}: ${name.padEnd(32)} ${columns(measured)}`)
      }
    }
    for (const cluster of order) await cluster.stop()
  }
  return results
}

export function columns(measured: Measured | undefined): string {
  if (measured === undefined) return ''
  const { perSecond, p50Ms, p99Ms, cpu } = measured
  const shares = cpu.map((us) => us.toFixed(1)).join(' + ')
  const rate = Math.round(perSecond).toLocaleString('en').replaceAll(',', ' ')
  return `${rate}, ${p50Ms.toFixed(2)} / ${p99Ms.toFixed(1)}, ${total(cpu).toFixed(1)} (${shares})`
}

export function medians(measured: readonly Measured[] | undefined): Measured | undefined {
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

export function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
