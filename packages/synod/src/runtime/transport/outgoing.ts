import type { Socket } from 'node:net'
import { assert, type Channel, Malformed, present, Reader, type Refusal, tlsFailure } from '../../core/index.ts'
import { systemFailure } from '../system-error.ts'
import { dialPeer, undialable } from './authentication.ts'
import { FrameBatch, frameHead, frameMax } from './frames.ts'
import { encodeGreeting, handshakeMax, readAnswer, versions } from './handshake.ts'
import type { Address } from '../../member/index.ts'
import type { Peer, Surroundings } from './peer.ts'
import type { Traffic } from './traffic.ts'

/** A count of received bytes, u53 little-endian: all that ever comes back on a connection after its answer. */
export const receiptLength = 8

/** A member that stops waits so long for its last words to be taken, in milliseconds. */
const lingering = 500

/** The failure in a row, of a peer that was never reached, that the operator is told of: after about two seconds. */
const reportedFailure = 5

type State = 'waiting' | 'connecting' | 'greeting' | 'open' | 'closed'

/**
 * One channel towards one peer: a connection that this side dials, dials again when it breaks, and only sends on.
 *
 * A kernel takes bytes for a peer that is gone for a quarter of an hour, and a suspended peer's kernel takes some more.
 * So the receiver acknowledges what its process has read; without that for a while the connection is given up.
 */
export class Outgoing {
  /** Its name may change. */
  peer: Peer
  readonly channel: Channel
  private readonly around: Surroundings
  /** Asks for `flush` at the end of this callback. */
  private readonly flushSoon: (outgoing: Outgoing) => void
  private state: State = 'waiting'
  private socket: Socket | undefined
  /** It did not finish with what it was given last. */
  private socketKeeps = false
  private timer: NodeJS.Timeout | undefined
  private backoff: number
  /** Complained of; what follows is the same story until a connection is welcomed. */
  private failures = 0
  private reported = false
  private readonly batch = new FrameBatch()
  private heard: Uint8Array = new Uint8Array(0)
  private sent = 0
  private sentAtTick = 0
  private acknowledged = 0
  private unacknowledgedTicks = 0
  private readonly traffic: ReturnType<Traffic['of']>
  /** Ticks since the way was last timed; the probe that times it ends at `probeEnd`, and left at `probedAt`. */
  private ticksUnprobed = 0
  private probeEnd = 0
  private probedAt: number | undefined

  constructor(peer: Peer, channel: Channel, around: Surroundings, flushSoon: (outgoing: Outgoing) => void) {
    this.peer = peer
    this.channel = channel
    this.around = around
    this.traffic = around.traffic.of(peer.id)
    this.flushSoon = flushSoon
    this.backoff = around.limits.backoffMin
  }

  /** What waits for the peer, in this process. */
  get queued(): number {
    return this.batch.length + (this.socket?.writableLength ?? 0)
  }

  /** false: not connected, or too much is queued already; the frame is dropped. One frame may always be queued. */
  send(parts: readonly Uint8Array[]): boolean {
    let size = 0
    for (const part of parts) size += part.length
    assert(size > 0 && size <= frameMax, `a frame has 1 to ${frameMax} bytes, not ${size}`)
    if (this.state !== 'open' || !this.hasRoomFor(size)) {
      this.traffic.sendFailures++
      return false
    }
    if (this.batch.length === 0) this.flushSoon(this)
    this.batch.add(parts, size)
    return true
  }

  private hasRoomFor(size: number): boolean {
    const { queued } = this
    return queued === 0 || queued + frameHead + size <= this.around.limits.queueBytesMax[this.channel]
  }

  /** One write for everything that was sent since the last one. */
  flush(): void {
    if (this.batch.length === 0) return
    if (this.state !== 'open' || this.socket === undefined) return this.batch.clear()
    this.sent += this.batch.length
    this.traffic.sentBytes += this.batch.length
    const bytes = this.batch.gathered()
    const keptBefore = this.socketKeeps
    // A secure socket keeps all that it is given until it is encrypted: it gets copies, of what there is and no larger.
    this.socket.write(keptBefore ? Buffer.from(bytes) : bytes)
    // nothing is queued: the kernel has copied it all, and the memory is free again
    this.socketKeeps = this.socket.writableLength > 0
    if (this.socketKeeps && !keptBefore) this.batch.replace()
    else this.batch.clear()
  }

