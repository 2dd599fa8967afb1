import { Socket } from 'node:net'
import type { Shared } from '../../packages/synod/src/grpc/answering.ts'
import { Counts } from '../../packages/synod/src/grpc/counters.ts'
import { Flag, FrameType, Setting } from '../../packages/synod/src/grpc/frames.ts'
import { defaultLimits } from '../../packages/synod/src/grpc/limits.ts'
import {
  block,
  frame,
  message,
  number,
  open,
  request,
  setting,
  settings,
} from '../../packages/synod/src/grpc/raw-client.ts'
import { Routes, type Route } from '../../packages/synod/src/grpc/routes.ts'
import { ServerConnection } from '../../packages/synod/src/grpc/server-connection.ts'
import { Turn } from '../../packages/synod/src/grpc/turn.ts'
import type { Unary } from '../../packages/synod/src/grpc/index.ts'
import { joined, mutate, type Draw } from './draw.ts'
import { check, type Target } from './target.ts'

/** A socket that takes bytes as it likes. */
class FakeSocket extends Socket {
  override readonly remoteAddress = '192.0.2.1'
  override readonly remotePort = 1
  override destroyed = false
  override writableEnded = false
  override writableLength = 0
  paused = false
  isStuck = false
  readonly written: Uint8Array[] = []

  override write(bytes: Uint8Array | string): boolean {
    check(!this.destroyed && !this.writableEnded, 'nothing is written after the end')
    this.written.push(Buffer.from(bytes))
    if (this.isStuck) this.writableLength += bytes.length
    return !this.isStuck
  }

  loosen(): void {
    this.isStuck = false
    if (this.writableLength === 0) return
    this.writableLength = 0
    this.emit('drain')
  }

  override pause(): this {
    this.paused = true
    return this
  }

  override resume(): this {
    this.paused = false
    return this
  }

  override end(): this {
    this.writableEnded = true
    return this
  }

  override destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.emit('close')
    return this
  }

  /** Time does not pass here. */
  override setTimeout(): this {
    return this
  }
}

/** A server around one connection, whose turns end when the fuzzer says so. */
class World implements Shared {
  readonly kept: Unary[] = []
  readonly defects: unknown[] = []
  readonly limits = {
    ...defaultLimits,
    concurrentStreamsMax: 20,
    messageBytesMax: 10_000,
    partialBytesMax: 40_000,
    backlogBytesMax: 20_000,
    unsentBytesMax: 25_000,
    unreadBytesMax: 400_000,
    streamUnsentBytesMax: 5000,
  }
  partialBytes = 0
  private readonly waiting: (() => void)[] = []
  readonly turn = new Turn((run) => void this.waiting.push(run))
  readonly log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (text: string, fields?: object) => void this.defects.push(text, fields),
  }
  readonly routes: Routes
  readonly counts: Counts

  constructor(draw: Draw) {
    const routes: [string, Route][] = [
      ['/t.T/Echo', { unary: (call, sent) => call.respond(sent) }],
      ['/t.T/Keep', { unary: (call) => void this.kept.push(call) }],
      ['/t.T/Fail', { unary: (call) => call.fail(9, 'no', { why: 'because' }) }],
      ['/t.T/Large', { unary: (call) => call.respond(new Uint8Array(30_000)) }],
      [
        '/t.S/Echo',
        {
          stream: (call) => ({
            message(sent) {
              call.send(sent)
              if (draw.chance(0.1)) call.pause()
              if (draw.chance(0.05)) call.end()
            },
            halfClosed: () => call.end(),
            writable: () => call.resume(),
          }),
        },
      ],
      [
        '/t.S/Flood',
        {
          stream(call) {
            const go = (): void => {
              for (let i = 0; i < 50; i++) if (!call.send(new Uint8Array(1000))) return
              call.fail(8, 'enough')
            }
            return { message: go, writable: go }
          },
        },
      ],
    ]
    this.routes = new Routes(new Map(routes))
    this.counts = new Counts(this.routes.counts)
  }

  relieve(): void {
    // One client alone is bounded by its own limit.
  }

  closed(): void {
    // Nobody waits for it.
  }

  endTurn(): void {
    for (const run of this.waiting.splice(0)) run()
  }
}

const paths = ['/t.T/Echo', '/t.T/Keep', '/t.T/Fail', '/t.T/Large', '/t.S/Echo', '/t.S/Flood', '/t.T/Nope', '/']
const messages = joined(message, message, Uint8Array.of(0, 0, 0, 0, 0))

