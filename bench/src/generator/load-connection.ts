import type { Duplex } from 'node:stream'
import { HeaderEncoder } from './header-encoder.ts'

/** What the connections share. */
export interface LoadSource {
  /** Writes the body of the next request, and answers its end; undefined: there is none left. */
  body(out: Buffer, at: number): number | undefined
  timeoutUs(): number
  answered(ms: number, isWhole: boolean): void
}

const frameHead = 9
const [data, headers, rstStream, settings, ping, goAway, windowUpdate] = [0, 1, 3, 4, 6, 7, 8]
const [endStream, ack] = [0x1, 0x1]
const endHeaders = 0x4
const window = 2 ** 30
const maxConcurrentStreams = 3
const settingBytes = 6
const blockBytesMax = 512

/** One connection that keeps so many calls in flight. It looks at no more of an answer than it must: a message, and the end. */
export class LoadConnection {
  private readonly socket: Duplex
  private readonly source: LoadSource
  private readonly streams: number
  private readonly bodyBytesMax: number
  private readonly encoder: HeaderEncoder
  private out: Buffer
  private end = 0
  private rest: Buffer = Buffer.alloc(0)
  private nextId = 1
  /** When each call in flight began; negative once its message has come. */
  private readonly began = new Map<number, number>()
  private sendWindow = 65_535
  private unreported = 0
  /** How many calls the server takes at once. None before it has said so: beyond its limit it would refuse them. */
  private streamsMax = 0
  /** Calls that wait for the server's window, or for one of its streams: when each was due. */
  private readonly owed: number[] = []
  private again = false
  dataBytes = 0
  failure: string | undefined

  constructor(
    socket: Duplex,
    source: LoadSource,
    {
      path,
      authority,
      streams,
      bodyBytesMax,
    }: { path: string; authority: string; streams: number; bodyBytesMax: number },
  ) {
    this.socket = socket
    this.source = source
    this.streams = streams
    this.bodyBytesMax = bodyBytesMax
    this.encoder = new HeaderEncoder([
      [':path', path],
      [':authority', authority],
      ['content-type', 'application/grpc'],
      ['user-agent', 'synod-bench'],
      ['te', 'trailers'],
    ])
    this.out = Buffer.alloc(64 * 1024)
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    this.frame(6, settings, 0, 0)
    this.end = this.out.writeUInt16BE(4, this.end) // INITIAL_WINDOW_SIZE
    this.end = this.out.writeUInt32BE(window, this.end)
    this.widen(window)
    this.send()
    socket.on('data', (bytes: Buffer) => this.hear(bytes))
  }

  /** Closed loop: so many calls from now on, and a next one whenever one is answered. */
  begin(): void {
    this.again = true
    this.call(this.streams)
  }

  /** So many calls more, as soon as the server allows it. Their time runs from now on, also while they wait for that. */
  call(count: number): void {
    const now = performance.now()
    for (let i = 0; i < count; i++) this.owed.push(now)
    this.ask()
    this.send()
  }

  private ask(): void {
    while (this.sendWindow >= this.bodyBytesMax && this.began.size < this.streamsMax) {
      const due = this.owed.shift()
      if (due === undefined) return
      this.reserve(2 * frameHead + blockBytesMax + this.bodyBytesMax)
      const { out } = this
      const head = this.end
      const body = head + frameHead + blockBytesMax
      // the body first, aside: without one there is no call
      const bodyEnd = this.source.body(out, body)
      if (bodyEnd === undefined) {
        this.owed.length = 0
        return
      }
      const id = this.nextId
      this.nextId += 2
      const blockEnd = this.encoder.write(out, head + frameHead, this.source.timeoutUs())
      const length = bodyEnd - body
      this.frame(blockEnd - head - frameHead, headers, endHeaders, id)
      this.end = blockEnd
      this.frame(length, data, endStream, id)
      out.copyWithin(this.end, body, bodyEnd)
      this.end += length
      this.sendWindow -= length
      this.began.set(id, due)
    }
  }

  private hear(bytes: Buffer): void {
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes])
    let at = 0
    while (all.length - at >= frameHead) {
      const length = all.readUIntBE(at, 3)
      if (all.length - at < frameHead + length) break
      this.take(all[at + 3] ?? 0, all[at + 4] ?? 0, all.readUInt32BE(at + 5), all, at + frameHead, length)
      at += frameHead + length
    }
    this.rest = at === all.length ? Buffer.alloc(0) : all.subarray(at)
    this.ask()
    this.send()
  }

  private take(type: number, flags: number, id: number, bytes: Buffer, at: number, length: number): void {
    if (type === data) this.message(id, length)
    if ((type === data || type === headers) && (flags & endStream) !== 0) return this.over(id)
    if (type === rstStream) return this.over(id)
    if (type === windowUpdate && id === 0) this.sendWindow += bytes.readUInt32BE(at)
    if (type === settings && (flags & ack) === 0) {
      this.obey(bytes.subarray(at, at + length))
      this.frame(0, settings, ack, 0)
    }
    if (type === goAway) this.failure = `the server went away: HTTP/2 error ${bytes.readUInt32BE(at + 4)}`
    if (type === ping && (flags & ack) === 0) {
      this.frame(length, ping, ack, 0)
      this.reserve(length)
      this.end += bytes.copy(this.out, this.end, at, at + length)
    }
  }

  /** A server that names no limit has none (RFC 9113, §6.5.2). */
  private obey(list: Buffer): void {
    if (this.streamsMax === 0) this.streamsMax = Number.POSITIVE_INFINITY
    for (let at = 0; at < list.length; at += settingBytes) {
      if (list.readUInt16BE(at) === maxConcurrentStreams) this.streamsMax = list.readUInt32BE(at + 2)
    }
  }

  private message(id: number, length: number): void {
    this.dataBytes += length
    this.unreported += length
    const began = this.began.get(id)
    if (began !== undefined && began > 0 && length > 0) this.began.set(id, -began)
    if (this.unreported < window / 4) return
    this.widen(this.unreported)
    this.unreported = 0
  }

  private over(id: number): void {
    const began = this.began.get(id)
    if (began === undefined) return
    this.began.delete(id)
    const now = performance.now()
    this.source.answered(now - Math.abs(began), began < 0)
    if (this.again) this.owed.push(now)
  }

  private widen(by: number): void {
    this.frame(4, windowUpdate, 0, 0)
    this.end = this.out.writeUInt32BE(by, this.end)
  }

  private frame(length: number, type: number, flags: number, id: number): void {
    this.reserve(frameHead + 64)
    this.out.writeUIntBE(length, this.end, 3)
    this.out[this.end + 3] = type
    this.out[this.end + 4] = flags
    this.end = this.out.writeUInt32BE(id, this.end + 5)
  }

  private reserve(more: number): void {
    if (this.end + more <= this.out.length) return
    const larger = Buffer.alloc(2 * (this.end + more))
    this.out.copy(larger, 0, 0, this.end)
    this.out = larger
  }

  /** One write for all that a read led to. */
  private send(): void {
    if (this.end === 0) return
    this.socket.write(this.out.subarray(0, this.end))
    // what the kernel has not taken yet still needs its bytes
    if (this.socket.writableLength > 0) this.out = Buffer.alloc(this.out.length)
    this.end = 0
  }
}
