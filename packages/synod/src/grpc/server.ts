import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../core/index.ts'
import type { Shared } from './answering.ts'
import { Counts, type LimitName, type ServerCounters } from './counters.ts'
import { preface } from './frames.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { speaksGrpc, speaksPlaintext, tlsHandshake } from './other-language.ts'
import { Routes, type Route } from './routes.ts'
import { SecureListener, type ServerTls } from './secure-listener.ts'
import { ServerConnection } from './server-connection.ts'
import { Turn } from './turn.ts'

/** A server of gRPC over HTTP/2. */
export interface GrpcServer {
  /** Port 0 takes a free one. Rejects when the address cannot be had. */
  listen(host: string, port: number): Promise<{ port: number }>
  /**
   * No new connections; what is in flight is answered, for at most `graceMs`. Streams that are open then end with 14,
   * and everything is closed.
   */
  drain(graceMs: number): Promise<void>
  /** Everything is closed at once. */
  close(): Promise<void>
  /** Clients that are connected by HTTP/2. */
  readonly connections: number
  /** What has been done and refused so far. */
  readonly counters: ServerCounters
}

/** What `serve` needs. */
export interface ServeOptions {
  /** By path, `/package.Service/Method`. */
  readonly routes: ReadonlyMap<string, Route>
  readonly limits?: Partial<Limits>
  readonly log: Logger
  /** Without it the server speaks plaintext. */
  readonly tls?: ServerTls | undefined
  /**
   * Takes a connection whose first bytes are not HTTP/2's preface; without it, such a one is told so in HTTP/1.1.
   *
   * The socket is whoever takes it's own from then on: paused, without a listener of ours that reads or answers, and
   * without `firstBytes`, which `socket.unshift(firstBytes)` puts back for a server that reads sockets, such as node:http's by
   * `emit('connection', socket)`. It is to have a listener for `error`. It still counts as one of this server's
   * connections; `drain` waits for it like for others, so that idle ones should be closed by their owner when that begins, and what is
   * left when the grace is over, or at `close`, is destroyed.
   */
  readonly other?: (socket: Socket, firstBytes: Buffer) => void
}

const tickMs = 100

/** Makes a server, which does not listen yet. */
export function serve(options: ServeOptions): GrpcServer {
  return new ListeningServer(options)
}

class ListeningServer implements GrpcServer, Shared {
  readonly routes: Routes
  readonly limits: Limits
  readonly log: Logger
  readonly turn = new Turn()
  readonly counts: Counts
  partialBytes = 0
  private readonly other: (socket: Socket, firstBytes: Buffer) => void
  private readonly listener: Server
  private readonly secure: SecureListener | undefined
  /** Sockets that have not said yet what they speak, and since when they are here. */
  private readonly strangers = new Map<Socket, number>()
  private readonly clients = new Map<Socket, ServerConnection>()
  /** Sockets that were handed over. */
  private readonly others = new Set<Socket>()
  private readonly byAddress = new Map<string, number>()
  private ticker: NodeJS.Timeout | undefined = undefined
  private whenEmpty: (() => void) | undefined = undefined

  constructor(options: ServeOptions) {
    this.routes = new Routes(options.routes)
    this.counts = new Counts(this.routes.counts)
    this.limits = { ...defaultLimits, ...options.limits }
    this.log = options.log
    this.other = options.other ?? answerInHttp1
    const { tls, log } = options
    const welcome = (socket: Socket): void => this.welcome(socket)
    this.secure = tls && new SecureListener(tls, this.limits.handshakeTimeoutMs, this.counts, log, welcome)
    this.listener = this.secure?.server ?? createServer({ noDelay: true, keepAlive: true })
    this.listener.on('connection', (socket: Socket) => this.admit(socket))
    if (this.secure === undefined) this.listener.on('connection', welcome)
  }

  get counters(): ServerCounters {
    return this.counts
  }

  get connections(): number {
    return this.clients.size
  }

