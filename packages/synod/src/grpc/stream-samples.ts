/** Handlers and clients of streams, for tests. */
import type { CallOptions, ClientStream, GrpcChannel, GrpcError, Route, Streaming, StreamHandler } from './index.ts'
import { number } from './raw-client.ts'

/** What has not come by then hangs. Mutants make tests hang, and have to be caught within ten seconds. */
const patienceMs = 5000

export const mebibyte: number = 1024 * 1024

export function numberIn(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt32BE()
}

/** What the handlers of one server saw. */
export class Handlers {
  readonly seen: string[] = []
  readonly calls: Streaming[] = []
  readonly taken: number[] = []
  mostUnsent = 0
  readonly routes: Map<string, Route> = new Map<string, Route>([
    ['/t.S/Count', { stream: (call) => this.count(call) }],
    ['/t.S/Sum', { stream: (call) => this.sum(call) }],
    ['/t.S/Echo', { stream: (call) => this.echo(call) }],
    ['/t.S/Hold', { stream: (call) => this.hold(call) }],
    ['/t.S/Megabytes', { stream: (call) => this.megabytes(call) }],
    [
      '/t.S/Throw',
      {
        stream: () => ({
          message: () => {
            throw new Error('a defect')
          },
        }),
      },
    ],
    ['/t.S/Unary', { unary: (call, message) => call.respond(message) }],
  ])

  private count(call: Streaming): StreamHandler {
    return {
      message(message) {
        for (let i = 0; i < numberIn(message); i++) call.send(number(i))
        call.end({ counted: 'yes' })
      },
    }
  }

  private sum(call: Streaming): StreamHandler {
    let total = 0
    return {
      message: (message) => void (total += numberIn(message)),
      halfClosed: () => {
        call.send(number(total))
        call.end()
      },
    }
  }

  private echo(call: Streaming): StreamHandler {
    return {
      message: (message) => {
        if (message.length === 3) call.fail(9, 'three bytes')
        else call.send(message)
      },
      halfClosed: () => call.end(),
      cancelled: () => void this.seen.push('cancelled'),
    }
  }

  private hold(call: Streaming): StreamHandler {
    this.calls.push(call)
    call.pause()
    return {
      message: (message) => void this.taken.push(message.length),
      halfClosed: () => void this.seen.push('half closed'),
      cancelled: () => void this.seen.push('cancelled'),
    }
  }

  /** As many as the message says, at the pace of the client. */
  private megabytes(call: Streaming): StreamHandler {
    let left = 0
    const go = (): void => {
      while (left > 0) {
        left--
        const more = call.send(new Uint8Array(mebibyte))
        this.mostUnsent = Math.max(this.mostUnsent, call.unsentBytes)
        if (!more) return
      }
      call.end()
    }
    return {
      message(message) {
        left = numberIn(message)
        go()
      },
      writable: go,
    }
  }
}

interface Outcome {
  readonly error: GrpcError | undefined
  readonly trailers: ReadonlyMap<string, string>
}

export interface Opened {
  readonly stream: ClientStream
  readonly messages: Buffer[]
  writable(): number
  until(condition: () => boolean): Promise<void>
  ended(): Promise<Outcome>
}

/** A stream and everything that came of it. */
export function open(channel: GrpcChannel, path: string, options: CallOptions = {}): Opened {
  const messages: Buffer[] = []
  const waiting: (() => void)[] = []
  const tell = (): void => {
    for (const run of waiting.splice(0)) run()
  }
  let writable = 0
  const outcomes: Outcome[] = []
  const stream = channel.stream(
    path,
    {
      message(message) {
        messages.push(Buffer.from(message))
        tell()
      },
      writable() {
        writable++
        tell()
      },
      ended(error, trailers) {
        outcomes.push({ error, trailers })
        tell()
      },
    },
    options,
  )
  const until = async (condition: () => boolean): Promise<void> => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      tell()
    }, patienceMs)
    while (!condition()) {
      if (isLate) throw new Error('what was waited for does not come')
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    clearTimeout(timer)
  }
  return {
    stream,
    messages,
    writable: () => writable,
    until,
    async ended() {
      await until(() => outcomes.length > 0)
      const [outcome, second] = outcomes
      if (outcome === undefined || second !== undefined) throw new Error('a stream ends once')
      return outcome
    },
  }
}

export async function eventually(condition: () => boolean): Promise<void> {
  const since = performance.now()
  while (!condition()) {
    if (performance.now() - since >= patienceMs) throw new Error('what was waited for does not come')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
