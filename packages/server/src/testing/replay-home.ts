import type { StartOptions } from '../cli/config.ts'
import { EtcdClient } from './etcd-client.ts'
import type { OneNode } from './one-node.ts'
import { RealCluster } from './real-cluster.ts'
import type { RealNode } from './real-node.ts'
import type { Scenario } from './transcript.ts'

/** The servers of one scenario, fresh at its beginning. Members are counted from 1. */
export interface ReplayHome {
  readonly count: number
  client(member: number): EtcdClient
  /** What is known of the addresses, by their placeholders. */
  readonly addresses: Readonly<Record<string, string>>
  clientUrl(member: number): string
  /** As the API says it. */
  id(member: number): string
  /** 0: nobody leads. */
  leader(): Promise<number>
  restart(member: number): Promise<void>
  start(member: number): Promise<void>
  stop(member: number): Promise<void>
  /** Resolved when the member has ended by itself, as one that was removed must. */
  removed(member: number): Promise<void>
  /** What was logged as a warning or an error. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

/** etcd's flags, as far as they are Synod's too. Others belong to what is not here yet. */
export function settingsOf({ flags = [] }: Scenario): Partial<StartOptions> {
  const numbers: Readonly<Record<string, 'quotaBackendBytes' | 'maxRequestBytes'>> = {
    '--quota-backend-bytes': 'quotaBackendBytes',
    '--max-request-bytes': 'maxRequestBytes',
  }
  const settings: { -readonly [Name in keyof StartOptions]?: StartOptions[Name] } = {}
  for (const flag of flags) {
    const [name = '', value] = flag.split('=')
    const ours = numbers[name]
    if (ours !== undefined) settings[ours] = Number(value)
  }
  return settings
}

/** One member in this process: a front alone, or a durable one. */
export class NodeHome implements ReplayHome {
  readonly count = 1
  private readonly node: OneNode | RealNode
  private current: EtcdClient

  constructor(node: OneNode | RealNode) {
    this.node = node
    this.current = new EtcdClient(node.port)
  }

  client(): EtcdClient {
    return this.current
  }

  get addresses(): Readonly<Record<string, string>> {
    return { $clientURL1: this.node.url, $peerURL1: this.node.config.self.peerUrl }
  }

  clientUrl(): string {
    return this.node.url
  }

  id(): string {
    return String(BigInt(`0x${this.node.config.self.node}`))
  }

  async leader(): Promise<number> {
    return Promise.resolve(1)
  }

  async restart(): Promise<void> {
    this.current.close()
    await this.node.restart()
    this.current = new EtcdClient(this.node.port)
  }

  async start(): Promise<void> {
    return Promise.reject(new Error('the only member runs'))
  }

  async stop(): Promise<void> {
    return Promise.reject(new Error('the only member is needed'))
  }

  async removed(): Promise<void> {
    return Promise.reject(new Error('the only member is never removed'))
  }

  get complaints(): readonly string[] {
    return this.node.complaints
  }

  async close(): Promise<void> {
    this.current.close()
    await this.node.stop()
  }
}

/** Durable members as users start them, and room for one that is added. */
export class ClusterHome implements ReplayHome {
  readonly complaints: readonly string[] = []
  readonly count: number
  private readonly cluster: RealCluster

  private constructor(cluster: RealCluster, count: number) {
    this.cluster = cluster
    this.count = count
  }

  static async open(scenario: Scenario): Promise<ClusterHome> {
    const alone = scenario.members === 1
    // A lease is at least one and a half election timeouts long: with etcd's own, which matters where leases are granted.
    const timing = alone ? { electionTimeout: 1000, heartbeatInterval: 100 } : {}
    const cluster = new RealCluster({ ...timing, ...settingsOf(scenario) })
    await cluster.start(scenario.members)
    if (!alone) await cluster.plan()
    return new ClusterHome(cluster, scenario.members)
  }

  client(member: number): EtcdClient {
    return this.cluster.member(member).client
  }

  get addresses(): Readonly<Record<string, string>> {
    const known = this.cluster.members.flatMap(({ url, peerUrl }, i): [string, string][] => [
      [`$clientURL${i + 1}`, url],
      [`$peerURL${i + 1}`, peerUrl],
    ])
    return Object.fromEntries(known)
  }

  clientUrl(member: number): string {
    return this.cluster.member(member).url
  }

  id(member: number): string {
    return String(this.cluster.member(member).id)
  }

  async leader(): Promise<number> {
    return this.cluster.leader()
  }

  async restart(member: number): Promise<void> {
    await this.stop(member)
    await this.cluster.member(member).start()
    await this.cluster.until(async () => {
      const { members } = await this.cluster.ask(member, 'Cluster/MemberList', { linearizable: true })
      return members !== undefined
    })
  }

  async start(member: number): Promise<void> {
    await this.cluster.join(this.cluster.member(member))
  }

  async stop(member: number): Promise<void> {
    await this.cluster.member(member).stop()
  }

  async removed(member: number): Promise<void> {
    await this.cluster.until(async () => Promise.resolve(this.cluster.member(member).halted?.code === 'removed'))
  }

  async close(): Promise<void> {
    await this.cluster.stop()
  }
}
