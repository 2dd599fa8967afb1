import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import { tlsFailure, tlsReason, type Logger } from '../core/index.ts'
import { addressOf } from './address.ts'
import type { Counts } from './counters.ts'
import { speaksTls } from './other-language.ts'

/** How a server is known to its clients, and they to it. */
export interface ServerTls {
  /** Certificate, key, authority of the clients, versions, as they are now: they may be exchanged while the server runs. */
  readonly options: () => SecureContextOptions
  /** Calls `listener` when they have been exchanged; the answer takes it away. */
  readonly onRenewed: (listener: () => void) => () => void
  /** Whoever shows no certificate of the authority is turned away. */
  readonly requiresCertificate: boolean
  /** Whether a certificate of the authority is refused all the same, and why. */
  readonly refuses: (certificate: X509Certificate) => string | undefined
}

const plaintext: ReadonlySet<string> = new Set([
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
])
/** Anybody may speak plaintext, as often as it likes: the operator is told once in a while. */
const silenceMs = 60_000

/** Listens by TLS, and hands on the connections whose handshake went well. */
export class SecureListener {
  readonly server: Server
  private readonly counts: Counts
  private readonly log: Logger
  private readonly unwatch: () => void
  /** Connections whose handshake is not over, by the client's address and port. */
  private readonly handshakes = new Map<string, Socket>()
  private toldAt = Number.NEGATIVE_INFINITY

  constructor(
    tls: ServerTls,
    handshakeTimeoutMs: number,
    counts: Counts,
    log: Logger,
    welcome: (socket: Socket) => void,
  ) {
    this.counts = counts
    this.log = log
    this.server = createServer({
      noDelay: true,
      keepAlive: true,
      ...tls.options(),
      // Clients of gRPC offer h2 alone. Whoever offers both, as curl and browsers do, wants what is served over HTTP/1.1.
      ALPNProtocols: ['http/1.1', 'h2'],
      handshakeTimeout: handshakeTimeoutMs,
      requestCert: tls.requiresCertificate,
      rejectUnauthorized: tls.requiresCertificate,
    })
    this.unwatch = tls.onRenewed(() => this.server.setSecureContext(tls.options()))
    this.server.on('connection', (socket: Socket) => this.begin(socket))
    this.server.on('tlsClientError', (error, socket) => {
      const isPlaintext = this.fail(error, socket)
      const below = this.handshakes.get(addressOf(socket))
      // After its timeout, Node.js leaves it open.
      if (!isPlaintext || below === undefined) return void socket.destroy()
      // Neither side of TLS has begun: what is written below it arrives as it is, and people and programs can read it.
      below.on('error', (failure) => log.debug('a connection failed', { reason: failure.message }))
      below.end(speaksTls, () => below.destroy())
    })
    this.server.on('secureConnection', (socket) => {
      this.handshakes.delete(addressOf(socket))
      const refusal = tls.requiresCertificate ? refusalOf(socket, tls) : undefined
      if (refusal === undefined) return welcome(socket)
      this.fail(new Error(refusal), socket)
      socket.destroy()
    })
  }

  /** Handshakes that are under way are given up. */
  stop(): void {
    this.unwatch()
    for (const socket of this.handshakes.values()) socket.destroy()
  }

  private begin(socket: Socket): void {
    const address = addressOf(socket)
    this.handshakes.set(address, socket)
    socket.once('close', () => {
      if (this.handshakes.get(address) === socket) this.handshakes.delete(address)
    })
  }

  /** Answers whether the client speaks plaintext. */
  private fail(error: Error, socket: TLSSocket): boolean {
    this.counts.handshakesFailed++
    const code = 'code' in error ? String(error.code) : ''
    // The verdict on a certificate is a code alone.
    const verdict: unknown = socket.authorizationError
    const reason = (typeof verdict === 'string' ? tlsReason(verdict) : undefined) ?? tlsFailure(error) ?? error.message
    const fields = { client: socket.remoteAddress, failures: this.counts.handshakesFailed }
    const now = performance.now()
    const isPlaintext = plaintext.has(code)
    if (isPlaintext && now - this.toldAt > silenceMs) {
      this.toldAt = now
      this.log.warn('a client speaks plaintext to a port of TLS, and was turned away: it has to use https://', fields)
    } else {
      this.log.debug(`a client was turned away: ${reason}`, fields)
    }
    return isPlaintext
  }
}

/** Also of a session that is resumed: its certificate comes with it. */
function refusalOf(socket: TLSSocket, tls: ServerTls): string | undefined {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
  return certificate === undefined ? 'it has shown no certificate' : tls.refuses(certificate)
}
