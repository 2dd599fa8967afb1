import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { GrpcError } from 'synod/grpc'
import { readStatusResponse } from '../proto/other-messages.ts'
import type { StatusResponse } from '../proto/other-messages.ts'
import { parseAddress } from './addresses.ts'
import type { Address } from './addresses.ts'
import { Client } from './client.ts'
import { exitCodes } from './exit.ts'
import { hexadecimal, identify } from './identity.ts'
import { MemberProcess, severity } from './member-process.ts'
import { printLine, table } from './output.ts'

export interface DevOptions {
  readonly nodes: number
  readonly dataDir: string
  readonly basePort: number
}

/** So long a member may take to stop; then it is killed. It takes 5 s at most by itself. */
const patienceMs = 10_000

/**
 * Several members on this machine, each a process of its own, as they would be on machines of their own: this process
 * only starts them, says what happens and passes the signal to stop on. A member that dies stays dead: who kills one
 * wants to see what the others do. The command that starts it again is printed.
 */
export async function clusterDev(options: DevOptions): Promise<number> {
  const cluster = new DevCluster(options)
  try {
    return await cluster.run()
  } finally {
    cluster.close()
  }
}

interface DevMember {
  readonly process: MemberProcess
  readonly id: bigint
  readonly client: Address
}

class DevCluster {
  private readonly options: DevOptions
  private readonly members: readonly DevMember[]
  private readonly stop: PromiseWithResolvers<void> = Promise.withResolvers()
  private stopping = false
  private summarized = false
  private readonly onSignal = (): void => this.signalled()
  private readonly log: number

  constructor(options: DevOptions) {
    this.options = options
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
    this.log = openSync(join(options.dataDir, 'cluster.log'), 'a', 0o600)
    const { nodes, basePort, dataDir } = options
    const first = Array.from({ length: nodes }, (_, i) => ({
      name: `m${i + 1}`,
      peerUrl: `http://127.0.0.1:${basePort + 1 + 2 * i}`,
    }))
    const initialCluster = first.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
    const token = 'synod-cluster-dev'
    const ids = new Map(identify(first, token).members.map(({ name, id }) => [name, id]))
    this.members = first.map(({ name }, i) => {
      const client = parseAddress(`http://127.0.0.1:${basePort + 2 * i}`, '--base-port')
      const flags = [
        `--name=${name}`,
        `--data-dir=${join(dataDir, name)}`,
        `--listen-client-urls=${client.url}`,
        `--initial-cluster=${initialCluster}`,
        `--initial-cluster-token=${token}`,
      ]
      const process = new MemberProcess(name, flags, join(dataDir, `${name}.log`), {
        problem: (line, level) => this.problem(name, line, level),
        exited: (how) => this.exited(name, how, flags),
      })
      return { process, id: ids.get(name) ?? 0n, client }
    })
  }

  async run(): Promise<number> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.onSignal)
    this.say(
      `starting ${this.options.nodes} member${this.options.nodes === 1 ? '' : 's'}, data in ${this.options.dataDir}`,
    )
    for (const member of this.members) member.process.start()
    void this.watch()
    await this.stop.promise
    const failed = this.members.some(({ process }) => process.failedToStart)
    await this.stopAll()
    return failed ? exitCodes.failed : exitCodes.ok
  }

  private signalled(): void {
    if (this.stopping) {
      for (const { process } of this.members) process.kill()
      process.exit(exitCodes.failed)
    }
    this.say('stopping: leadership is handed over, requests under way are finished (again to stop at once)')
    this.stop.resolve()
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

  private exited(name: string, how: string, flags: readonly string[]): void {
    if (this.stopping) return
    const running = this.members.filter(({ process }) => process.running).length
    const started = this.members.find(({ process }) => process.name === name)?.process.ready === true
    if (!started) {
      this.say(
        `${styleText('red', `${name} ${how} before it was ready`)}; its log is ${join(this.options.dataDir, `${name}.log`)}`,
      )
      return this.stop.resolve()
    }
    const majority = Math.floor(this.members.length / 2) + 1
    const outlook =
      running >= majority ? 'the others go on' : `no majority is left: ${majority} of ${this.members.length} are needed`
    this.say(`${styleText('red', `${name} ${how}`)}: ${outlook}. It is not started again by itself; to start it:`)
    this.say(`  npx synod start ${flags.join(' ')}`)
    if (running === 0) this.stop.resolve()
  }

  /** Says who leads, at first and whenever it changes. */
  private async watch(): Promise<void> {
    let leader: bigint | undefined
    while (!this.stopping) {
      const found = await Promise.all(this.members.map(async (member) => this.ask(member)))
      const seen = leaderOf(found)
      const name = this.members.find(({ id }) => id === seen)?.process.name
      if (!this.summarized && name !== undefined && found.every((status) => status?.leader === seen)) {
        this.summarized = true
        this.summarize(name)
      } else if (this.summarized && seen !== leader && !this.stopping) {
        this.say(name === undefined ? styleText('yellow', 'nobody leads') : `${styleText('green', name)} leads`)
      }
      leader = seen
      await sleep(this.summarized ? 1000 : 100)
    }
  }

  private async ask(member: DevMember): Promise<StatusResponse | undefined> {
    if (!member.process.running) return undefined
    const client = new Client({ endpoints: member.client.url, commandTimeout: '1s' })
    try {
      const status = await client.askOne(
        member.client,
        '/etcdserverpb.Maintenance/Status',
        () => {},
        readStatusResponse,
      )
      // Another server may be listening there, while our own cannot.
      if (status.header.memberId !== member.id) return undefined
      member.process.ready = true
      return status
    } catch (error) {
      // Not there, or not yet: its own process says why, if it ends.
      if (error instanceof GrpcError) return undefined
      throw error
    } finally {
      client.close()
    }
  }

  private summarize(leader: string): void {
    const rows = this.members.map(({ process, id, client }) => [
      `  ${process.name}`,
      client.url,
      hexadecimal(id),
      `pid ${process.pid ?? '?'}`,
      process.name === leader ? 'leads' : '',
    ])
    const endpoints = this.members.map(({ client }) => `127.0.0.1:${client.port}`).join(',')
    this.say(`\n${table(rows)}\n`)
    this.say('Try, in another terminal:')
    this.say('  npx synod put greeting hello')
    this.say('  npx synod get greeting')
    this.say(`  npx synod status --endpoints ${endpoints}`)
    this.say(`  ETCDCTL_API=3 etcdctl --endpoints ${endpoints} get greeting`)
    this.say(`Logs are in ${join(this.options.dataDir, '*.log')}. Ctrl-C stops the cluster; its data stays.\n`)
  }

  private say(line: string): void {
    printLine(line)
    writeSync(this.log, `${new Date().toISOString()} ${line}\n`)
  }

  close(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.onSignal)
    closeSync(this.log)
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
