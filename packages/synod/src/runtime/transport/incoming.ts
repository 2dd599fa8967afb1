import type { Socket } from 'node:net'
import { type Channel, Malformed, type NodeId, type Refusal, Writer } from '../../core/index.ts'
import { FrameReader } from './frames.ts'
import {
  commonVersion,
  encodeAnswer,
  type Greeting,
  handshakeMax,
  readGreeting,
  readGreetingHead,
  versions,
} from './handshake.ts'
import { encodeIntroduction, isQuestion } from './introduction.ts'
import { receiptLength } from './outgoing.ts'
import type { Surroundings } from './peer.ts'

/** What an incoming connection tells the transport that accepted it. */
export interface Reception {
  /** Takes the place of an older connection of the same peer and channel. */
  welcomed(incoming: Incoming): void
  closed(incoming: Incoming): void
  /** Something about a stranger that an operator may want to know; strangers cannot flood the log. */
  complain(message: string, fields: { readonly from: NodeId | undefined }): void
  /** The number of this turn; `paused` connections are resumed when the next one begins. */
  turn(): number
  paused(incoming: Incoming): void
}

/** How a greeting of TLS begins (RFC 8446 §5.1). */
const tlsHandshake = 22

type State = 'greeting' | 'asked' | 'open' | 'refused' | 'closed'

/** One connection that a peer dialed: it greets, is answered, and from then on only sends. */
export class Incoming {
  /** Known from the greeting on. */
  from: NodeId | undefined
  channel: Channel | undefined
  private readonly socket: Socket
  private readonly around: Surroundings
  private readonly reception: Reception
  private readonly frames = new FrameReader()
  private state: State = 'greeting'
  private timer: NodeJS.Timeout | undefined
  private heard: Uint8Array = new Uint8Array(0)
  private received = 0
  private acknowledged = 0
  private receivedAtTick = 0
  private silentTicks = 0
  private turn = 0
  private handedInTurn = 0

  constructor(socket: Socket, around: Surroundings, reception: Reception) {
    this.socket = socket
    this.around = around
    this.reception = reception
    const { handshakeTimeout } = around.limits
    this.timer = setTimeout(() => this.reject(`not welcomed within ${handshakeTimeout} ms`), handshakeTimeout)
    socket.on('data', (bytes: Uint8Array) => this.hear(bytes))
    // 'close' follows, and a peer that went away is its own dialer's business
    socket.on('error', (error) => around.log.debug(`a connection broke: ${error.message}`, this.fields()))
    socket.on('close', () => this.destroy())
  }

  get welcome(): boolean {
    return this.state === 'open'
  }

  destroy(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    clearTimeout(this.timer)
    this.socket.destroy()
    this.reception.closed(this)
  }

  resume(): void {
    if (this.state !== 'closed') this.socket.resume()
  }

  /** Acknowledges what was read since the last tick. */
  tick(): void {
    if (this.state !== 'open') return
    this.silentTicks = this.received === this.receivedAtTick ? this.silentTicks + 1 : 0
    this.receivedAtTick = this.received
    if (this.silentTicks >= this.around.limits.silentTicksMax) {
      this.around.log.debug('a peer fell silent', this.fields())
      return this.destroy()
    }
    this.acknowledge()
  }

  private acknowledge(): void {
    // a peer that does not read its receipts gets no more of them
    if (this.received === this.acknowledged || this.socket.writableLength > 0) return
    const receipt = new Writer(receiptLength)
    receipt.u53(this.received)
    this.socket.write(receipt.control)
    this.acknowledged = this.received
  }

  /** The transport needs the place, or the peer breaks the rules. */
  reject(reason: string): void {
    if (this.state === 'closed') return
    this.reception.complain(`a connection to the peer address was closed: ${reason}`, this.fields())
    this.destroy()
  }

  private hear(bytes: Uint8Array): void {
    try {
      if (this.state === 'greeting') this.readGreeting(bytes)
      else if (this.state === 'asked') throw new Malformed(`${bytes.length} bytes came before the welcome`)
      else if (this.state === 'open') this.readFrames(bytes)
      // what a refused peer says is read and dropped: closing over unread bytes would take the refusal back
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.reject(error.message)
    }
  }

  private readGreeting(bytes: Uint8Array): void {
    const heard = Buffer.concat([this.heard, bytes.subarray(0, handshakeMax + 1)])
    this.heard = heard
    if (heard[0] === tlsHandshake) throw new Malformed('it speaks TLS, and this member is reached by http://')
    const asks = isQuestion(heard)
    if (asks === true) return this.introduce()
    if (asks === undefined) return
    const head = readGreetingHead(heard)
    if (head === undefined) return
    if (commonVersion(head.versions, versions) === undefined) {
      const theirs = `${head.versions.lowest} to ${head.versions.highest}`
      const message = `you speak versions ${theirs} of the peer protocol and I speak ${versions.lowest} to ${versions.highest}: upgrade the older of us, one release at a time`
      return this.refuse({ code: 'version', message })
    }
    if (heard.length < head.length) return
    if (heard.length > head.length) throw new Malformed('something follows the greeting before the welcome')
    this.greeted(readGreeting(heard, head))
  }

  /** Whoever wants to join asks who takes part, and goes. */
  private introduce(): void {
    this.state = 'refused'
    this.socket.end(encodeIntroduction(this.around.host.introduce()))
  }

  private greeted(greeting: Greeting): void {
    this.heard = new Uint8Array(0)
    this.state = 'asked'
    this.from = greeting.hello.from
    this.channel = greeting.channel
    const version = commonVersion(greeting.versions, versions) ?? versions.lowest
    const { from: id, contact } = greeting.hello
    const impostor = this.around.gatekeeper?.impostor(this.socket, { id, contact })
    if (impostor !== undefined) return this.refuse({ code: 'wrong-certificate', message: impostor })
    this.around.host.greeted(greeting.hello, (refusal) => {
      // answered twice, or too late: the peer is gone or was timed out
      if (this.state !== 'asked') return
      if (refusal !== undefined) return this.refuse(refusal)
      clearTimeout(this.timer)
      this.state = 'open'
      this.socket.write(encodeAnswer({ version }))
      this.reception.welcomed(this)
    })
  }

  private refuse(refusal: Refusal): void {
    this.reception.complain(`a peer was refused (${refusal.code}): ${refusal.message}`, this.fields())
    this.state = 'refused'
    this.socket.end(encodeAnswer({ refusal }))
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.destroy(), this.around.limits.connectTimeout)
  }

  private readFrames(bytes: Uint8Array): void {
    this.received += bytes.length
    const from = this.from ?? ''
    this.around.traffic.of(from).receivedBytes += bytes.length
    const { probes } = this.frames
    this.frames.push(bytes, (frame) => this.around.host.arrived(from, frame))
    // at once: the peer may be timing the way
    if (this.frames.probes > probes) this.acknowledge()
    const turn = this.reception.turn()
    if (turn !== this.turn) {
      this.turn = turn
      this.handedInTurn = 0
    }
    this.handedInTurn += bytes.length
    if (this.handedInTurn < this.around.limits.turnBytesMax) return
    this.socket.pause()
    this.reception.paused(this)
  }

  private fields(): {
    readonly from: NodeId | undefined
    readonly channel: Channel | undefined
    readonly address: string
  } {
    return { from: this.from, channel: this.channel, address: `${this.socket.remoteAddress}:${this.socket.remotePort}` }
  }
}
