import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { putRequest, rangeRequest } from './etcd-api.ts'
import type { GeneratorPlan, GeneratorResult } from './generator/plan.ts'
import { h2load, type LoadResult } from './h2load.ts'
import type { Row } from './rows.ts'

/** Where a load goes. */
export interface Target {
  readonly port: number
  /** The authority's certificate: then it is loaded over TLS. */
  readonly authorityFile: string | undefined
}

export const value = 'v'.repeat(256)
export const key = 'key00001'

/** One run of a row, by the generator that it needs. Throws if any request was not answered. */
export async function runLoad(of: Row, target: Target, requests: number, folder: string): Promise<LoadResult> {
  if (of.keys === undefined) {
    const bodyFile = join(folder, 'body.bin')
    writeBody(of, bodyFile)
    const scheme = target.authorityFile === undefined ? 'http' : 'https'
    return h2load({
      url: `${scheme}://127.0.0.1:${target.port}${of.path}`,
      bodyFile,
      requests,
      connections: of.connections,
      streams: of.streams,
      rate: of.rate,
      logFile: join(folder, 'latencies.tsv'),
    })
  }
  return generate({
    port: target.port,
    authority: target.authorityFile,
    operation: of.body,
    path: of.path,
    connections: of.connections,
    streams: of.streams,
    rate: of.rate,
    requests,
    keys: of.keys,
    valueBytes: of.valueBytes ?? value.length,
    seed: 1,
  })
}

const generator = join(import.meta.dirname, 'generator/main.ts')

/** Runs our own generator in a process of its own. */
export async function generate(plan: GeneratorPlan): Promise<LoadResult> {
  const child = spawn(process.execPath, [generator, JSON.stringify(plan)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`the load generator exited with ${String(code)}`)
  const result = JSON.parse(text) as GeneratorResult
  if (result.failed > 0) throw new Error(`${result.failed} of ${plan.requests} requests had no answer with a message`)
  return result
}

/** What h2load sends, in a file. gRPC's frame around each request: no compression, four bytes of length. */
function writeBody({ body, valueBytes = value.length }: Row, file: string): void {
  const messages: Record<Row['body'], () => Uint8Array> = {
    put: () => putRequest(key, 'v'.repeat(valueBytes)),
    range: () => rangeRequest({ key }),
    'serializable range': () => rangeRequest({ key, serializable: true }),
  }
  const message = messages[body]()
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  writeFileSync(file, Buffer.concat([head, message]))
}
