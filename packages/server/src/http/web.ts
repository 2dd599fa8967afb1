import type { Socket } from 'node:net'
import type { Logger } from 'synod'
import { serve } from 'synod/grpc'
import type { GrpcServer, Route, ServerCounters, ServerTls } from 'synod/grpc'
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
  private readonly listeners: GrpcServer[] = []
  private readonly log: Logger

  constructor(options: WebOptions, metrics: Pages['metrics']) {
    const { front, routes, log, messageBytesMax } = options
    const bodyBytesMax = Math.ceil((messageBytesMax * 4) / 3) + bodyAllowance
    const limits = { ...defaultHttpLimits, bodyBytesMax, ...options.limits }
    this.log = log
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

  /**
   * A listener for metrics. It is the client port's, without a single call: so TLS, and what a stranger may take up before it
   * has asked anything, are the same on both. Rejects when the address cannot be had.
   */
  async listen(host: string, port: number, tls?: ServerTls): Promise<{ port: number }> {
    const other = (...one: Parameters<HttpPort['take']>): void => this.ports[1].take(...one)
    const listener = serve({ routes: new Map(), log: this.log, tls, other })
    this.listeners.push(listener)
    return listener.listen(host, port)
  }

  /** Of the listeners for metrics: what came to nothing before it could ask. */
  get listenersCounters(): readonly ServerCounters[] {
    return this.listeners.map(({ counters }) => counters)
  }

  /** What is asked already is answered, for at most so long; then everything is closed. */
  async drain(graceMs: number): Promise<void> {
    await Promise.all([...this.listeners, ...this.ports].map(async (port) => port.drain(graceMs)))
  }
}
