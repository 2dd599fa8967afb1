import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { type Channel, type Links, type Logger, type NodeId, tlsFailure, tlsReason } from '../../core/index.ts'
import type { GuardedHost } from '../guarded-host.ts'
import { StartFailed } from '../start-failed.ts'
import { systemFailure } from '../system-error.ts'
import { Authentication, isOutsider, type PeerTls } from './authentication.ts'
import { Complaints } from './complaints.ts'
import { Incoming, type Reception } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { defaultLimits, type Identity, type Peer, peerOf, type Surroundings, type TransportLimits } from './peer.ts'
import { Traffic } from './traffic.ts'

/** What a transport is made of. */
export interface TransportOptions {
  readonly host: GuardedHost
  readonly listen: { readonly host: string; readonly port: number; readonly secure?: boolean }
  /** Needed where this member listens, or a peer is reached, by TLS. */
  readonly tls?: PeerTls | undefined
  readonly log: Logger
  readonly random: () => number
  /** Instead of the defaults; for tests, mostly. */
  readonly limits?: Partial<TransportLimits>
}

/** A minute, as long as ticks have their default length. */
const ticksOfAPeriod = 120

/**
 * Links to the peers over TCP. Each pair of members has one connection for each channel and direction, dialed by the side
 * that sends, so that a vote never waits behind entries, nor entries behind a snapshot.
 */
export class Transport implements Links {
  private readonly options: TransportOptions
  private readonly limits: TransportLimits
  readonly traffic: Traffic = new Traffic()
  private readonly outgoing = new Map<NodeId, Readonly<Record<Channel, Outgoing>>>()
  private readonly strangers = new Set<Incoming>()
  /** Connections whose handshake of TLS is not over, by the other side's address and port. */
  private readonly handshakes = new Map<string, Socket>()
  private readonly welcomed = new Map<string, Incoming>()
  private readonly unflushed: Outgoing[] = []
  private readonly paused: Incoming[] = []
  private server: Server | undefined
  private unwatch: () => void = () => undefined
  /** Known from the start on. */
  private around: Surroundings | undefined
  private contacts: Readonly<Record<NodeId, string>> = {}
  private ticker: NodeJS.Timeout | undefined
  private turn = 1
  private turnEnding = false
  private readonly complaints: Complaints
  private ticks = 0
  private closed = false

  constructor(options: TransportOptions) {
    this.options = options
    this.limits = { ...defaultLimits, ...options.limits }
    this.complaints = new Complaints(options.log)
  }

  /** Listens, dials the peers that it was told of, and answers with the port; throws `StartFailed` when the address cannot be used. */
  async start(identity: Identity): Promise<number> {
    const contact = (): string => this.contacts[identity.id] ?? ''
    const { tls } = this.options
    const authentication = tls === undefined ? undefined : new Authentication(tls, () => this.contacts)
    const gatekeeper = this.options.listen.secure === true ? authentication : undefined
    const { limits, traffic } = this
    const around: Surroundings = { ...this.options, authentication, gatekeeper, identity, contact, limits, traffic }
    const server = this.createServer(around)
    this.server = server
    const port = await listen(server, this.options.listen)
    if (this.closed) {
      server.close()
      return port
    }
    // such as too many open files: the connection is lost, its dialer tries again
    server.on('error', (error) =>
      this.options.log.error(`a peer's connection was not accepted: ${systemFailure(error).message}`),
    )
    this.around = around
    this.reconfigure(this.contacts)
    this.ticker = setInterval(() => this.tick(), this.limits.tick)
    return port
  }