  /** The next one after each failure. */
  private get address(): Address {
    const { addresses } = this.peer
    return present(addresses[this.failures % addresses.length], 'a peer has an address')
  }

  dial(): void {
    if (this.state === 'closed') return
    const { connectTimeout, handshakeTimeout } = this.around.limits
    const { authentication } = this.around
    const impossible = undialable(this.address, authentication?.tls)
    if (impossible !== undefined) return this.lose(impossible, 'once')
    this.state = 'connecting'
    const { socket, ready } = dialPeer(this.address, authentication?.tls)
    this.socket = socket
    this.socketKeeps = false
    this.within(connectTimeout, `no connection within ${connectTimeout} ms`)
    socket.on('connect', () => {
      if (this.socket === socket) this.within(handshakeTimeout, `no handshake within ${handshakeTimeout} ms`)
    })
    socket.on(ready, () => {
      if (this.socket !== socket) return
      if (ready === 'secureConnect') {
        const impostor = authentication?.impostor(socket, { id: this.peer.id, contact: '' })
        if (impostor !== undefined) return this.lose(`who answers there is somebody else: ${impostor}`, 'once')
      }
      this.state = 'greeting'
      this.within(handshakeTimeout, `no answer to the greeting within ${handshakeTimeout} ms`)
      const { cluster, id, diskId, protocol } = this.around.identity
      const hello = { cluster, from: id, to: this.peer.id, diskId, protocol, contact: this.around.contact() }
      socket.write(encodeGreeting({ versions, hello, channel: this.channel }))
    })
    socket.on('data', (bytes: Uint8Array) => {
      if (this.socket === socket) this.hear(bytes)
    })
    socket.on('error', (error) => {
      if (this.socket === socket) this.lose(tlsFailure(error) ?? systemFailure(error).message)
    })
    socket.on('close', () => {
      if (this.socket === socket) this.lose(this.closedByPeer)
    })
  }

  /** With TLS 1.3 the side that dials is through the handshake before the other one has seen its certificate. */
  private get closedByPeer(): string {
    const hint =
      this.address.secure && this.state === 'greeting' ? '; its log says why, perhaps for this certificate' : ''
    return `the peer closed the connection${hint}`
  }

  /** Looks for acknowledgements, and shows life on an idle connection so that a dead one is known before it is needed. */
  tick(): void {
    if (this.state !== 'open') return
    if (this.acknowledged === this.sent) {
      this.unacknowledgedTicks = 0
      if (this.sent === this.sentAtTick) this.probe()
    } else if (++this.unacknowledgedTicks >= this.around.limits.unacknowledgedTicksMax) {
      const waited = this.unacknowledgedTicks * this.around.limits.tick
      this.lose(
        `the peer has read nothing for ${waited} ms, ${this.sent - this.acknowledged} bytes are unread`,
        'on every channel',
      )
    }
    this.timeTheWay()
    this.sentAtTick = this.sent
  }

  /** The peer acknowledges a probe at once. The channel that waits behind nothing tells how far it is. */
  private timeTheWay(): void {
    if (this.channel !== 'urgent' || this.state !== 'open' || ++this.ticksUnprobed < this.around.limits.probeTicks)
      return
    this.ticksUnprobed = 0
    this.probe()
    this.probeEnd = this.sent
    this.probedAt = performance.now()
  }

  /** What is queued still goes out, if the peer takes it soon. */
  async end(): Promise<void> {
    this.flush()
    const socket = this.state === 'open' ? this.socket : undefined
    if (socket === undefined) return this.destroy()
    this.close()
    const giveUp = setTimeout(() => socket.destroy(), lingering)
    await new Promise<void>((done) => {
      socket.once('close', done)
      socket.end()
    })
    clearTimeout(giveUp)
  }

  /** At once; nothing more goes out. */
  destroy(): void {
    const socket = this.socket
    this.close()
    socket?.destroy()
  }

  /** Whatever the socket still tells is not listened to. */
  private close(): void {
    this.state = 'closed'
    if (this.channel === 'urgent') this.traffic.connected = false
    this.socket = undefined
    this.batch.clear()
    clearTimeout(this.timer)
  }

  private probe(): void {
    this.sent += frameHead
    this.traffic.sentBytes += frameHead
    this.socket?.write(new Uint8Array(frameHead))
  }

