import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Halt, Logger } from 'synod'
import { serve } from 'synod/grpc'
import type { GrpcServer } from 'synod/grpc'
import { isWildcard } from './cli/addresses.ts'
import type { Address } from './cli/addresses.ts'
import type { ServerConfig } from './cli/config.ts'
import { CommandError } from './cli/exit.ts'
import { etcdRoutes } from './etcd/routes.ts'
import { Front } from './etcd/front.ts'
import { Lessor } from './etcd/lessor.ts'
import { MemberHalted, openReplica } from './replica.ts'
import type { Seat } from './seat.ts'
import { openCredentials } from './tls/open.ts'

/** What a transport adds to the largest request: etcd's allowance, and its text when it is exceeded. */
const transportAllowance = 512 * 1024

/** One member that serves clients. */
export interface RunningServer {
  /** Where it listens, with the ports that it was given. */
  readonly clientUrls: readonly string[]
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
  const lessor = new Lessor(front)
  const stop = async (graceMs: number): Promise<void> => {
    lessor.stop()
    credentials.close()
    const drained = Promise.all(grpcs.map(async (grpc) => grpc.drain(graceMs)))
    await opened.close(graceMs, drained)
  }
  try {
    const routes = etcdRoutes(front)
    const clientUrls: string[] = []
    for (const address of config.clientAddresses) {
      const limits = { messageBytesMax: config.maxRequestBytes + transportAllowance }
      const grpc = serve({ routes, log, limits, tls: address.secure ? credentials.clients : undefined })
      grpcs.push(grpc)
      clientUrls.push(await listen(grpc, address))
    }
    lessor.start()
    opened.replica.publish({ name: config.name, clientUrls: config.advertisedClientUrls ?? clientUrls })
    const reloadCertificates = (): void => credentials.reload()
    return { clientUrls, seat: opened.seat, halted: halted.promise, reloadCertificates, stop }
  } catch (error) {
    await stop(0)
    throw error
  }
}

async function listen(grpc: GrpcServer, address: Address): Promise<string> {
  const { host, port } = address
  try {
    const bound = await grpc.listen(host, port)
    return port === bound.port ? address.url : address.url.replace(/:\d+$/, `:${bound.port}`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      throw new CommandError(
        `--listen-client-urls: port ${port} on ${host} is in use: stop the process that has it, or choose another port`,
      )
    }
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') {
      const why = {
        EADDRNOTAVAIL: 'is no address of this machine',
        EACCES: 'may not be used by this user',
        ENOTFOUND: 'is unknown',
      }[code]
      throw new CommandError(`--listen-client-urls: ${isWildcard(address) ? address.url : host}:${port} ${why}`)
    }
    throw error
  }
}
