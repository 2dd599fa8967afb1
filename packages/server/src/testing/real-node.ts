import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerConfig } from '../cli/config.ts'
import { startServer } from '../server.ts'
import type { RunningServer } from '../server.ts'
import { EtcdClient } from './etcd-client.ts'
import { configFor, silent } from './one-node.ts'
import { freePorts } from './ports.ts'

/** One durable member as a user starts it: a disk, a journal, Raft, and the front on a port of its own. */
export class RealNode {
  readonly complaints: string[] = []
  config: ServerConfig = configFor('m1')
  port = 0
  private readonly options: Partial<Parameters<typeof configFor>[1]>
  private readonly folder = mkdtempSync(join(tmpdir(), 'synod-real-node-'))
  private server: RunningServer | undefined

  constructor(options: Partial<Parameters<typeof configFor>[1]> = {}) {
    this.options = options
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async start(): Promise<this> {
    this.port = await freePorts(1)
    this.config = configFor('m1', {
      // How slow the disk of the machine is on which the tests run is no complaint.
      slowRequestThreshold: 0,
      slowSyncThreshold: 0,
      ...this.options,
      dataDir: join(this.folder, 'm1'),
      listenClientUrls: this.url,
      initialCluster: `m1=http://127.0.0.1:${await freePorts(1)}`,
    })
    await this.begin()
    return this
  }

  async restart(): Promise<void> {
    await this.server?.stop(1000)
    await this.begin()
  }

  /** Its directory stays, and nobody works in it. */
  async halt(): Promise<void> {
    await this.server?.stop(1000)
    this.server = undefined
  }

  async stop(): Promise<void> {
    await this.halt()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A test begins when the member leads and has published what it is called. */
  private async begin(): Promise<void> {
    const complain = (message: string, fields?: object): void =>
      void this.complaints.push(`${message} ${JSON.stringify(fields ?? {})}`)
    this.server = await startServer(this.config, { ...silent, warn: complain, error: complain })
    const client = new EtcdClient(this.port)
    const published = async (): Promise<boolean> =>
      JSON.stringify(await client.call('Cluster/MemberList', { linearizable: true })).includes('"clientURLs":["http')
    while (!(await published())) await sleep(10)
    client.close()
  }
}
