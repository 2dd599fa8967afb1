import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { choose, present, type Invariant, type NodeId } from 'synod'
import {
  consensusInvariants,
  describeProtocol,
  drawPlan,
  shrink,
  sizeOf,
  storyOf,
  type ParticipantEnvironment,
  type ParticipantNode,
} from 'synod/simulator'
import { resolveConfig, startServer } from '@synod/server'
import { Paxos, type Durable, type Message } from './paxos.ts'

// Goal: what the examples print is what their readers are told. Method: each runs as its first comment says.

const folder = mkdtempSync(join(tmpdir(), 'synod-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(example: string, ...args: string[]): Promise<string> {
  const file = join(import.meta.dirname, example)
  const { stdout } = await promisify(execFile)(process.execPath, ['-C', '@synod/source', file, ...args])
  return stdout
}

/** The command over a protocol of this folder. */
async function simulate(protocol: string, ...args: string[]): Promise<{ code: number; stdout: string }> {
  const main = join(import.meta.dirname, '../packages/server/src/main.ts')
  const file = join(import.meta.dirname, protocol)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '-C',
      '@synod/source',
      main,
      'simulate',
      file,
      ...args,
    ])
    return { code: 0, stdout }
  } catch (error) {
    return error as { code: number; stdout: string }
  }
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

test('duelling-proposers: the one that is behind proposes what the other one has had accepted', async () => {
  const output = await run('duelling-proposers.ts')
  expect(output).toContain('c → a  refused 1.a')
  expect(output).toContain('b → a  promise 2.a, accepted y')
  expect(output).toMatch(/a has learnt y\nb has learnt y\nc has learnt y\n$/)
})

test('hole-in-the-log: the next leader of Multi-Paxos fills what the one before it left open', async () => {
  const output = await run('hole-in-the-log.ts')
  expect(output).toContain('b → c  accept 2.b: 2 nothing, 3 two, 4 three, 5 nothing')
  for (const id of ['b', 'c']) expect(output).toContain(`${id}: 1 nothing, 2 nothing, 3 two, 4 three, 5 nothing`)
})

test('coins-against-a-scheduler: own coins take exponentially long, a common one for ever, a confirmed one three rounds', async () => {
  const output = await run('coins-against-a-scheduler.ts')
  expect(output).toMatch(/5 participants, 2 may crash: 1\d\.\d rounds, 16 by the closed form/)
  expect(output).toContain('a common coin: nobody has decided after 1000 rounds')
  expect(output).toMatch(/a confirmed common coin: (2\.|3\.)\d rounds/)
})

test('paxos: its bug is found, made small, and told line by line in the replay', { timeout: 60_000 }, async () => {
  const artefact = join(folder, 'paxos.json')
  const found = await simulate('paxos.ts', '--seeds', '200', '--artefact', artefact)
  expect(found).toMatchObject({ code: 1 })
  const [, invariant = 'none'] = /^seed \d+: Violated at .*: (agreement|integrity)$/m.exec(found.stdout) ?? []
  const [, events = 'none'] = /^Shrunk from [\d,]+ events to (\d+), /m.exec(found.stdout) ?? []
  expect(Number(events)).toBeLessThanOrEqual(25)
  expect(found.stdout).toMatch(/synod simulate \S*paxos\.ts --artefact \S*paxos\.json\n$/)
  const again = await simulate('paxos.ts', '--artefact', artefact)
  expect(again).toMatchObject({ code: 1 })
  expect(again.stdout).toMatch(/ms {2}(\w) +decides index=1 term=\d+ value=\w+\n/)
  expect(again.stdout).toContain(`The same violation came: ${invariant}.`)
  expect(again.stdout).toContain('The run is the same')
  const mended = await simulate('mended-paxos.ts', '--artefact', artefact)
  expect(mended).toMatchObject({ code: 0 })
  expect(mended.stdout).toContain('No violation came')
})

test('paxos: with the line that was missing, 80 seeds pass', { timeout: 60_000 }, async () => {
  const { code, stdout } = await simulate('mended-paxos.ts', '--seeds', '80', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    seeds: { run: 80 },
    violation: null,
    situations: { 'two proposed at once': expect.any(Number), 'one decided again after a restart': expect.any(Number) },
  })
})

// The guide's own invariant: it finds the bug where it begins.
const votesAreDurable: Invariant<ParticipantNode<Paxos['state']>> = {
  name: 'a vote is on its disk',
  watch: () => (node, nodes) => {
    for (const [ballot, voters] of Object.entries(node.state.votes)) {
      for (const voter of voters) {
        const accepted = nodes.find(({ id }) => id === voter)?.durable.accepted
        if (accepted === undefined || accepted.ballot < Number(ballot))
          return `${node.id} counts ${voter} in ballot ${ballot}, of which the disk of ${voter} does not know`
      }
    }
    return undefined
  },
}

test('paxos: with an invariant of its own, the first run shrinks to a single event, told in nine lines', () => {
  const strict = describeProtocol({
    name: 'paxos',
    make: (env: ParticipantEnvironment<Message, Durable>, nodes: readonly NodeId[]) => new Paxos(env, nodes),
    pace: 400,
    inputs: { propose: (stream) => ['red', 'green', 'blue'][choose(stream, 3)] ?? 'red' },
    invariants: [...consensusInvariants, votesAreDurable],
  })
  const shrunk = shrink(strict, drawPlan(strict, 1), votesAreDurable.name)
  expect(sizeOf(present(shrunk, 'the first seed breaks it').plan)).toBe(1)
  expect(storyOf(strict, present(shrunk, 'the first seed breaks it').plan)).toHaveLength(9)
})

test('chandra-toueg: the coordinator crashes, and the others decide what it had locked', async () => {
  const output = await run('chandra-toueg.ts')
  expect(output).toContain('receives proposal of round 2')
  expect([...new Set([...output.matchAll(/\w decides (\w+)/g)].map(([, color]) => color))]).toEqual(['red'])
  expect(output).toContain('nothing was violated')
})

test('lowest-leader: once the faults are over, all follow one of them', { timeout: 60_000 }, async () => {
  const { code, stdout } = await simulate('lowest-leader.ts', '--seeds', '8', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    violation: null,
    situations: { 'two leaders at once': expect.any(Number) },
  })
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
    engine: 'raft',
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
