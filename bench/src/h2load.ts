import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'

/** One load: so many requests, over so many connections with so many streams each. */
export interface Load {
  readonly url: string
  readonly bodyFile: string
  readonly requests: number
  readonly connections: number
  readonly streams: number
  /** Requests a second, over all connections, asked in time whatever the answers do. */
  readonly rate?: number | undefined
  /** Where each request's latency is written. */
  readonly logFile: string
}

/** What h2load measured. */
export interface LoadResult {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Bytes of bodies that came back. */
  readonly dataBytes: number
  /** Its own processor time. */
  readonly cpuUs: number
}

/** Runs h2load. Throws if any request got no HTTP answer; whether an answer was an error of gRPC it cannot tell. */
export async function h2load(load: Load): Promise<LoadResult> {
  const { requests, connections, streams, rate: asked, bodyFile, logFile, url } = load
  const pace = asked === undefined ? {} : { '--rps': asked / connections }
  const numbers = { '-n': requests, '-c': connections, '-m': streams, ...pace }
  const sizes = Object.entries(numbers).flatMap(([flag, number]) => [flag, String(number)])
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers']
  // By TLS it would offer HTTP/1.1, too.
  const args = [...sizes, ...headers, '--npn-list=h2', '-d', bodyFile, '--log-file', logFile, url]
  // h2load appends to it
  rmSync(logFile, { force: true })
  // bash's own `time` tells what the load generator costs
  const script = 'TIMEFORMAT="cpu %U %S"; time h2load "$@"'
  const output = await textOf('bash', ['-c', script, 'h2load', ...args])
  const [, rate] = /finished in [^,]+, ([\d.]+) req\/s/.exec(output) ?? []
  const [, succeeded] = /(\d+) succeeded/.exec(output) ?? []
  const [, dataBytes] = /\((\d+)\) data/.exec(output) ?? []
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(output) ?? []
  if (rate === undefined || Number(succeeded) !== requests) {
    throw new Error(`h2load: ${succeeded ?? 'none'} of ${requests} requests succeeded:\n${output}`)
  }
  const latenciesUs = Float64Array.from(readFileSync(logFile, 'utf8').trimEnd().split('\n'), (line) =>
    Number(line.split('\t')[2]),
  ).toSorted()
  const quantileMs = (q: number): number => (latenciesUs[Math.floor(q * latenciesUs.length)] ?? Number.NaN) / 1000
  return {
    requestsPerSecond: Number(rate),
    p50Ms: quantileMs(0.5),
    p99Ms: quantileMs(0.99),
    dataBytes: Number(dataBytes),
    cpuUs: (Number(user) + Number(system)) * 1e6,
  }
}

async function textOf(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${String(code)}:\n${text}`)
  return text
}
