import { readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { LoadConnection, type LoadSource } from './load-connection.ts'
import type { GeneratorPlan, GeneratorResult } from './plan.ts'

/** A process of its own: what it measures shares no thread with it. */
async function run(plan: GeneratorPlan): Promise<GeneratorResult> {
  const bodies = bodiesOf(plan)
  const latencies = new Float64Array(plan.requests)
  let [asked, answered, failed] = [0, 0, 0]
  let finished: (() => void) | undefined
  const source: LoadSource = {
    body: (out, at) => (asked++ < plan.requests ? bodies.write(out, at) : undefined),
    // between 4.1 and 5 seconds, and hardly ever the same twice in a row
    timeoutUs: () => 4_100_000 + ((asked * 7919) % 900_000),
    answered: (ms, isWhole) => {
      latencies[answered++] = ms
      if (!isWhole) failed++
      if (answered === plan.requests) finished?.()
    },
  }
  const connections: LoadConnection[] = []
  const shape = {
    path: plan.path,
    authority: `127.0.0.1:${plan.port}`,
    streams: plan.streams,
    bodyBytesMax: bodies.length,
  }
  let lost: (why: string) => void = () => {}
  const over = new Promise<void>((resolve, reject) => {
    finished = resolve
    lost = (why) => reject(new Error(why))
  })
  for (let i = 0; i < plan.connections; i++) {
    const socket = await connected(plan, lost)
    const connection = new LoadConnection(socket, source, shape)
    socket.on('close', () => lost(connection.failure ?? 'a connection was closed'))
    connections.push(connection)
  }
  const began = performance.now()
  const cpuBefore = process.cpuUsage()
  if (plan.rate === undefined) for (const connection of connections) connection.begin()
  else callAtRate(connections, plan.rate, plan.requests)
  await over
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  latencies.sort()
  return {
    requestsPerSecond: plan.requests / seconds,
    p50Ms: latencies[Math.floor(0.5 * plan.requests)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(0.99 * plan.requests)] ?? Number.NaN,
    dataBytes: connections.reduce((sum, one) => sum + one.dataBytes, 0),
    cpuUs: user + system,
    failed,
  }
}

/** Every millisecond what is due by then: evenly over time, and over the connections. */
function callAtRate(connections: readonly LoadConnection[], rate: number, requests: number): void {
  const began = performance.now()
  let called = 0
  const timer = setInterval(() => {
    const due = Math.min(requests, Math.floor(((performance.now() - began) / 1000) * rate))
    for (; called < due; called++) connections[called % connections.length]?.call(1)
    if (called === requests) clearInterval(timer)
  }, 1)
}

async function connected({ port, authority }: GeneratorPlan, lost: (why: string) => void): Promise<Duplex> {
  return new Promise((resolve) => {
    const socket =
      authority === undefined
        ? connectPlain({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
        : connectTls({ port, host: '127.0.0.1', ca: readFileSync(authority), ALPNProtocols: ['h2'] }, () =>
            resolve(socket),
          )
    socket.on('error', (error) => lost(error.message))
  })
}

/** gRPC's prefix and the message, made once; only the key's digits change. */
function bodiesOf({ operation, keys, valueBytes, seed }: GeneratorPlan): {
  length: number
  write(out: Buffer, at: number): number
} {
  const key = Buffer.from('k0000000')
  const tail =
    operation === 'put'
      ? Buffer.concat([Buffer.from([0x12]), varint(valueBytes), Buffer.alloc(valueBytes, 'v')])
      : Buffer.from(operation === 'range' ? [] : [0x38, 1]) // serializable
  const message = Buffer.concat([Buffer.from([0x0a, key.length]), key, tail])
  const template = Buffer.concat([Buffer.alloc(5), message])
  template.writeUInt32BE(message.length, 1)
  const keyEnd = 5 + 2 + key.length
  let state = seed >>> 0
  return {
    length: template.length,
    write(out, at) {
      out.set(template, at)
      // a linear congruential generator: its upper bits are random enough for keys
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      let number = Math.floor((state / 2 ** 32) * keys)
      for (let digit = at + keyEnd - 1; number > 0; digit--) {
        out[digit] = 0x30 + (number % 10)
        number = Math.floor(number / 10)
      }
      return at + template.length
    },
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as GeneratorPlan)))
process.exit(0)
