import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { assert } from 'synod'
import type { Logger } from 'synod'
import { answerJson } from './answer.ts'

/** What a client of HTTP/1.1 may take up. Each has its answer, and is counted. */
export interface HttpLimits {
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** Requests of one connection that wait for their answers: more of them, and it is answered 429 and closed. */
  readonly pipelinedMax: number
  readonly headerBytesMax: number
  /** From the connection, or the answer before, to the end of a request's head. */
  readonly headersTimeoutMs: number
  /** A connection on which nothing is asked. */
  readonly keepAliveTimeoutMs: number
  /** From the end of its head to the end of its body. */
  readonly bodyTimeoutMs: number
  /** Of one body. */
  readonly bodyBytesMax: number
  /** Of all bodies that are arriving. */
  readonly bodiesBytesMax: number
  /** Of all answers that wait for their clients to read them. */
  readonly answersBytesMax: number
  /** How long a client may take no byte of the answer that waits for it. */
  readonly stallTimeoutMs: number
}

const mebibyte = 1024 * 1024

export const defaultHttpLimits: HttpLimits = {
  connectionsMax: 1024,
  connectionsPerAddressMax: 512,
  pipelinedMax: 64,
  headerBytesMax: 16 * 1024,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 75_000,
  bodyTimeoutMs: 30_000,
  bodyBytesMax: 3 * mebibyte,
  bodiesBytesMax: 64 * mebibyte,
  answersBytesMax: 256 * mebibyte,
  stallTimeoutMs: 60_000,
}

/** Names of the limits that `synod_limit_hits_total` tells of. */
export type HttpLimitName =
  | 'http_connections'
  | 'http_connections_per_address'
  | 'http_pipelined'
  | 'http_headers_timeout'
  | 'http_body_timeout'
  | 'http_body_bytes'
  | 'http_bodies_bytes'
  | 'http_answers_bytes'
  | 'http_stall_timeout'

/** Plain numbers, read when somebody looks. */
export interface HttpCounters {
  connections: number
  connectionsTotal: number
  requestsTotal: number
  readonly limitHits: Record<HttpLimitName, number>
}

const tickMs = 250
const lingerMs = 1000

interface Client {
  readonly address: string
  /** Requests that have begun and are not answered. */
  asked: number
  /** When it was last answered, or came. */
  since: number
  /** Of the request whose body is arriving. */
  bodySince: number | undefined
  /** What it asked and has not read the answer to: the first one is answered, the others begin when it has been read. */
  readonly waiting: (() => void)[]
  /** Bytes of the answer that it has not read. */
  unread: number
}

/**
 * HTTP/1.1 on sockets that somebody else accepted: the client port hands over those whose first bytes are not HTTP/2's. It
 * is Node's own server. Its timeouts for heads and bodies work only when it listens itself; they are kept here instead.
 */
export class HttpPort {
  readonly counters: HttpCounters = {
    connections: 0,
    connectionsTotal: 0,
    requestsTotal: 0,
    limitHits: {
      http_connections: 0,
      http_connections_per_address: 0,
      http_pipelined: 0,
      http_headers_timeout: 0,
      http_body_timeout: 0,
      http_body_bytes: 0,
      http_bodies_bytes: 0,
      http_answers_bytes: 0,
      http_stall_timeout: 0,
    },
  }
  private readonly limits: HttpLimits
  private readonly log: Logger
  private readonly server: Server
  private readonly clients = new Map<Socket, Client>()
  private readonly perAddress = new Map<string, number>()
  private readonly ticker: NodeJS.Timeout
  private bodiesBytes = 0
  private answersBytes = 0
  private draining = false
  private whenEmpty: (() => void) | undefined

