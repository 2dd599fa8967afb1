import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../core/index.ts'
import { preface } from './frames.ts'
import { SecureListener, type ServerTls } from './secure-listener.ts'
import { ServerConnection, type Limits, type Route, type Shared } from './server-connection.ts'
import { Turn } from './turn.ts'

/** A server of gRPC over HTTP/2. */
export interface GrpcServer {
  /** Port 0 takes a free one. Rejects when the address cannot be had. */
  listen(host: string, port: number): Promise<{ port: number }>
  /** No new connections; what is in flight is answered, for at most `graceMs`; then everything is closed. */
  drain(graceMs: number): Promise<void>
  /** Everything is closed at once. */
  close(): Promise<void>
  /** Clients that are connected. */
  readonly connections: number
  /** Handshakes of TLS that came to nothing, since the start. */
  readonly handshakesFailed: number
}

/** What `serve` needs. */
export interface ServeOptions {
  /** By path, `/package.Service/Method`. */
  readonly routes: ReadonlyMap<string, Route>
  readonly limits?: Partial<Limits>
  readonly log: Logger
  /** Without it the server speaks plaintext. */
  readonly tls?: ServerTls | undefined
  /** Takes a connection whose first bytes are not HTTP/2's preface; without it, such a one is told so in HTTP/1.1. */
  readonly other?: (socket: Socket, firstBytes: Buffer) => void
}

/** etcd's, where it has one: 1.5 MiB and 512 KiB a request, two hours of silence. */
export const defaultLimits: Limits = {
  messageBytesMax: 2 * 1024 * 1024,
  headerListBytesMax: 16 * 1024,
  concurrentStreamsMax: 4096,
  partialBytesMax: 64 * 1024 * 1024,
  unreadBytesMax: 64 * 1024 * 1024,
  backlogBytesMax: 1024 * 1024,
  controlFramesPerSecondMax: 10_000,
  handshakeTimeoutMs: 10_000,
  keepaliveIntervalMs: 2 * 3_600_000,
  keepaliveTimeoutMs: 20_000,
}

const tickMs = 100
/** How a greeting of TLS begins (RFC 8446 §5.1), and neither HTTP/1.1 nor HTTP/2. */
const tlsHandshake = 22
const notGrpc = 'This port speaks gRPC, over HTTP/2.\n'

/** Makes a server, which does not listen yet. */
export function serve(options: ServeOptions): GrpcServer {
  return new ListeningServer(options)
}

class ListeningServer implements GrpcServer, Shared {
  readonly routes: ReadonlyMap<string, Route>
  readonly limits: Limits
  readonly log: Logger
  readonly turn = new Turn()
  private readonly services: ReadonlySet<string>
  private readonly other: (socket: Socket, firstBytes: Buffer) => void
  private readonly listener: Server
  private readonly secure: SecureListener | undefined
  /** Sockets that have not said yet what they speak, and since when they are here. */
  private readonly strangers = new Map<Socket, number>()
  private readonly clients = new Set<ServerConnection>()
  private ticker: NodeJS.Timeout | undefined = undefined
  private whenEmpty: (() => void) | undefined = undefined

  constructor(options: ServeOptions) {
    this.routes = options.routes
    this.limits = { ...defaultLimits, ...options.limits }
    this.log = options.log
    this.services = new Set([...options.routes.keys()].map((path) => path.slice(1, path.lastIndexOf('/'))))
    this.other = options.other ?? answerInHttp1
    const welcome = (socket: Socket): void => this.welcome(socket)
    const { tls, log } = options
    this.secure = tls && new SecureListener(tls, this.limits.handshakeTimeoutMs, log, welcome)
    this.listener = this.secure?.server ?? createServer({ noDelay: true, keepAlive: true }, welcome)
  }

  get handshakesFailed(): number {
    return this.secure?.failures ?? 0
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

  /** Reads the first bytes of a connection until they tell what it speaks. */
  private welcome(socket: Socket): void {
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
        socket.destroy()
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
        socket.pause()
        this.other(socket, first)
      }
    }
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.on('data', onData)
  }

  private take(socket: Socket, rest: Buffer): void {
    const connection = new ServerConnection(socket, this)
    this.clients.add(connection)
    connection.receive(rest)
  }

  /** In grpc-go's words: clients match on them. */
  unknownPath(path: string): string | undefined {
    if (this.routes.has(path)) return undefined
    const slash = path.lastIndexOf('/')
    if (slash <= 0 || !path.startsWith('/')) return `malformed method name: ${JSON.stringify(path)}`
    const service = path.slice(1, slash)
    if (this.services.has(service)) return `unknown method ${path.slice(slash + 1)} for service ${service}`
    return `unknown service ${service}`
  }

  closed(connection: ServerConnection): void {
    if (this.clients.delete(connection) && this.clients.size === 0) this.whenEmpty?.()
  }

  private tick(): void {
    const now = performance.now()
    for (const [socket, since] of this.strangers) if (now - since >= this.limits.handshakeTimeoutMs) socket.destroy()
    for (const connection of this.clients) connection.tick(now)
  }

  async drain(graceMs: number): Promise<void> {
    const stopped = this.stopListening()
    for (const connection of this.clients) connection.drain()
    if (this.clients.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        this.whenEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
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
    for (const connection of this.clients) connection.destroy()
    clearInterval(this.ticker)
  }
}

function answerInHttp1(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: ${notGrpc.length}\r\nconnection: close\r\n\r\n${notGrpc}`,
  )
  socket.resume()
}
