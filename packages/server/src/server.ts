import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Halt, Logger } from 'synod'
import { serve } from 'synod/grpc'
import type { GrpcServer } from 'synod/grpc'
import { whyUnusable, type Address } from './cli/addresses.ts'
import type { ServerConfig } from './cli/config.ts'
import { CommandError } from './cli/exit.ts'
import { etcdRoutes } from './etcd/routes.ts'
import { Front } from './etcd/front.ts'
import { Web } from './http/web.ts'
import { etcdMetrics } from './metrics/etcd-metrics.ts'
import { Exposition } from './metrics/exposition.ts'
import type { Sources } from './metrics/sources.ts'
import { synodMetrics } from './metrics/synod-metrics.ts'
import { MemberHalted, openReplica } from './replica.ts'
import type { Seat } from './seat.ts'
import { openCredentials } from './tls/open.ts'

/** What a transport adds to the largest request: etcd's allowance, and its text when it is exceeded. */
const transportAllowance = 512 * 1024

/** One member that serves clients. */
export interface RunningServer {
  /** Where it listens, with the ports that it was given. */
  readonly clientUrls: readonly string[]
  /** Where it tells nothing but how it fares; the same. */
  readonly metricsUrls: readonly string[]
  /** Which member of which cluster it is. */
  readonly seat: Pick<Seat, 'cluster' | 'self'>
  /** Resolved if the member stops by itself: a failed disk, a broken invariant, an identity that is refused; or it was removed. */
  readonly halted: Promise<Halt>
  /** Reads the certificates again. */
  reloadCertificates(): void
  /** Hands leadership over, answers what is under way for at most so long, and ends everything. */
  stop(graceMs: number): Promise<void>
}

/** Starts one member: data directory, peers, clients, in this order. Throws a `CommandError` that names the flag. */
export async function startServer(config: ServerConfig, log: Logger): Promise<RunningServer> {
  // Who was added is not known by its flags: it may correct them, and must keep its disk.
  const first = config.state === 'new' && !existsSync(join(config.directory, 'identity'))
  try {
    return await startMember(config, log)
  } catch (error) {
    if (!first || !(error instanceof CommandError) || error instanceof MemberHalted) throw error
    if (!existsSync(join(config.directory, 'identity'))) throw error
    // Whoever corrects an address of the cluster next would be told that the directory belongs to another one.
    throw new CommandError(
      `${error.message}. ${config.directory} is formatted for these flags already: ` +
        'delete it before you start with other --initial-cluster, --initial-advertise-peer-urls or --initial-cluster-token',
      error.exitCode,
    )
  }
}

async function startMember(config: ServerConfig, log: Logger): Promise<RunningServer> {
  const halted = Promise.withResolvers<Halt>()
  const credentials = openCredentials(config, log)
  const opened = await openReplica(config, credentials.peers, log, halted.resolve).catch((error: unknown) => {
    credentials.close()
    throw error
  })
  const front = new Front(opened, config)
  const grpcs: GrpcServer[] = []
  const { lessor } = front
  const routes = etcdRoutes(front)
  const messageBytesMax = config.maxRequestBytes + transportAllowance
  const web: Web = new Web({ front, routes, messageBytesMax, log }, async () => metrics.text())
  const sources: Sources = { front, meters: opened.meters, web, grpc: () => grpcs.map(({ counters }) => counters) }
  const metrics = new Exposition([...etcdMetrics(sources), ...synodMetrics(sources)])
  const stop = async (graceMs: number): Promise<void> => {
    lessor.stop()
    front.space.stop()
    credentials.close()
    const drained = Promise.all([web, ...grpcs].map(async (port) => port.drain(graceMs)))
    await opened.close(graceMs, drained)
  }
  try {
    const clientUrls: string[] = []
    for (const address of config.clientAddresses) {
      const tls = address.secure ? credentials.clients : undefined
      const grpc = serve({ routes, log, limits: { messageBytesMax }, tls, other: (...one) => web.take(...one) })
      grpcs.push(grpc)
      clientUrls.push(await listen(grpc, address, '--listen-client-urls'))
    }
    const metricsUrls: string[] = []
    for (const address of config.metricsAddresses) {
      const tls = address.secure ? credentials.clients : undefined
      const port = { listen: async (...at: [string, number]) => web.listen(...at, tls) }
      metricsUrls.push(await listen(port, address, '--listen-metrics-urls'))
    }
    lessor.start()
    front.space.start()
    opened.replica.publish({ name: config.name, clientUrls: config.advertisedClientUrls ?? clientUrls })
    const reloadCertificates = (): void => credentials.reload()
    return { clientUrls, metricsUrls, seat: opened.seat, halted: halted.promise, reloadCertificates, stop }
  } catch (error) {
    await stop(0)
    throw error
  }
}

async function listen(server: Pick<GrpcServer, 'listen'>, address: Address, flag: string): Promise<string> {
  const { host } = address
  try {
    const bound = await server.listen(host, address.port)
    return address.port === bound.port ? address.url : address.url.replace(/:\d+$/, `:${bound.port}`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'EADDRINUSE') {
      throw new CommandError(
        `${flag}: port ${address.port} on ${host} is in use: stop the process that has it, or choose another port`,
      )
    }
    const why = whyUnusable[code]
    if (why !== undefined) throw new CommandError(`${flag}: ${address.url} ${why}`)
    throw error
  }
}
