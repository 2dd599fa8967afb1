import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { resolveConfig, startServer } from '@synod/server'

// Goal: what the examples print is what their readers are told. Method: each runs as its first comment says.

const folder = mkdtempSync(join(tmpdir(), 'synod-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(example: string, ...args: string[]): Promise<string> {
  const file = join(import.meta.dirname, example)
  const { stdout } = await promisify(execFile)(process.execPath, ['-C', '@synod/source', file, ...args])
  return stdout
}

test('power-cut: what was acknowledged is still there under the next leader', async () => {
  const output = await run('power-cut.ts')
  expect(output).toContain('add 3: the sum is 6')
  expect(output).toContain('has lost its power')
  expect(output).toContain('add 4: the sum is 10')
})

test('power-cut: equal seeds give equal runs', async () => {
  const [first, second] = await Promise.all([run('power-cut.ts', '7'), run('power-cut.ts', '7')])
  expect(first).toBe(second)
})

test('check-a-history: two increments at once that answer the same number cannot be put in an order', async () => {
  const output = await run('check-a-history.ts')
  expect(output).toContain('not linearizable: 3 operations')
  expect(output).toMatch(/increment → 2 of client [ab]:/)
})

test('simulate-your-own-protocol: the bug is found, made small, told, and replayed', { timeout: 60_000 }, async () => {
  const failed: unknown = await run('simulate-your-own-protocol.ts', '--artefact', join(folder, 'paxos.json')).catch(
    (error: unknown) => error,
  )
  expect(failed).toMatchObject({ code: 1 })
  const { stdout } = failed as { readonly stdout: string }
  expect(stdout).toMatch(/^Seed \d+, \d+ events: (agreement|integrity) is broken: /)
  const [, events = 'none'] = /The same in (\d+) events, /.exec(stdout) ?? []
  expect(Number(events)).toBeLessThanOrEqual(25)
  expect(stdout).toMatch(/ms {2}(\w) decides index 1 term \d+ value (\w+)\n/)
  expect(stdout).toContain('Replayed from the file, it is the same run: ')
})

test('simulate-your-own-protocol: with the line that was missing, 200 seeds pass', { timeout: 60_000 }, async () => {
  expect(await run('simulate-your-own-protocol.ts', 'mended')).toBe(
    '200 seeds, and nothing is broken. Reached: one decided again after a restart; two proposed at once\n',
  )
})

test("etcd-client: etcd's own client finds that one of two wins", { timeout: 60_000 }, async () => {
  const silent = (): void => undefined
  const config = resolveConfig({
    name: 'example',
    dataDir: join(folder, 'data'),
    listenClientUrls: 'http://127.0.0.1:0',
    listenPeerUrls: 'http://127.0.0.1:0',
    initialClusterToken: 'examples',
    initialClusterState: 'new',
    heartbeatInterval: 100,
    electionTimeout: 1000,
    quotaBackendBytes: 0,
    snapshotCount: 100_000,
    maxRequestBytes: 1024 * 1024,
    logLevel: 'error',
    logFormat: 'json',
  })
  const server = await startServer(config, { debug: silent, info: silent, warn: silent, error: silent })
  try {
    expect(await run('etcd-client.ts', server.clientUrls[0] ?? '')).toContain('1 of 2 took the seat; it is taken')
  } finally {
    await server.stop(1000)
  }
})
