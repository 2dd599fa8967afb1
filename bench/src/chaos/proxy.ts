import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * The network between the members, as one process that can cut and slow it down. Every member listens behind one port
 * of its own here, and the others know it by that port only. Who dials is read from the greeting that opens every
 * connection between peers (docs/formats.md), so each direction between two members can be broken alone.
 *
 * A cut is a cut cable, not a closed connection: bytes stay where they are and arrive when it is mended, as TCP would
 * send them again; neither side is told anything.
 */
export class Network {
  private readonly directions = new Map<string, Direction>()
  private readonly pipes = new Set<Pipe>()
  private readonly servers: Server[] = []
  private readonly names = new Map<string, string>()

  /** Opens the port by which the others know the member `name`, which itself listens at `target`. */
  async listen(name: string, target: { readonly host: string; readonly port: number }): Promise<number> {
    const server = createServer((dialer) => this.accept(name, target, dialer))
    this.servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error(`the port of ${name} has no address`)
    return address.port
  }

  /** Peers greet with ids; faults are told in names. */
  introduce(id: string, name: string): void {
    this.names.set(id, name)
  }

  /** Nothing goes from one to the other any more; the way back is another direction. */
  cut(from: string, to: string): void {
    this.direction(from, to).cut = true
  }

  /** Everything takes so much longer, in order. */
  delay(from: string, to: string, delayMs: number): void {
    this.direction(from, to).delayMs = delayMs
  }

  /** Mends everything: what was held leaves now. */
  heal(): void {
    for (const direction of this.directions.values()) {
      direction.cut = false
      direction.delayMs = 0
    }
    for (const pipe of this.pipes) pipe.pump()
  }

  /** Breaks every connection, as a router that restarts does. */
  reset(): void {
    for (const pipe of this.pipes) pipe.destroy()
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.pipes.size / 2
  }

  async close(): Promise<void> {
    this.reset()
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  private direction(from: string, to: string): Direction {
    const name = `${from}>${to}`
    const known = this.directions.get(name) ?? { cut: false, delayMs: 0 }
    this.directions.set(name, known)
    return known
  }

  private accept(to: string, target: { readonly host: string; readonly port: number }, dialer: Socket): void {
    let greeting: Buffer = Buffer.alloc(0)
    dialer.setNoDelay(true)
    dialer.on('error', () => dialer.destroy())
    const listen = (chunk: Buffer): void => {
      greeting = Buffer.concat([greeting, chunk])
      const id = sender(greeting)
      if (id === undefined) return
      dialer.off('data', listen)
      dialer.pause()
      this.join(this.names.get(id) ?? id, to, dialer, connect(target.port, target.host), greeting)
    }
    dialer.on('data', listen)
  }

  /** Two pipes, one for each way; when one of the two sockets is gone, so is the other. */
  private join(from: string, to: string, dialer: Socket, listener: Socket, greeting: Buffer): void {
    listener.setNoDelay(true)
    const there = new Pipe(dialer, listener, this.direction(from, to))
    const back = new Pipe(listener, dialer, this.direction(to, from))
    for (const pipe of [there, back]) this.pipes.add(pipe)
    for (const socket of [dialer, listener]) {
      socket.on('error', () => socket.destroy())
      socket.once('close', () => {
        for (const pipe of [there, back]) {
          pipe.destroy()
          this.pipes.delete(pipe)
        }
      })
    }
    there.push(greeting)
  }
}

/** What may go wrong on the way from one member to another. */
interface Direction {
  cut: boolean
  delayMs: number
}

/** A connection that holds more than this stops reading, and its sender feels it as a full window. */
const heldBytesMax = 1024 * 1024

/** One way of one connection: chunks in order, each with the instant at which it may leave. */
class Pipe {
  private readonly source: Socket
  private readonly sink: Socket
  private readonly direction: Direction
  private readonly held: { readonly chunk: Buffer; readonly due: number }[] = []
  private heldBytes = 0
  private ended = false
  private timer: NodeJS.Timeout | undefined

  constructor(source: Socket, sink: Socket, direction: Direction) {
    this.source = source
    this.sink = sink
    this.direction = direction
    source.on('data', (chunk: Buffer) => this.push(chunk))
    source.on('end', () => {
      this.ended = true
      this.pump()
    })
    sink.on('drain', () => this.pump())
  }

  push(chunk: Buffer): void {
    this.held.push({ chunk, due: performance.now() + this.direction.delayMs })
    this.heldBytes += chunk.length
    this.pump()
  }

  /** Lets out what may leave, and reads on if there is room. */
  pump(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    while (!this.direction.cut && !this.sink.writableNeedDrain) {
      const next = this.held[0]
      if (next === undefined) break
      // a chunk that was taken in before the delay was lifted need not wait for it
      const wait = this.direction.delayMs === 0 ? 0 : next.due - performance.now()
      if (wait > 0) {
        this.timer = setTimeout(() => this.pump(), wait)
        break
      }
      this.held.shift()
      this.heldBytes -= next.chunk.length
      this.sink.write(next.chunk)
    }
    if (this.ended && this.held.length === 0) this.sink.end()
    if (this.direction.cut || this.heldBytes > heldBytesMax) this.source.pause()
    else this.source.resume()
  }

  destroy(): void {
    clearTimeout(this.timer)
    this.source.destroy()
    this.sink.destroy()
  }
}

const greetingMax = 2048

/**
 * The id that a peer greets with: magic, two versions, a length, then texts of which the first is the cluster and the
 * second the sender. `undefined`: more bytes are needed. What is no greeting is passed on as from nobody.
 */
function sender(bytes: Buffer): string | undefined {
  if (bytes.length >= 4 && bytes.toString('latin1', 0, 4) !== 'SYNP') return ''
  const cluster = 16
  if (bytes.length < cluster + 4) return undefined
  const from = cluster + 4 + bytes.readUInt32LE(cluster)
  if (from > greetingMax) return ''
  if (bytes.length < from + 4) return undefined
  const length = bytes.readUInt32LE(from)
  if (length > greetingMax) return ''
  return bytes.length < from + 4 + length ? undefined : bytes.toString('utf8', from + 4, from + 4 + length)
}