  constructor(
    handle: (request: IncomingMessage, response: ServerResponse) => void,
    log: Logger,
    limits: Partial<HttpLimits> = {},
  ) {
    this.limits = { ...defaultHttpLimits, ...limits }
    this.log = log
    const { headerBytesMax: maxHeaderSize, keepAliveTimeoutMs: keepAliveTimeout } = this.limits
    this.server = createServer({ maxHeaderSize, keepAliveTimeout, noDelay: true })
    this.server.maxHeadersCount = 100
    this.server.timeout = this.limits.stallTimeoutMs
    this.server.on('timeout', (socket) => this.stalled(socket))
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      this.begin(request, response, () => handle(request, response))
    }
    this.server.on('request', take)
    // curl asks before it sends a large body: it hears "100 Continue" when the body is wanted, and not before.
    this.server.on('checkContinue', take)
    this.ticker = setInterval(() => this.tick(performance.now()), tickMs)
    this.ticker.unref()
  }

  /** A connection, and what it has said already. It belongs to this port from here on. */
  take(socket: Socket, firstBytes: Uint8Array): void {
    const address = socket.remoteAddress ?? ''
    const ofAddress = this.perAddress.get(address) ?? 0
    const { connectionsMax, connectionsPerAddressMax } = this.limits
    if (this.draining) return void socket.destroy()
    if (this.clients.size >= connectionsMax) return this.turnAway(socket, 'http_connections')
    if (ofAddress >= connectionsPerAddressMax) return this.turnAway(socket, 'http_connections_per_address')
    this.perAddress.set(address, ofAddress + 1)
    const since = performance.now()
    this.clients.set(socket, { address, asked: 0, since, bodySince: undefined, waiting: [], unread: 0 })
    this.counters.connections++
    this.counters.connectionsTotal++
    socket.on('close', () => this.gone(socket))
    this.server.emit('connection', socket)
    if (firstBytes.length > 0) socket.unshift(firstBytes)
    socket.resume()
  }

  private turnAway(socket: Socket, limit: HttpLimitName): void {
    this.counters.limitHits[limit]++
    socket.on('error', (error) => this.log.debug('a connection failed', { reason: error.message }))
    socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    socket.resume()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  }

  private gone(socket: Socket): void {
    const client = this.clients.get(socket)
    if (client === undefined) return
    this.clients.delete(socket)
    this.release(client)
    const left = (this.perAddress.get(client.address) ?? 1) - 1
    if (left === 0) this.perAddress.delete(client.address)
    else this.perAddress.set(client.address, left)
    this.counters.connections--
    if (this.clients.size === 0) this.whenEmpty?.()
  }

  private begin(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    this.counters.requestsTotal++
    const client = this.clients.get(request.socket)
    if (client === undefined) return
    client.asked++
    let ended = false
    response.on('close', () => {
      if (ended) return
      ended = true
      client.asked--
      client.since = performance.now()
      this.next(client, request.socket, handle)
      if (this.draining && client.asked === 0) request.socket.destroySoon()
    })
    if (this.draining) response.setHeader('connection', 'close')
    if (client.asked <= this.limits.pipelinedMax) {
      client.waiting.push(handle)
      if (client.waiting.length === 1) handle()
      return
    }
    this.counters.limitHits.http_pipelined++
    this.refuse(request, response, 429, 'too many requests of this connection wait for their answers')
  }

  /** A request is over; the one behind it is looked at, if its client is still there. */
  private next(client: Client, socket: Socket, handle: () => void): void {
    const at = client.waiting.indexOf(handle)
    if (at < 0) return
    client.waiting.splice(at, 1)
    if (at > 0) return
    this.release(client)
    if (!socket.destroyed) client.waiting[0]?.()
  }

  /**
   * So many bytes are about to be answered, and wait until the client has read them. If all that wait become too many,
   * whoever leaves most of them unread is cut off: a few such clients would else hold all memory there is.
   */
  hold(socket: Socket, bytes: number): void {
    const client = this.clients.get(socket)
    if (client === undefined) return
    while (this.answersBytes > 0 && this.answersBytes + bytes > this.limits.answersBytesMax) this.cutOffSlowest()
    client.unread += bytes
    this.answersBytes += bytes
  }

  private cutOffSlowest(): void {
    const [slowest] = [...this.clients].toSorted(([, a], [, b]) => b.unread - a.unread)
    assert(slowest !== undefined, 'what waits, waits for somebody')
    const [socket, client] = slowest
    this.counters.limitHits.http_answers_bytes++
    this.log.warn('a connection is closed: too many bytes of answers wait to be read, most of them here', {
      peer: client.address,
      waiting: client.unread,
    })
    this.release(client)
    socket.destroy()
  }

  private release(client: Client): void {
    this.answersBytes -= client.unread
    client.unread = 0
  }

  /** Neither did a byte leave nor arrive for a while. Between two requests that is no fault. */
  private stalled(socket: Socket): void {
    if ((this.clients.get(socket)?.asked ?? 0) > 0) this.counters.limitHits.http_stall_timeout++
    socket.destroy()
  }

  /** The answer that a client gets whose request is not even read. Its connection is of no further use. */
  private refuse(request: IncomingMessage, response: ServerResponse, status: number, message: string): void {
    response.shouldKeepAlive = false
    answerJson({ request, response }, status, { code: 8, message })
  }

  /**
   * Reads the body. What is larger than allowed is answered here: `done` is not called then, nor when the client goes away.
   */
  body(request: IncomingMessage, response: ServerResponse, done: (body: Buffer) => void): void {
    const { bodyBytesMax, bodiesBytesMax } = this.limits
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > bodyBytesMax) return this.tooLarge(request, response, announced)
    if (request.headers.expect !== undefined) response.writeContinue()
    const client = this.clients.get(request.socket)
    const chunks: Buffer[] = []
    let length = 0
    let counted = true
    const settle = (): void => {
      if (!counted) return
      counted = false
      this.bodiesBytes -= length
      if (client !== undefined) client.bodySince = undefined
      request.off('data', onData)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      this.bodiesBytes += chunk.length
      chunks.push(chunk)
      if (length > bodyBytesMax) {
        settle()
        this.tooLarge(request, response, length)
      } else if (this.bodiesBytes > bodiesBytesMax) {
        settle()
        this.counters.limitHits.http_bodies_bytes++
        this.afterReading(request, () =>
          this.refuse(request, response, 429, 'too many bytes of requests are arriving: try again later'),
        )
      }
    }
    if (client !== undefined) client.bodySince = performance.now()
    request.on('data', onData)
    request.on('close', settle)
    request.on('end', () => {
      if (!counted) return
      settle()
      done(Buffer.concat(chunks, length))
    })
  }

  private tooLarge(request: IncomingMessage, response: ServerResponse, length: number): void {
    this.counters.limitHits.http_body_bytes++
    const message = `the request is larger than max (${length} vs. ${this.limits.bodyBytesMax} bytes of JSON)`
    const refuse = (): void => this.refuse(request, response, 413, message)
    // Who asked first has not sent it.
    if (request.headers.expect !== undefined && request.readableLength === 0) refuse()
    else this.afterReading(request, refuse)
  }

  /** A connection that is closed over unread bytes is reset, and the answer with it: the rest is read for a moment. */
  private afterReading(request: IncomingMessage, then: () => void): void {
    let answered = false
    const once = (): void => {
      if (answered) return
      answered = true
      clearTimeout(timer)
      then()
    }
    const timer = setTimeout(once, lingerMs)
    request.on('end', once)
    request.on('close', once)
    request.resume()
  }

  private tick(now: number): void {
    const { headersTimeoutMs, keepAliveTimeoutMs, bodyTimeoutMs } = this.limits
    for (const [socket, { asked, since, bodySince }] of this.clients) {
      if (bodySince !== undefined && now - bodySince >= bodyTimeoutMs) {
        this.counters.limitHits.http_body_timeout++
        socket.destroy()
      } else if (asked === 0 && now - since >= headersTimeoutMs + this.idle(socket, keepAliveTimeoutMs)) {
        this.counters.limitHits.http_headers_timeout++
        socket.destroy()
      }
    }
  }

  /** Between two requests a connection may rest; a new one has come to ask something. */
  private idle(socket: Socket, keepAliveTimeoutMs: number): number {
    return socket.bytesWritten > 0 ? keepAliveTimeoutMs : 0
  }

  /** What is asked already is answered, for at most `graceMs`; then everything is closed. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true
    for (const [socket, { asked }] of this.clients) if (asked === 0) socket.destroy()
    if (this.clients.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        this.whenEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.close()
  }

  close(): void {
    this.draining = true
    clearInterval(this.ticker)
    for (const socket of this.clients.keys()) socket.destroy()
  }
}
