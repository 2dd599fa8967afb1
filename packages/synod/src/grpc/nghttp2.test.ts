/** The server and the tools of nghttp2, which is what most other HTTP/2 in the world is made of. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GrpcServer, Unary } from './index.ts'
import { closeAll, listening } from './sample-servers.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'synod-nghttp2-'))
const body = join(folder, 'body')
const grpc = ['-H', 'content-type: application/grpc', '-H', 'te: trailers', '-d', body]

let server: GrpcServer | undefined
let url = ''

beforeAll(async () => {
  writeFileSync(body, Buffer.concat([Buffer.from([0, 0, 0, 0, 5]), Buffer.from('hello')]))
  const echo = (call: Unary, request: Uint8Array): void => call.respond(request)
  const large = (call: Unary): void => call.respond(new Uint8Array(1_000_000))
  const routes = new Map([
    ['/t.T/Echo', { unary: echo }],
    ['/t.T/Large', { unary: large }],
  ])
  const listens = await listening({ routes })
  server = listens.server
  url = `http://127.0.0.1:${listens.port}`
})

afterAll(async () => {
  await closeAll()
  rmSync(folder, { recursive: true })
})

/** They are part of nghttp2-client, which CI installs. */
const isHere = process.env['CI'] !== undefined || existsSync('/usr/bin/nghttp')

test.runIf(isHere)(
  'nghttp sees headers, message and trailers, by Huffman codes and CONTINUATION, and with padding',
  async () => {
    const { stdout } = await run('nghttp', ['-v', '-n', '--no-dep', ...grpc, `${url}/t.T/Echo`])
    expect(stdout).toMatch(/:status: 200/)
    expect(stdout).toMatch(/grpc-status: 0/)
    const padded = await run('nghttp', ['-v', '-n', '--no-dep', '-b', '100', ...grpc, `${url}/t.T/Echo`])
    expect(padded.stdout).toMatch(/grpc-status: 0/)
    // 32 KiB of headers: they are read to their end, so that the connection goes on, and refused.
    const continued = await run('nghttp', ['-v', '-n', '--no-dep', '--continuation', ...grpc, `${url}/t.T/Echo`])
    expect(continued.stdout).toMatch(/grpc-status: 8/)
    expect(continued.stdout).toMatch(/the header list is larger than 16384 bytes/)
    expect(continued.stdout).not.toMatch(
      /GOAWAY frame <length=8, flags=0x00, stream_id=0>\s+\(last_stream_id=0, error_code=[1-9]/,
    )
  },
)

test.runIf(isHere)('nghttp with the smallest windows, frames and table gets a large answer whole', async () => {
  const small = ['-w', '10', '-W', '10', '--header-table-size=0', '-s']
  const { stdout } = await run('nghttp', ['-n', '--no-dep', ...small, ...grpc, `${url}/t.T/Large`])
  expect(stdout).toMatch(/\b(976K|1000005)\b.*\/t\.T\/Large/)
})

test.runIf(isHere)(
  'h2load is answered every request: many streams, many connections, and more than may be open at once',
  async () => {
    const answered = (): number => server?.counters.methods[0]?.handled[0] ?? 0
    const before = answered()
    for (const [connections, streams] of [
      ['8', '32'],
      ['50', '1'],
      ['2', '1000'],
    ] as const) {
      const load = ['-n', '4000', '-c', connections, '-m', streams]
      const { stdout } = await run('h2load', [...load, ...grpc, `${url}/t.T/Echo`])
      expect(stdout).toMatch(/4000 succeeded, 0 failed, 0 errored/)
    }
    expect(answered() - before).toBe(12_000)
  },
)
