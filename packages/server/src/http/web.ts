import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from 'synod'
import type { Route } from 'synod/grpc'
import type { Front } from '../etcd/front.ts'
import { Gateway } from './gateway.ts'
import { Health } from './health.ts'
import { defaultHttpLimits, HttpPort } from './http-port.ts'
import type { HttpLimits } from './http-port.ts'
import { servePage } from './pages.ts'
import type { Pages } from './pages.ts'

export interface WebOptions {
  readonly front: Front
  readonly routes: ReadonlyMap<string, Route>
  /** The largest message that the transport of gRPC takes. */
  readonly messageBytesMax: number
  readonly log: Logger
  readonly limits?: Partial<HttpLimits>
}

/** Three bytes are four characters in base64, and a body is more than its values. */
const bodyAllowance = 64 * 1024

/** All that one member serves over HTTP/1.1: on its client port, and, without the gateway, on ports of their own. */
export class Web {
  readonly health: Health
  readonly gateway: Gateway
  /** Of the client port, and of the ones for metrics. */
  readonly ports: readonly [clients: HttpPort, metrics: HttpPort]
  private readonly listeners: Server[] = []

  constructor(options: WebOptions, metrics: Pages['metrics']) {
    const { front, routes, log, messageBytesMax } = options
    const bodyBytesMax = Math.ceil((messageBytesMax * 4) / 3) + bodyAllowance
    const limits = { ...defaultHttpLimits, bodyBytesMax, ...options.limits }
    this.health = new Health(front)
    const { health } = this
    const clients: HttpPort = new HttpPort((...one) => servePage(pages, ...one), log, limits)
    this.gateway = new Gateway({ routes, port: clients, log, messageBytesMax })
    const pages: Pages = { gateway: this.gateway, health, metrics, log }
    const plain: Pages = { ...pages, gateway: undefined }
    this.ports = [clients, new HttpPort((...one) => servePage(plain, ...one), log, limits)]
  }

  /** A connection to the client port that does not speak HTTP/2. */
  take(socket: Socket, firstBytes: Uint8Array): void {
    this.ports[0].take(socket, firstBytes)
  }

  /** Rejects when the address cannot be had. */
  async listen(host: string, port: number): Promise<{ port: number }> {
    const listener = createServer({ noDelay: true, keepAlive: true }, (socket) =>
      this.ports[1].take(socket, new Uint8Array()),
    )
    this.listeners.push(listener)
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(port, host, () => resolve())
    })
    const address = listener.address()
    return { port: typeof address === 'object' && address !== null ? address.port : port }
  }

  /** What is asked already is answered, for at most so long; then everything is closed. */
  async drain(graceMs: number): Promise<void> {
    for (const listener of this.listeners) listener.close()
    await Promise.all(this.ports.map(async (port) => port.drain(graceMs)))
  }
}
