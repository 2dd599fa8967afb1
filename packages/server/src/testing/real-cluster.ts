import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Halt } from 'synod'
import type { ServerConfig, StartOptions } from '../cli/config.ts'
import { startServer } from '../server.ts'
import type { RunningServer } from '../server.ts'
import { EtcdClient } from './etcd-client.ts'
import { configFor, silent } from './one-node.ts'
import { freePorts } from './ports.ts'
import type { Json } from './transcript.ts'

/** Durable members as users start them, each on a disk and ports of its own, in this process. */
export class RealCluster {
  readonly members: RealMember[] = []
  private readonly folder = mkdtempSync(join(tmpdir(), 'synod-real-cluster-'))
  private readonly options: Partial<StartOptions>

  constructor(options: Partial<StartOptions> = {}) {
    this.options = { heartbeatInterval: 30, electionTimeout: 300, ...options }
  }

  /** So many first members, of which all have said where they serve clients. */
  async start(count: number): Promise<this> {
    const first = await Promise.all(Array.from({ length: count }, async () => this.plan()))
    const initialCluster = first.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
    await Promise.all(first.map(async (member) => member.start({ initialCluster })))
    await this.until(async () => {
      const { members = [] } = await this.ask(1, 'Cluster/MemberList', { linearizable: true })
      return Array.isArray(members) && members.every((one) => Array.isArray(Object(one).clientURLs))
    })
    return this
  }

  /** Another member, with its ports and a name, that does not run yet. */
  async plan(): Promise<RealMember> {
    const name = `m${this.members.length + 1}`
    const member = new RealMember(name, join(this.folder, name), this.options)
    this.members.push(member)
    return member.plan()
  }

  /** Starts it as an operator starts one that was added. */
  async join(member: RealMember): Promise<void> {
    const known = this.members.filter((one) => one !== member).map(({ name, peerUrl }) => `${name}=${peerUrl}`)
    const initialCluster = [...known, `${member.name}=${member.peerUrl}`].join(',')
    await member.start({ initialCluster, initialClusterState: 'existing' })
  }

  /** Counted from 1. */
  member(number: number): RealMember {
    const member = this.members[number - 1]
    if (member === undefined) throw new Error(`there is no member ${number}`)
    return member
  }

  /** Asks this member, counted from 1. */
  async ask(number: number, op: string, request: Json = {}): Promise<Readonly<Record<string, Json>>> {
    const answer = await this.member(number).client.call(op, request)
    return Object(answer) as Readonly<Record<string, Json>>
  }

  /** The number of the one that leads; 0: nobody does. */
  async leader(): Promise<number> {
    for (const [i, member] of this.members.entries()) {
      if (!member.running) continue
      const { leader } = await this.ask(i + 1, 'Maintenance/Status')
      const at = this.members.findIndex((one) => one.running && String(one.id) === leader)
      if (at >= 0) return at + 1
    }
    return 0
  }

  async until(holds: () => Promise<boolean>): Promise<void> {
    const last = performance.now() + 80_000
    while (!(await holds())) {
      if (performance.now() > last) throw new Error('what was waited for did not come about')
      await sleep(20)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(async (member) => member.stop()))
    rmSync(this.folder, { recursive: true })
  }
}

export class RealMember {
  readonly name: string
  readonly directory: string
  peerUrl = ''
  url = ''
  /** Why it stopped by itself. */
  halted: Halt | undefined
  private readonly options: Partial<StartOptions>
  private known: { readonly client: EtcdClient; readonly config: ServerConfig } | undefined
  private server: RunningServer | undefined
  flags: Partial<StartOptions> = {}

  constructor(name: string, directory: string, options: Partial<StartOptions>) {
    this.name = name
    this.directory = directory
    this.options = options
  }

  async plan(): Promise<this> {
    const first = await freePorts(2)
    this.url = `http://127.0.0.1:${first}`
    this.peerUrl = `http://127.0.0.1:${first + 1}`
    return this
  }

  /** Again with what it was started with, if nothing else is said. */
  async start(flags: Partial<StartOptions> = this.flags): Promise<void> {
    this.flags = flags
    const config = configFor(this.name, {
      ...this.options,
      ...flags,
      dataDir: this.directory,
      listenClientUrls: this.url,
    })
    const server = await startServer(config, silent)
    this.server = server
    this.known = { client: new EtcdClient(Number(this.url.split(':')[2])), config }
    void this.watch(server)
  }

  private async watch(server: RunningServer): Promise<void> {
    const halt = await server.halted
    await this.stop()
    // Its process has ended: the directory is free again.
    this.halted = halt
  }

  get running(): boolean {
    return this.server !== undefined
  }

  get client(): EtcdClient {
    if (this.known === undefined) throw new Error(`${this.name} has not been started`)
    return this.known.client
  }

  /** As the API says it. */
  get id(): bigint {
    return BigInt(`0x${this.server?.seat.self ?? 0}`)
  }

  /** Its disk is exchanged for an empty one. */
  wipe(): void {
    rmSync(this.directory, { recursive: true })
  }

  async stop(): Promise<void> {
    const { server, known } = this
    this.server = undefined
    known?.client.close()
    await server?.stop(0)
  }
}
