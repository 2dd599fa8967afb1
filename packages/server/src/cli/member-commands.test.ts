import { serve } from 'synod/grpc'
import type { Unary } from 'synod/grpc'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Member } from '../proto/member-messages.ts'
import { writeMember } from '../proto/member-messages.ts'
import { ProtoWriter } from '../proto/wire.ts'
import { OneNode, silent } from '../testing/one-node.ts'
import { freePorts } from '../testing/ports.ts'
import { run, runHere, Running, synod, temporaryFolder } from '../testing/processes.ts'
import type { Ended } from '../testing/processes.ts'
import { RealCluster } from '../testing/real-cluster.ts'

// Goal: an operator adds, promotes, moves and removes members by what the commands say. Method: the commands themselves,
// on processes that end by themselves when their member is removed.

const main = new URL('../main.ts', import.meta.url).pathname

/** Runs a command that `synod` printed, as a shell reads it. */
function runPrinted(command: string, ...more: readonly string[]): Running {
  const program = `exec ${process.execPath} -C @synod/source ${main}`
  const running = new Running('sh', ['-c', [command.replace(/^npx synod/, program), ...more].join(' ')])
  onTestFinished(() => running.kill())
  return running
}

test('a member is added by the command that is printed, promoted, leads, and ends with 0 when it is removed', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(5)
  const url = (i: number): string => `http://127.0.0.1:${port + i}`
  const first = synod([
    'start',
    `--name=m1`,
    `--data-dir=${folder.path}/m1`,
    `--initial-advertise-peer-urls=${url(1)}`,
    `--listen-client-urls=${url(0)}`,
    '--election-timeout=300',
    '--heartbeat-interval=30',
  ])
  onTestFinished(() => first.kill())
  await first.said(/serves clients on/)
  const ask = async (...args: readonly string[]): Promise<Ended> => runHere([...args, '--endpoints', url(0)])
  const untilSaid = async (pattern: RegExp, ...args: readonly string[]): Promise<string> => {
    for (;;) {
      const { stdout, stderr } = await ask(...args)
      if (pattern.test(stdout + stderr)) return stdout
    }
  }
  expect((await ask('put', 'greeting', 'hello')).code).toBe(0)

  const added = await ask('member', 'add', 'm2', '--peer-urls', url(3), '--learner')
  expect(added.stderr + added.stdout).toMatch(/^member [0-9a-f]{16} is added to cluster [0-9a-f]{16}, as a learner/)
  const again = await ask('member', 'add', 'm2', '--peer-urls', url(3))
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/member ID already exist \(.* is the address of/),
  })
  const early = await ask('member', 'promote', added.stdout.split(' ')[1] ?? '')
  expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('in sync with leader') })

  const command = printedCommand(added)
  const start = (): Running =>
    runPrinted(command, `--data-dir=${folder.path}/m2`, '--election-timeout=300', '--heartbeat-interval=30')
  const second = start()
  await second.said(/serves clients on/)
  await untilSaid(/m2 +learner/, 'member', 'list')
  await untilSaid(/\(m2\) is a voter/, 'member', 'promote', 'm2')
  await untilSaid(/m2 +voter/, 'member', 'list')

  expect(await ask('move-leader', 'm2')).toMatchObject({ code: 0, stdout: expect.stringMatching(/\(m2\) leads\n$/) })
  const status = await ask('status', '--cluster', '--json')
  expect(JSON.parse(status.stdout)).toMatchObject({
    endpoints: expect.arrayContaining([expect.objectContaining({ name: 'm2', leads: true, isLearner: false })]),
  })
  expect(await ask('member', 'update', 'm3', '--peer-urls', url(4))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/there is no member m3: the members are .*\(m[12]\), .*\(m[12]\)/),
  })
  expect((await ask('member', 'update', 'm1', '--peer-urls', url(1))).code).toBe(0)
  const taken = await ask('member', 'add', 'm2', '--peer-urls', url(2))
  expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('there is a member m2 already') })
  expect(await ask('member', 'remove', 'm2', '--json')).toMatchObject({ code: 0 })
  const ended = await second.ended()
  expect(ended.stderr).toMatch(/member [0-9a-f]{16} was removed from the cluster .*data directory may be deleted/)
  expect(ended.code).toBe(0)
  const restarted = await start().ended()
  expect(restarted).toMatchObject({ code: 0, stderr: expect.stringContaining('was removed from the cluster') })
  await untilSaid(/hello/, 'get', 'greeting')
})