/** Frames that a client might send, in an order that it might not. */
function saying(draw: Draw): Uint8Array {
  const id = 1 + 2 * draw.below(12)
  const flags = draw.chance(0.5) ? Flag.endStream : 0
  switch (draw.below(14)) {
    case 0:
      return request(id, draw.of(paths))
    case 1:
    case 2:
      return open(id, draw.of(paths), flags)
    case 3:
    case 4:
      return frame(FrameType.data, flags, id, messages.subarray(0, draw.below(messages.length + 1)))
    case 5:
      return frame(FrameType.rstStream, 0, id, number(draw.below(14)))
    case 6:
      return frame(FrameType.windowUpdate, 0, draw.chance(0.5) ? 0 : id, number(draw.below(100_000)))
    case 7: {
      const which = draw.of(Object.values(Setting))
      return frame(FrameType.settings, 0, 0, setting(which, draw.below(draw.of([3, 70_000]))))
    }
    case 8:
      return frame(FrameType.ping, draw.chance(0.5) ? Flag.ack : 0, 0, draw.bytes(8))
    case 9: {
      const whole = block(draw.of(paths), [['x', 'y'.repeat(draw.below(100))]])
      const cut = draw.below(whole.length)
      const first = frame(FrameType.headers, flags, id, whole.subarray(0, cut))
      return joined(first, frame(FrameType.continuation, Flag.endHeaders, id, whole.subarray(cut)))
    }
    case 10:
      return frame(FrameType.headers, Flag.endHeaders | Flag.endStream, id, Uint8Array.of(0, 1, 120, 1, 121))
    case 11:
      return frame(draw.below(12), draw.below(256), draw.below(20), draw.bytes(draw.below(30)))
    case 12: {
      const large = joined(Uint8Array.of(0, 0, 0, 0x20, 0), new Uint8Array(8192))
      return joined(open(id, draw.of(paths)), frame(FrameType.data, flags, id, large))
    }
    default:
      return frame(FrameType.goaway, 0, 0, joined(number(0), number(0)))
  }
}

function checkFrames(written: readonly Uint8Array[]): void {
  const bytes = Buffer.concat(written)
  let at = 0
  while (at + 9 <= bytes.length) at += 9 + bytes.readUIntBE(at, 3)
  check(at === bytes.length, 'what is sent consists of whole frames')
}

/** One connection from its first frame to its end: cut anywhere, on a socket that is stuck at times. */
export const http2: Target = {
  about: 'frames and whole connections: valid ones edited, and bytes that are none, in any cuts',
  input(draw) {
    if (draw.chance(0.05)) return draw.bytes(draw.below(300))
    const conversation = Array.from({ length: 1 + draw.below(30) }, () => saying(draw))
    const script = joined(settings, ...conversation)
    return draw.chance(0.4) ? script : mutate(draw, script, conversation)
  },
  run(input, draw) {
    const world = new World(draw)
    const socket = new FakeSocket()
    const connection = new ServerConnection(socket, world)
    let now = performance.now()
    for (let at = 0; at < input.length;) {
      const to = Math.min(input.length, at + 1 + draw.below(draw.of([3, 40, 2000])))
      socket.isStuck = draw.chance(0.1)
      // What is read is reused by the reader as soon as it returns.
      const chunk = Buffer.from(input.subarray(at, to))
      connection.receive(chunk)
      chunk.fill(0xee)
      if (draw.chance(0.3)) world.endTurn()
      if (draw.chance(0.2)) world.kept.pop()?.respond(draw.bytes(draw.below(20)))
      if (draw.chance(0.05)) connection.tick((now += draw.below(5000)))
      if (draw.chance(0.01)) connection.drain()
      if (draw.chance(0.3)) socket.loosen()
      at = to
    }
    world.endTurn()
    socket.loosen()
    world.endTurn()
    check(!socket.paused || socket.destroyed, 'a socket that takes bytes is read')
    if (draw.chance(0.3)) connection.dismiss()
    socket.destroy()
    check(world.defects.length === 0, `no defect, but ${JSON.stringify(world.defects, errorText)}`)
    checkFrames(socket.written)
    check(world.counts.streamsOpen === 0, `no stream is left, but ${world.counts.streamsOpen}`)
    check(world.partialBytes === 0, `no byte is left counted, but ${world.partialBytes}`)
  },
}

function errorText(_: string, value: unknown): unknown {
  return value instanceof Error ? value.stack : value
}
