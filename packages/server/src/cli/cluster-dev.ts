import { closeSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { GrpcError } from 'synod/grpc'
import { readStatusResponse } from '../proto/other-messages.ts'
import type { StatusResponse } from '../proto/other-messages.ts'
import { parseAddress } from './addresses.ts'
import type { Address } from './addresses.ts'
import { Client } from './client.ts'
import { noDirectory, sharedSettings, startSettings } from './config.ts'
import { devCertificates } from './dev-certificates.ts'
import type { DevCertificates } from './dev-certificates.ts'
import { claimDirectory, openLog } from './dev-directory.ts'
import { exitCodes, UsageError } from './exit.ts'
import { hexadecimal, identify } from './identity.ts'
import { MemberProcess, severity } from './member-process.ts'
import { environmentName, isYes } from './options.ts'
import { quoted } from './shell.ts'
import { onStopSignals } from './stop-signals.ts'
import { printLine, reader, table } from './output.ts'

export interface DevOptions {
  readonly nodes: number
  readonly dataDir: string
  readonly basePort: number
  readonly tls?: boolean | string
  /** Settings of etcd that have no effect here, in words. */
  readonly ignored?: readonly string[]
  /** Those that all members share, under their camelCase names. */
  readonly [shared: string]: string | number | boolean | readonly string[] | undefined
}

/** Where the client commands look for a member. */
const defaultPort = 2379

/** So long a member may take to stop; then it is killed. It takes 5 s at most by itself. */
const patienceMs = 10_000

/**
 * Several members on this machine, each a process of its own, as they would be on machines of their own: this process
 * only starts them, says what happens and passes the signal to stop on. A member that dies stays dead: who kills one
 * wants to see what the others do. The command that starts it again is printed.
 */
export async function clusterDev(options: DevOptions, environment: Environment): Promise<number> {
  if (options.dataDir === '') throw new UsageError(noDirectory)
  refuseOthers(environment)
  const { nodes, basePort } = options
  const tls = isYes(options.tls)
  const dataDir = resolve(options.dataDir)
  claimDirectory(dataDir, { nodes, basePort, tls })
  const certificates = tls ? await devCertificates(dataDir, nodes) : undefined
  const cluster = new DevCluster(options, certificates)
  try {
    return await cluster.run()
  } finally {
    cluster.close()
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** What each member needs another value of is given to it here: one for all, in the environment, cannot be meant. */
function refuseOthers(environment: Environment): void {
  const ours = new Set(['--data-dir', ...sharedSettings.map(({ flag }) => flag)])
  for (const { flag } of startSettings) {
    const name = environmentName(flag)
    if (ours.has(flag) || ['', '0', 'false'].includes(environment[name] ?? '')) continue
    throw new UsageError(`${name} is set, but cluster dev gives each member its own ${flag}: unset it`)
  }
}

/** The settings that all members share, where they are not what a member takes anyway. */
function sharedFlags(options: DevOptions): string[] {
  return sharedSettings.flatMap(({ flag, fallback }) => {
    const value = options[flag.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())]
    return value === undefined || value === fallback ? [] : [`${flag}=${String(value)}`]
  })
}

interface DevMember {
  readonly process: MemberProcess
  readonly id: bigint
  readonly client: Address
}

class DevCluster {
  private readonly options: DevOptions
  private readonly certificates: DevCertificates | undefined
  private readonly scheme: 'http' | 'https'
  /** Those that it began with, without those that were removed: nobody waits for these any more. */
  private members: readonly DevMember[]
  /** With the exit code. */
  private readonly stop: PromiseWithResolvers<number> = Promise.withResolvers()
  private stopping = false
  private summarized = false
  private readonly unlisten: () => void
  private readonly log: number

  constructor(options: DevOptions, certificates: DevCertificates | undefined) {
    this.options = options
    this.certificates = certificates
    this.scheme = certificates === undefined ? 'http' : 'https'
    const { nodes, basePort } = options
    const dataDir = resolve(options.dataDir)
    this.log = openLog(dataDir, 'cluster.log')
    this.unlisten = onStopSignals(
      () => this.signalled(),
      () => this.stopAtOnce(),
    )
    const first = Array.from({ length: nodes }, (_, i) => ({
      name: `m${i + 1}`,
      peerUrl: `${this.scheme}://127.0.0.1:${basePort + 1 + 2 * i}`,
    }))
    const initialCluster = first.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
    const token = 'synod-cluster-dev'
    const ids = new Map(identify(first, token).members.map(({ name, id }) => [name, id]))
    this.members = first.map(({ name }, i) => {
      const client = parseAddress(`${this.scheme}://127.0.0.1:${basePort + 2 * i}`, '--base-port')
      const flags = [
        `--name=${name}`,
        `--data-dir=${join(dataDir, name)}`,
        `--listen-client-urls=${client.url}`,
        `--initial-cluster=${initialCluster}`,
        `--initial-cluster-token=${token}`,
        ...(certificates?.flagsOf(name) ?? []),
        ...sharedFlags(options),
      ]
      const process = new MemberProcess(name, flags, openLog(dataDir, `${name}.log`), {
        problem: (line, level) => this.problem(name, line, level),
        exited: (how) => void this.exited(name, how, flags),
      })
      return { process, id: ids.get(name) ?? 0n, client }
    })
  }

  async run(): Promise<number> {
    // The cluster is there for its clients; what it says is in its log, too.
    reader.needed = false
    this.say(
      `starting ${this.options.nodes} member${this.options.nodes === 1 ? '' : 's'}, data in ${this.options.dataDir}`,
    )
    for (const text of this.options.ignored ?? []) this.say(text)
    for (const member of this.members) member.process.start()
    void this.watch()
    const exitCode = await this.stop.promise
    await this.stopAll()
    return exitCode
  }

  private stopAtOnce(): void {
    for (const { process } of this.members) process.kill()
    process.exit(exitCodes.failed)
  }

  private signalled(): void {
    this.say('stopping: leadership is handed over, requests under way are finished (again to stop at once)')
    this.stop.resolve(exitCodes.ok)
  }

  private async stopAll(): Promise<void> {
    this.stopping = true
    for (const { process } of this.members) process.terminate()
    const patience = new AbortController()
    const all = Promise.all(this.members.map(async ({ process }) => process.ended))
    const timeout = sleep(patienceMs, 'late', { signal: patience.signal }).catch(() => 'done')
    if ((await Promise.race([all, timeout])) === 'late') {
      for (const { process } of this.members) process.kill()
      await all
    }
    patience.abort()
  }

  /** That members miss each other is no news while they start or stop; it is in their logs. */
  private problem(name: string, line: string, level: number): void {
    const settled = this.summarized && !this.stopping
    if (settled || level >= severity.error) this.say(`${styleText('bold', name)} ${line}`)
  }

  private async exited(name: string, how: string, flags: readonly string[]): Promise<void> {
    if (this.stopping) return
    const ended = this.members.find(({ process }) => process.name === name)?.process
    if (ended?.gone === 'removed') {
      this.members = this.members.filter(({ process }) => process.name !== name)
      this.say(`${styleText('bold', name)} was removed from the cluster, and has ended`)
      return this.stopIfAlone(await this.askAll())
    }
    if (ended?.gone === 'lost-disk') {
      this.sayLost(name)
      return this.stopIfAlone(await this.askAll())
    }
    if (ended?.ready !== true) {
      this.say(
        `${styleText('red', `${name} ${how} before it was ready`)}; its log is ${join(this.options.dataDir, `${name}.log`)}`,
      )
      return this.stop.resolve(exitCodes.failed)
    }
    // Not our own processes are counted: members may have been started again by the command that is printed here.
    const found = await this.askAll()
    if (this.stopping) return
    const running = found.filter((status) => status !== undefined).length
    const majority = Math.floor(this.members.length / 2) + 1
    const outlook =
      running >= majority ? 'the others go on' : `no majority is left: ${majority} of ${this.members.length} are needed`
    this.say(`${styleText('red', `${name} ${how}`)}: ${outlook}. It is not started again by itself; to start it:`)
    this.say(`  npx synod start ${flags.map(quoted).join(' ')}`)
    this.stopIfAlone(found)
  }

  /** No start brings it back. Under another name and port: at the next start, the lost one claims its own again. */
  private sayLost(name: string): void {
    const { nodes, basePort, dataDir } = this.options
    const lost = this.members.find(({ process }) => process.name === name)
    const endpoints = `--endpoints ${this.endpoints()}${this.certificates?.clientFlags ?? ''}`
    const another = `m${nodes + 1}`
    this.say(
      `${styleText('red', `${name} has lost its disk, and has ended`)}: ${join(dataDir, name)} is empty or another one, ` +
        'and the others never let it back. Remove it, and add another member in its place:',
    )
    this.say(`  npx synod member remove ${hexadecimal(lost?.id ?? 0n)} ${endpoints}`)
    this.say(
      `  npx synod member add ${another} --peer-urls ${this.scheme}://127.0.0.1:${basePort + 2 * nodes + 1} ${endpoints}`,
    )
  }

  /** Says who leads, at first and whenever it changes. */
  private async watch(): Promise<void> {
    let leader: bigint | undefined
    while (!this.stopping) {
      const found = await this.askAll()
      this.stopIfAlone(found)
      const seen = leaderOf(found)
      const name = seen === undefined ? undefined : this.nameOf(seen)
      const ready = this.expected.every(({ process }) => process.ready)
      if (!this.summarized && ready && name !== undefined && found.every((status) => status?.leader === seen)) {
        this.summarized = true
        this.summarize(name)
      } else if (this.summarized && seen !== leader && !this.stopping) {
        this.say(name === undefined ? styleText('yellow', 'nobody leads') : `${styleText('green', name)} leads`)
      }
      leader = seen
      await sleep(this.summarized ? 1000 : 100)
    }
  }

  /** One that was added later goes by its id. */
  private nameOf(member: bigint): string {
    return this.members.find(({ id }) => id === member)?.process.name ?? `member ${hexadecimal(member)}`
  }

  /** One that has lost its disk counts until it is removed, but nobody waits for it. */
  private get expected(): readonly DevMember[] {
    return this.members.filter(({ process }) => process.gone === undefined)
  }

  private endpoints(): string {
    return this.expected.map(({ client }) => `127.0.0.1:${client.port}`).join(',')
  }

  private async askAll(): Promise<readonly (StatusResponse | undefined)[]> {
    return Promise.all(this.expected.map(async (member) => this.ask(member)))
  }

  /** No member is left, neither ours nor one that was started again: then there is nothing to stay for. */
  private stopIfAlone(found: readonly (StatusResponse | undefined)[]): void {
    const answers = found.some((status) => status !== undefined)
    if (!answers && !this.members.some(({ process }) => process.running)) this.stop.resolve(exitCodes.failed)
  }

  private async ask(member: DevMember): Promise<StatusResponse | undefined> {
    const client = new Client({ endpoints: member.client.url, commandTimeout: '1s', ...this.certificates?.client })
    try {
      const status = await client.askOne(
        member.client,
        '/etcdserverpb.Maintenance/Status',
        () => {},
        readStatusResponse,
      )
      // Another server may be listening there.
      return status.header.memberId === member.id ? status : undefined
    } catch (error) {
      // Not there, or not yet: its own process says why, if it ends.
      if (error instanceof GrpcError) return undefined
      throw error
    } finally {
      client.close()
    }
  }

  private summarize(leader: string): void {
    const rows = this.expected.map(({ process, id, client }) => [
      `  ${process.name}`,
      client.url,
      hexadecimal(id),
      `pid ${process.pid ?? '?'}`,
      process.name === leader ? 'leads' : '',
    ])
    const endpoints = this.endpoints()
    this.say(`\n${table(rows)}\n`)
    this.say('Try, in another terminal:')
    for (const line of this.certificates?.exports ?? []) this.say(`  ${line}`)
    const tls = this.certificates !== undefined
    const first = this.options.basePort === defaultPort ? '' : ` --endpoints 127.0.0.1:${this.options.basePort}`
    this.say(`  npx synod put greeting hello${first}`)
    this.say(`  npx synod get greeting${first}`)
    this.say(`  npx synod status --endpoints ${endpoints}`)
    const etcd = tls
      ? `${this.expected.map(({ client }) => client.url).join(',')}${this.certificates?.clientFlags}`
      : endpoints
    this.say(`  ETCDCTL_API=3 etcdctl --endpoints ${etcd} get greeting`)
    this.say(`Logs are in ${join(this.options.dataDir, '*.log')}. Ctrl-C stops the cluster; its data stays.\n`)
  }

  private say(line: string): void {
    printLine(line)
    writeSync(this.log, `${new Date().toISOString()} ${line}\n`)
  }

  close(): void {
    this.unlisten()
    closeSync(this.log)
    reader.needed = true
  }
}

/** Whom most of those that answered call the leader of the highest term. */
function leaderOf(found: readonly (StatusResponse | undefined)[]): bigint | undefined {
  let best: StatusResponse | undefined
  for (const status of found) {
    if (status !== undefined && status.leader !== 0n && (best === undefined || status.raftTerm > best.raftTerm))
      best = status
  }
  return best?.leader
}
