import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Channel, Halt, Hello, Host, Introduction, Logger, NodeId, Refusal } from '../../../core/index.ts'
import { writeContact } from '../../../member/index.ts'
import { GuardedHost } from '../../guarded-host.ts'
import { FrameBatch } from '../frames.ts'
import { encodeAnswer, encodeGreeting, type Greeting, readGreeting, readGreetingHead, versions } from '../handshake.ts'
import type { TransportLimits } from '../peer.ts'
import { Transport } from '../transport.ts'

export const cluster = '0123456789abcdef'

/** What a test has opened; closed in reverse when it is over. */
export const endings: (() => Promise<void> | void)[] = []

export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).toReversed()) await end()
}

/** Writes down what it is told; welcomes members of its cluster. */
export class Listener implements Host {
  frames: { from: NodeId; bytes: Uint8Array }[] = []
  greetings: Hello[] = []
  refusals: Refusal[] = []
  connections: NodeId[] = []
  welcome: Host['greeted'] = (_, answer) => answer(undefined)

  alarm(): void {}
  flush(): void {}
  arrived(from: NodeId, bytes: Uint8Array): void {
    this.frames.push({ from, bytes })
  }
  greeted(hello: Hello, answer: (refusal: Refusal | undefined) => void): void {
    this.greetings.push(hello)
    this.welcome(hello, answer)
  }
  refused(_: NodeId, refusal: Refusal): void {
    this.refusals.push(refusal)
  }
  connected(to: NodeId): void {
    this.connections.push(to)
  }
  introduction: Introduction | undefined
  introduce(): Introduction | undefined {
    return this.introduction
  }
}

export interface Node {
  listener: Listener
  transport: Transport
  port: number
  warnings: string[]
  halts: Halt[]
}

export async function start(
  id: NodeId,
  peers: Readonly<Record<NodeId, number>> = {},
  limits: Partial<TransportLimits> = {},
  port = 0,
): Promise<Node> {
  const listener = new Listener()
  const warnings: string[] = []
  const halts: Halt[] = []
  const quiet = (): void => {}
  const log: Logger = { debug: quiet, info: quiet, warn: (message) => warnings.push(message), error: quiet }
  const host = new GuardedHost((halt) => halts.push(halt))
  host.bind(listener)
  const transport = new Transport({
    host,
    log,
    random: () => 0.5,
    listen: { host: '127.0.0.1', port },
    limits: { backoffMin: 5, backoffMax: 20, ...limits },
  })
  endings.push(() => transport.close())
  transport.reconfigure(reached(peers))
  const identity = { cluster, id, diskId: `disk-${id}`, protocol: 'raft' }
  return { listener, transport, warnings, halts, port: await transport.start(identity) }
}

/** What a membership says of peers on these ports. */
export function reached(peers: Readonly<Record<NodeId, number>>): Record<NodeId, string> {
  const contacts = Object.entries(peers).map(([peer, port]) => {
    return [peer, writeContact({ name: peer, peerUrls: [`http://127.0.0.1:${port}`] })] as const
  })
  return Object.fromEntries(contacts)
}

/** A peer that is only sockets: welcomes every channel, and reads only while it likes to. */
export class RawPeer {
  readonly server: Server
  readonly channels: Partial<Record<Channel, Socket>> = {}
  readonly received: Record<Channel, number> = { urgent: 0, bulk: 0, snapshot: 0 }
  constructor() {
    this.server = createServer((socket) => {
      let heard: Uint8Array = new Uint8Array(0)
      let channel: Channel | undefined
      socket.on('error', () => {})
      socket.on('data', (bytes: Uint8Array) => {
        if (channel !== undefined) {
          this.received[channel] += bytes.length
          return
        }
        heard = Buffer.concat([heard, bytes])
        const head = readGreetingHead(heard)
        if (head === undefined || heard.length < head.length) return
        channel = readGreeting(heard, head).channel
        this.channels[channel] = socket
        socket.write(encodeAnswer({ version: versions.highest }))
      })
    })
  }

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    endings.push(() => {
      for (const socket of Object.values(this.channels)) socket.destroy()
      this.server.close()
    })
    const address = this.server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }
}

/** A dialer that is only a socket. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  endings.push(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

export function greeting(changes: Partial<Greeting> = {}): Uint8Array {
  const hello = { cluster, from: 'x', to: 'a', diskId: 'disk-x', protocol: 'raft', contact: '' }
  return encodeGreeting({ versions, hello, channel: 'urgent', ...changes })
}

export function frame(...bytes: number[]): Uint8Array {
  const batch = new FrameBatch()
  batch.add([Uint8Array.from(bytes)], bytes.length)
  return batch.gathered()
}