/** What is told to be typed. */
function printedCommand({ stdout }: Ended): string {
  return /\n {2}(npx synod start .*)\n/.exec(stdout)?.[1] ?? ''
}

test('the command is printed before the member votes, although the cluster is strict about adding', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(4)
  const url = (i: number): string => `http://127.0.0.1:${port + i}`
  const first = synod([
    'start',
    '--strict-add',
    `--data-dir=${folder.path}/first`,
    `--initial-advertise-peer-urls=${url(1)}`,
    `--listen-client-urls=${url(0)}`,
  ])
  onTestFinished(() => first.kill())
  await first.said(/serves clients on/)
  const added = await runHere(['member', 'add', 'm2', '--peer-urls', url(2), '--endpoints', url(0)])
  expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining(`clients will reach it at ${url(3)}`) })
  const second = runPrinted(printedCommand(added), `--data-dir=${folder.path}/m2`)
  await second.said(/serves clients on/)
  const list = async (): Promise<string> => (await runHere(['member', 'list', '--endpoints', url(3)])).stdout
  await expect.poll(list, { timeout: 20_000 }).toMatch(/m2 +voter/)
})

test('a member that was added and never started has no name yet, and goes by its id', async () => {
  const cluster = await new RealCluster().start(1)
  onTestFinished(() => cluster.stop())
  const ask = async (...args: readonly string[]): Promise<Ended> =>
    runHere(['member', ...args, '--endpoints', cluster.member(1).url])
  expect((await ask('remove', 'm4')).stderr).toMatch(/there is no member m4: the members are [0-9a-f]{16} \(m1\)\n$/)
  const added = await ask('add', 'm4', '--peer-urls', 'http://127.0.0.1:1')
  const [, id = ''] = added.stdout.split(' ')
  for (const command of ['promote', 'remove'])
    expect(await ask(command, 'm4')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`it has no name and goes by its id: ${id} at http://127.0.0.1:1\n`) as string,
    })
  expect(await ask('remove', id)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${id} is removed`) as string,
  })
})

describe('of a member that cannot be started under what was written, nothing is sent', () => {
  const wrong: { name: string; peerUrls?: string; code: number; says: string }[] = [
    { name: 'm1', code: 1, says: 'there is a member m1 already' },
    { name: 'a b=c,d', code: 2, says: '"a b=c,d": expected 1 to 64 characters without spaces' },
    { name: 'm2', peerUrls: 'http://0.0.0.0:2380', code: 2, says: 'that the other members can connect to is needed' },
    { name: 'm2', peerUrls: 'http://127.0.0.1:0', code: 2, says: 'that the other members can connect to is needed' },
  ]
  test.each(wrong)('$name $peerUrls', async ({ name, peerUrls = 'http://127.0.0.1:1', code, says }) => {
    const node = await new OneNode().start()
    onTestFinished(() => node.stop())
    const change = vi.spyOn(node.replica, 'change')
    const ended = await runHere(['member', 'add', name, '--peer-urls', peerUrls, '--endpoints', node.url])
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(says) })
    expect(change).not.toHaveBeenCalled()
  })
})

describe('what nobody knows is told as it is', () => {
  test.each([
    {
      listed: true,
      code: 0,
      says: /^member 0000000000000007 is added [^]*npx synod start --name=m2 .*--engine=multi-paxos/,
    },
    { listed: false, code: 3, says: /The outcome is unknown: the change may have been made/ },
  ])('a member was added, or not: the list says it ($listed)', async ({ listed, code, says }) => {
    const peer = 'http://10.0.0.2:2380'
    const added: Member = { id: 7n, name: '', peerUrls: [peer], clientUrls: [], isLearner: true }
    let asked = false
    const list = (call: Unary): void => {
      const out = new ProtoWriter().reset()
      if (asked && listed) writeMember(out, 2, added)
      call.respond(out.finish())
    }
    const add = (call: Unary): void => {
      asked = true
      call.fail(14, 'etcdserver: request timed out', { 'synod-outcome': 'unknown' })
    }
    const status = (call: Unary): void => {
      const out = new ProtoWriter().reset()
      out.text(1000, 'multi-paxos')
      call.respond(out.finish())
    }
    const server = serve({
      log: silent,
      routes: new Map([
        ['/etcdserverpb.Maintenance/Status', { unary: status }],
        ['/etcdserverpb.Cluster/MemberList', { unary: list }],
        ['/etcdserverpb.Cluster/MemberAdd', { unary: add }],
      ]),
    })
    onTestFinished(() => server.close())
    const { port } = await server.listen('127.0.0.1', 0)
    const ended = await runHere(['member', 'add', 'm2', '--peer-urls', peer, '--endpoints', `127.0.0.1:${port}`])
    expect(ended.stdout + ended.stderr).toMatch(says)
    expect(ended.code).toBe(code)
  })

  test('leadership that is handed to a member that does not run may still move', async () => {
    const cluster = await new RealCluster().start(3)
    onTestFinished(() => cluster.stop())
    const leader = await cluster.leader()
    const dead = cluster.member((leader % 3) + 1)
    await dead.stop()
    const endpoints = ['--endpoints', cluster.member(leader).url]
    const moved = await runHere(['move-leader', dead.name, ...endpoints])
    expect(moved).toMatchObject({ code: 3, stderr: expect.stringContaining('leadership may still move') })
    expect(moved.stderr).not.toContain('write')
    const removed = await runHere(['member', 'remove', dead.name, ...endpoints])
    expect(removed.stdout + removed.stderr).toMatch(/is removed: if it runs, its process ends by itself\n$/)
  })
})

test('cluster dev says that a member was removed, and takes it for no failure', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(6)
  const cluster = synod(['cluster', 'dev', '--base-port', String(port), '--data-dir', folder.path])
  onTestFinished(() => cluster.kill())
  await cluster.said(/Ctrl-C stops the cluster/)
  // A member says its name once it takes part; until then it has its id only.
  const listed = async (): Promise<string> => (await run(['member', 'list', '--endpoints', `127.0.0.1:${port}`])).stdout
  await expect.poll(listed, { timeout: 20_000 }).toContain('m2')
  const removed = await run(['member', 'remove', 'm2', '--endpoints', `127.0.0.1:${port}`])
  expect(removed.stderr + removed.stdout).toMatch(/\(m2\) is removed/)
  await cluster.said(/m2 was removed from the cluster, and has ended/)
  expect(cluster.stdout).not.toContain('to start it')
  expect((await run(['put', 'a', '1', '--endpoints', `127.0.0.1:${port}`])).code).toBe(0)
  cluster.signal('SIGINT')
  expect((await cluster.ended()).code).toBe(0)

  // Started again it does not wait for the one that is gone.
  const again = synod(['cluster', 'dev', '--base-port', String(port), '--data-dir', folder.path])
  onTestFinished(() => again.kill())
  await again.said(/Ctrl-C stops the cluster/)
  expect(again.stdout).toContain('m2 was removed from the cluster, and has ended')
  expect(again.stdout).toMatch(/m1 .*pid \d+[^]*m3 .*pid \d+/)
  expect(again.stdout).not.toMatch(/m2 .*pid/)
  expect(again.stdout).toContain(`status --endpoints 127.0.0.1:${port},127.0.0.1:${port + 4}\n`)
  again.signal('SIGINT')
  expect((await again.ended()).code).toBe(0)
})
