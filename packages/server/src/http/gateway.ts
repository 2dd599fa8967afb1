import type { IncomingMessage } from 'node:http'
import type { Logger } from 'synod'
import { addressOf, Code, MethodCounts } from 'synod/grpc'
import type { Route, Unary } from 'synod/grpc'
import { ProtoWriter, TooLong } from '../proto/wire.ts'
import { answer, answerJson } from './answer.ts'
import type { Exchange } from './answer.ts'
import type { HttpPort } from './http-port.ts'
import { gatewayRoutes } from './interface.ts'
import type { GatewayRoute } from './interface.ts'
import { JsonError } from './json-text.ts'
import { writeJson } from './json-to-proto.ts'
import { readAsJson } from './proto-to-json.ts'
import { statusOf } from './status.ts'

/** Those that the transport gives by itself, and two more. */
const code = { ...Code, notFound: 5, permissionDenied: 7 }

/** How a part of the path is called that is not the route: the older one is what Patroni uses with an older etcd. */
const prefixes = ['/v3/', '/v3beta/'] as const

/** The longest message that becomes JSON. */
const answerBytesMax = 32 * 1024 * 1024

/** Headers that are metadata of the call, behind this. */
const metadataPrefix = 'grpc-metadata-'

const utf8 = new TextDecoder('utf-8', { fatal: true })

export interface GatewayOptions {
  /** The handlers of gRPC: the same ones answer here. */
  readonly routes: ReadonlyMap<string, Route>
  readonly port: HttpPort
  readonly log: Logger
  /** The largest message that the transport of gRPC would take. */
  readonly messageBytesMax: number
}

/**
 * The API as JSON over HTTP/1.1, as etcd's gateway offers it. It has no knowledge of its own of what a request means: JSON
 * becomes a message, the handler of gRPC answers it, and its message becomes JSON.
 */
export class Gateway {
  private readonly options: GatewayOptions
  /** What happened to the calls of each method. */
  private readonly methods: ReadonlyMap<string, MethodCounts>
  private readonly out = new ProtoWriter()

  constructor(options: GatewayOptions) {
    this.options = options
    const served = [...gatewayRoutes.values()].map(({ method }) => method)
    this.methods = new Map(served.map((method) => [method, new MethodCounts(method, 'unary')]))
  }

  /** The path belongs to the gateway, whether there is something under it or not. */
  static owns(path: string): boolean {
    return prefixes.some((prefix) => path.startsWith(prefix))
  }

  /** Those methods that were called. */
  get called(): readonly MethodCounts[] {
    return [...this.methods.values()].filter(({ started }) => started > 0)
  }

  serve(exchange: Exchange): void {
    const { request, response, path } = exchange
    const route = gatewayRoutes.get(path.replace(/^\/v3beta\//, '/v3/'))
    if (route === undefined) return refuse(exchange, code.notFound, 'Not Found')
    if (request.method !== 'POST') return refuse(exchange, code.unimplemented, 'Method Not Allowed')
    // A page of somebody else's, in a browser on this machine, can post here too: it must not write to the cluster.
    if (request.headers.origin !== undefined) {
      return refuse(exchange, code.permissionDenied, 'requests of web pages (with an Origin header) are not taken')
    }
    this.options.port.body(request, response, (body) => this.call(exchange, route, body))
  }

  private call(exchange: Exchange, route: GatewayRoute, body: Buffer): void {
    const { routes, messageBytesMax, log } = this.options
    const counts = this.methods.get(route.method) ?? new MethodCounts(route.method, 'unary')
    const call = new GatewayCall(exchange, route, counts, this.options.port)
    const handler = routes.get(route.method)?.unary
    if (handler === undefined) {
      const [service, method] = route.method.slice(1).split('/')
      return call.fail(code.unimplemented, `unknown method ${method} for service ${service}`)
    }
    const { out } = this
    try {
      writeJson(out.reset(), route.request, textOf(body))
      const message = out.finish()
      if (message.length > messageBytesMax) {
        const sizes = `${message.length} vs. ${messageBytesMax}`
        return call.fail(code.resourceExhausted, `grpc: received message larger than max (${sizes})`)
      }
      handler(call, message)
    } catch (error) {
      if (error instanceof JsonError) return call.fail(code.invalidArgument, error.message)
      log.error('a handler failed', { path: route.method, peer: call.peer, error })
      call.fail(code.internal, 'internal error')
    }
  }
}

function textOf(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new JsonError('invalid UTF-8')
  }
}

function refuse(exchange: Exchange, number: number, message: string): void {
  answerJson(exchange, statusOf(number), { code: number, message })
}

/** A call of the gateway's, as the handlers of gRPC know calls. */
class GatewayCall implements Unary {
  readonly path: string
  readonly peer: string
  readonly deadline = undefined
  private readonly exchange: Exchange
  private readonly route: GatewayRoute
  private readonly counts: MethodCounts
  private readonly port: HttpPort
  private readonly began = performance.now()
  private isOver = false

  constructor(exchange: Exchange, route: GatewayRoute, counts: MethodCounts, port: HttpPort) {
    this.path = route.method
    this.peer = addressOf(exchange.request.socket)
    this.exchange = exchange
    this.route = route
    this.counts = counts
    this.port = port
    counts.started++
    counts.messagesReceived++
    exchange.response.on('close', () => this.ended(code.cancelled))
  }

  /** The token is the bare header `Authorization`. */
  metadata(name: string): string | undefined {
    const { headers }: IncomingMessage = this.exchange.request
    const value = name === 'token' ? headers.authorization : headers[`${metadataPrefix}${name}`]
    return typeof value === 'string' ? value : undefined
  }

  get cancelled(): boolean {
    return this.exchange.response.destroyed
  }

  respond(message: Uint8Array): void {
    // As text it is many times as long, and text has its end at half a gigabyte.
    if (message.length > answerBytesMax) throw new TooLong(message.length, answerBytesMax)
    const { exchange, port } = this
    if (exchange.response.destroyed) return
    const body = JSON.stringify(readAsJson(this.route.response, message))
    port.hold(exchange.request.socket, body.length)
    this.ended(code.ok)
    answer(exchange, 200, 'application/json', body)
  }

  fail(number: number, message: string, trailers: Readonly<Record<string, string>> = {}): void {
    this.ended(number)
    // Whether a write may have been applied is said here in a header.
    answerJson(this.exchange, statusOf(number), { code: number, message }, trailers)
  }

  private ended(number: number): void {
    if (this.isOver) return
    this.isOver = true
    if (number === code.ok) this.counts.messagesSent++
    this.counts.ended(number, (performance.now() - this.began) / 1000)
  }
}