  async listen(host: string, port: number): Promise<{ port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.listener.once('error', reject)
      this.listener.listen(port, host, () => {
        this.listener.off('error', reject)
        resolve()
      })
    })
    this.listener.on('error', (error) => this.log.error('the listening socket failed', { error }))
    this.ticker = setInterval(() => this.tick(), tickMs)
    this.ticker.unref()
    const address = this.listener.address()
    return { port: typeof address === 'object' && address !== null ? address.port : port }
  }

  /** Counts a connection, from the first moment on; one too many is closed before it has said anything. */
  private admit(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown'
    const ofAddress = (this.byAddress.get(address) ?? 0) + 1
    const { connectionsMax, connectionsPerAddressMax } = this.limits
    if (this.counts.connectionsOpen >= connectionsMax) return this.refuse(socket, 'connections')
    if (ofAddress > connectionsPerAddressMax) return this.refuse(socket, 'connections_per_address')
    this.counts.connectionsAccepted++
    this.counts.connectionsOpen++
    this.byAddress.set(address, ofAddress)
    socket.once('close', () => {
      this.counts.connectionsOpen--
      const left = (this.byAddress.get(address) ?? 1) - 1
      if (left === 0) this.byAddress.delete(address)
      else this.byAddress.set(address, left)
    })
  }

  private refuse(socket: Socket, limit: LimitName): void {
    this.counts.limitHits[limit]++
    this.log.debug('a connection is refused', { peer: socket.remoteAddress, limit })
    socket.destroy()
  }

  /** Reads the first bytes of a connection until they tell what it speaks. */
  private welcome(socket: Socket): void {
    if (socket.destroyed) return
    this.strangers.set(socket, performance.now())
    let first: Buffer = Buffer.alloc(0)
    const onError = (error: Error): void => this.log.debug('a connection failed', { reason: error.message })
    const onClose = (): void => void this.strangers.delete(socket)
    const onData = (chunk: Buffer): void => {
      first = first.length === 0 ? chunk : Buffer.concat([first, chunk])
      const compared = Math.min(first.length, preface.length)
      if (this.secure === undefined && first[0] === tlsHandshake) {
        this.log.debug('a client speaks TLS to a port of plaintext, and was turned away', {
          client: socket.remoteAddress,
        })
        socket.off('data', onData)
        socket.resume()
        socket.end(speaksPlaintext, () => socket.destroy())
        return
      }
      const isHttp2 = first.subarray(0, compared).equals(preface.subarray(0, compared))
      if (isHttp2 && compared < preface.length) return
      socket.off('data', onData)
      socket.off('error', onError)
      socket.off('close', onClose)
      this.strangers.delete(socket)
      if (isHttp2) {
        this.take(socket, first.subarray(preface.length))
      } else {
        this.handOver(socket, first)
      }
    }
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.on('data', onData)
  }

  private handOver(socket: Socket, firstBytes: Buffer): void {
    socket.pause()
    this.others.add(socket)
    socket.once('close', () => {
      this.others.delete(socket)
      this.tellIfEmpty()
    })
    this.other(socket, firstBytes)
  }

  private take(socket: Socket, rest: Buffer): void {
    const connection = new ServerConnection(socket, this)
    this.clients.set(socket, connection)
    connection.receive(rest)
  }

  closed(socket: Socket): void {
    if (this.clients.delete(socket)) this.tellIfEmpty()
  }

  relieve(): void {
    while (this.counts.queuedBytes > this.limits.unreadBytesInAllMax) {
      let worst: ServerConnection | undefined
      for (const one of this.clients.values())
        if (!one.isDone && one.sender.queuedBytes > (worst?.sender.queuedBytes ?? 0)) worst = one
      if (worst === undefined) return
      this.log.warn('a connection is closed: too many answers wait to be read, most of them here', {
        peer: worst.peer,
        waiting: worst.sender.queuedBytes,
      })
      worst.cutOff()
    }
  }

  private tellIfEmpty(): void {
    if (this.clients.size === 0 && this.others.size === 0) this.whenEmpty?.()
  }

  private tick(): void {
    const now = performance.now()
    for (const [socket, since] of this.strangers) {
      if (now - since < this.limits.handshakeTimeoutMs) continue
      this.counts.limitHits.handshake_timeout++
      socket.destroy()
    }
    for (const connection of this.clients.values()) connection.tick(now)
  }

  async drain(graceMs: number): Promise<void> {
    const stopped = this.stopListening()
    for (const connection of this.clients.values()) connection.drain()
    if (this.clients.size > 0 || this.others.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        this.whenEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    for (const connection of this.clients.values()) connection.dismiss()
    this.stop()
    await stopped
  }

  async close(): Promise<void> {
    const stopped = this.stopListening()
    this.stop()
    await stopped
  }

  /** Resolves when every socket that came through the listener is closed. */
  private stopListening(): Promise<void> {
    this.secure?.stop()
    for (const socket of this.strangers.keys()) socket.destroy()
    return new Promise((resolve) => {
      this.listener.close(() => resolve())
    })
  }

  private stop(): void {
    for (const connection of this.clients.values()) connection.destroy()
    for (const socket of this.others) socket.destroy()
    clearInterval(this.ticker)
  }
}

function answerInHttp1(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  socket.end(speaksGrpc)
  socket.resume()
}