  private within(time: number, otherwise: string): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.lose(otherwise), time)
  }

  private hear(bytes: Uint8Array): void {
    try {
      if (this.heard.length > 0) bytes = Buffer.concat([this.heard, bytes])
      this.heard = this.state === 'greeting' ? this.readWelcome(bytes) : this.readReceipts(bytes)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.lose(
        `what answers there is no peer of this version: ${error.message}`,
        this.state === 'open' ? 'on every channel' : 'once',
      )
    }
  }

  private readWelcome(bytes: Uint8Array): Uint8Array {
    const read = readAnswer(bytes)
    if (read === undefined) {
      if (bytes.length > handshakeMax) throw new Malformed(`${bytes.length} bytes are no answer`)
      return bytes
    }
    const { answer } = read
    if ('refusal' in answer) {
      this.refused(answer.refusal)
      return new Uint8Array(0)
    }
    if (answer.version < versions.lowest || answer.version > versions.highest) {
      throw new Malformed(`it chose version ${answer.version} of ${versions.lowest} to ${versions.highest}`)
    }
    this.welcomed()
    return this.readReceipts(bytes.subarray(read.length))
  }

  private welcomed(): void {
    clearTimeout(this.timer)
    this.state = 'open'
    this.backoff = this.around.limits.backoffMin
    this.failures = 0
    this.reported = false
    this.sent = 0
    this.sentAtTick = 0
    this.acknowledged = 0
    this.unacknowledgedTicks = 0
    this.probedAt = undefined
    this.ticksUnprobed = this.around.limits.probeTicks
    if (this.channel !== 'urgent') return
    this.traffic.connected = true
    this.around.log.info(`connected to ${this.peer.name}`, this.fields())
    this.around.host.connected(this.peer.id)
  }

  /** The urgent channel speaks for all: three channels would tell the member, and its log, the same thing three times. */
  private refused(refusal: Refusal): void {
    this.lose(`refused (${refusal.code}): ${refusal.message}`, refusal.code === 'busy' ? 'if it lasts' : 'once')
    if (this.channel === 'urgent') this.around.host.refused(this.peer.id, refusal)
  }

  private readReceipts(bytes: Uint8Array): Uint8Array {
    const whole = bytes.length - (bytes.length % receiptLength)
    if (whole > 0) {
      const count = new Reader(bytes.subarray(whole - receiptLength, whole)).u53()
      if (count < this.acknowledged || count > this.sent) {
        throw new Malformed(`it acknowledges ${count} bytes of ${this.sent} sent, after ${this.acknowledged}`)
      }
      if (count > this.acknowledged) this.unacknowledgedTicks = 0
      this.acknowledged = count
      this.timed()
    }
    return bytes.subarray(whole)
  }

  private timed(): void {
    if (this.probedAt === undefined || this.acknowledged < this.probeEnd) return
    this.traffic.roundTrip.record((performance.now() - this.probedAt) / 1000)
    this.probedAt = undefined
  }

  /**
   * Tells the operator `once`, of the urgent channel, or `on every channel`. Members that start together miss each other
   * at first: not reaching somebody is told only `if it lasts`.
   */
  private lose(reason: string, telling: 'on every channel' | 'once' | 'if it lasts' = 'if it lasts'): void {
    const { limits, log, random } = this.around
    const working = this.state === 'open'
    if (working) this.traffic.disconnections++
    if (this.channel === 'urgent') this.traffic.connected = false
    clearTimeout(this.timer)
    this.state = 'waiting'
    const socket = this.socket
    this.socket = undefined
    socket?.destroy()
    this.batch.clear()
    this.heard = new Uint8Array(0)
    const delay = this.backoff * (0.5 + random() / 2)
    this.backoff = Math.min(this.backoff * 2, limits.backoffMax)
    this.timer = setTimeout(() => this.dial(), delay)
    this.failures++
    const due = working || telling === 'once' || this.failures >= reportedFailure
    const loud = telling === 'on every channel' || (this.channel === 'urgent' && due && !this.reported)
    this.reported ||= due
    const message = `${working ? 'lost' : 'no'} connection to ${this.peer.name}, trying again: ${reason}`
    if (loud) log.warn(message, this.fields())
    else log.debug(message, this.fields())
  }

  private fields(): object {
    const { host, port } = this.address
    return { peer: this.peer.id, channel: this.channel, address: `${host}:${port}` }
  }
}