  private createServer(around: Surroundings): Server {
    const { listen: at, tls } = this.options
    const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 }
    if (at.secure !== true) {
      return createServer(socketOptions).on('connection', (socket) => this.accept(socket, around))
    }
    if (tls === undefined) throw new Error('peers are listened to by TLS with certificates only')
    const server = createTlsServer({
      ...socketOptions,
      ...tls.options(),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: this.limits.handshakeTimeout,
    })
    this.unwatch = tls.onRenewed(() => server.setSecureContext(tls.options()))
    server.on('connection', (socket: Socket) => this.guardHandshake(socket))
    server.on('tlsClientError', (error, socket) => this.refuseHandshake(error, socket))
    server.on('secureConnection', (socket) => {
      this.handshakes.delete(placeOfSocket(socket))
      const why = isOutsider(socket, tls)
      if (why === undefined) return this.accept(socket, around)
      this.refuseHandshake(new Error(why), socket)
    })
    return server
  }

  send(to: NodeId, channel: Channel, parts: readonly Uint8Array[]): boolean {
    return this.outgoing.get(to)?.[channel].send(parts) ?? false
  }

  reconfigure(contacts: Readonly<Record<NodeId, string>>): void {
    this.contacts = contacts
    const { around } = this
    if (around === undefined || this.closed) return
    for (const id of this.outgoing.keys()) if (!(id in contacts)) this.leave(id)
    for (const [id, contact] of Object.entries(contacts)) {
      if (id !== around.identity.id) this.reach(id, peerOf(id, contact), around)
    }
  }

  /** What is queued for a former member still goes out. */
  private leave(id: NodeId): void {
    for (const one of Object.values(this.outgoing.get(id) ?? {})) void one.end()
    this.outgoing.delete(id)
  }

  private reach(id: NodeId, peer: Peer | undefined, around: Surroundings): void {
    const channels = this.outgoing.get(id)
    const stays = JSON.stringify(channels?.urgent.peer.addresses) === JSON.stringify(peer?.addresses)
    if (!stays) this.leave(id)
    if (peer === undefined) return
    if (!stays) this.outgoing.set(id, this.channelsTo(peer, around))
    else for (const one of Object.values(channels ?? {})) one.peer = peer
  }

  estrange(peer: NodeId): void {
    for (const incoming of this.welcomed.values()) if (incoming.from === peer) incoming.destroy()
  }

  /** Bytes that wait for a peer in this process. */
  queued(to: NodeId, channel: Channel): number {
    return this.outgoing.get(to)?.[channel].queued ?? 0
  }

  /** Lets what is queued go out for a moment, hears nothing more, and frees the port. */
  async close(): Promise<void> {
    const server = this.server
    this.stop()
    await Promise.all(this.everyOutgoing().map((one) => one.end()))
    if (server === undefined || !server.listening) return
    await new Promise<void>((done) => server.close(() => done()))
  }

  /** At once: not a byte more goes out. */
  destroy(): void {
    this.stop()
    for (const one of this.everyOutgoing()) one.destroy()
    this.server?.close()
  }

  private everyOutgoing(): Outgoing[] {
    return [...this.outgoing.values()].flatMap((channels) => Object.values(channels))
  }

  private stop(): void {
    this.closed = true
    this.unwatch()
    clearInterval(this.ticker)
    for (const socket of this.handshakes.values()) socket.destroy()
    for (const incoming of [...this.strangers, ...this.welcomed.values()]) incoming.destroy()
  }

  private channelsTo(peer: Peer, around: Surroundings): Readonly<Record<Channel, Outgoing>> {
    const flushSoon = (one: Outgoing): void => this.flushSoon(one)
    const channel = (name: Channel): Outgoing => new Outgoing(peer, name, around, flushSoon)
    const channels = { urgent: channel('urgent'), bulk: channel('bulk'), snapshot: channel('snapshot') }
    for (const one of Object.values(channels)) one.dial()
    return channels
  }

  /** When the member's flush has returned, and before the event loop goes on: one write for each channel. */
  private flushSoon(one: Outgoing): void {
    this.unflushed.push(one)
    if (this.unflushed.length > 1) return
    process.nextTick(() => this.flush())
  }

  /** At once, what was sent so far: whoever is about to do what takes its time lets the peers begin meanwhile. */
  flush(): void {
    for (const each of this.unflushed.splice(0)) each.flush()
  }

  private accept(socket: Socket, around: Surroundings): void {
    if (this.closed) {
      socket.destroy()
      return
    }
    if (this.strangers.size >= this.limits.strangersMax) {
      const [oldest] = this.strangers
      oldest?.reject(`more than ${this.limits.strangersMax} connections have not been welcomed, this was the oldest`)
    }
    this.strangers.add(new Incoming(socket, around, this.reception))
  }

  /** As many as strangers may be: a handshake costs memory and time, and anybody may begin one. */
  private guardHandshake(socket: Socket): void {
    if (this.handshakes.size >= this.limits.strangersMax) {
      const [oldest] = this.handshakes.values()
      oldest?.destroy()
    }
    const place = placeOfSocket(socket)
    this.handshakes.set(place, socket)
    socket.once('close', () => {
      if (this.handshakes.get(place) === socket) this.handshakes.delete(place)
    })
  }

  /** What is wrong with its certificate is known by a code alone. */
  private refuseHandshake(error: Error, socket: TLSSocket): void {
    const verdict: unknown = socket.authorizationError
    const why = (typeof verdict === 'string' ? tlsReason(verdict) : undefined) ?? tlsFailure(error) ?? error.message
    this.complaints.make(`a connection to the peer address was refused: ${why}`, { from: undefined })
    // After its timeout, Node.js leaves it open.
    socket.destroy()
  }

  private readonly reception: Reception = {
    welcomed: (incoming) => {
      this.strangers.delete(incoming)
      const key = placeOf(incoming)
      const older = this.welcomed.get(key)
      this.welcomed.set(key, incoming)
      older?.destroy()
    },
    closed: (incoming) => {
      this.strangers.delete(incoming)
      const key = placeOf(incoming)
      if (this.welcomed.get(key) === incoming) this.welcomed.delete(key)
    },
    complain: (message, fields) => this.complaints.make(message, fields),
    turn: () => {
      this.endTurn()
      return this.turn
    },
    paused: (incoming) => this.paused.push(incoming),
  }

  private endTurn(): void {
    if (this.turnEnding) return
    this.turnEnding = true
    setImmediate(() => {
      this.turnEnding = false
      this.turn++
      for (const incoming of this.paused.splice(0)) incoming.resume()
    })
  }

  private tick(): void {
    for (const one of this.everyOutgoing()) one.tick()
    for (const incoming of this.welcomed.values()) incoming.tick()
    if (++this.ticks % ticksOfAPeriod === 0) this.complaints.startAnew()
  }
}

function placeOfSocket({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function placeOf(incoming: Incoming): string {
  return `${incoming.channel} ${incoming.from}`
}

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; stop it, or give this member another peer address',
  EADDRNOTAVAIL: 'this machine has no such address; listen on one that it has',
  EACCES: 'this user may not listen there; take a port above 1023',
  ENOTFOUND: 'this name has no address; listen on an IP address of this machine',
}

function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<number> {
  return new Promise((done, fail) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why = advice[error.code ?? ''] ?? systemFailure(error).message
      const message = `cannot listen for peers on ${at.host}:${at.port}: ${why}`
      fail(new StartFailed(message, { code: 'address', ...at }, error))
    }
    server.once('error', failed)
    server.listen({ host: at.host, port: at.port }, () => {
      server.off('error', failed)
      const address = server.address()
      done(typeof address === 'object' && address !== null ? address.port : at.port)
    })
  })
}
