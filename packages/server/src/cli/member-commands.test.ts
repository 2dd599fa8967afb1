import { expect, onTestFinished, test } from 'vitest'
import { freePorts, run, runHere, Running, synod, temporaryFolder } from '../testing/processes.ts'
import type { Ended } from '../testing/processes.ts'

// Goal: an operator adds, promotes, moves and removes members by what the commands say. Method: the commands themselves,
// on processes that end by themselves when their member is removed.

const main = new URL('../main.ts', import.meta.url).pathname

/** Runs a command that `synod` printed, as a shell reads it. */
function runPrinted(command: string, ...more: readonly string[]): Running {
  const program = `exec ${process.execPath} -C @synod/source ${main}`
  const running = new Running('sh', ['-c', [command.replace(/^synod/, program), ...more].join(' ')])
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

  const [, command = ''] = /\n {2}(synod start .*)\n/.exec(added.stdout) ?? []
  const start = (): Running =>
    runPrinted(
      command.replace('http://127.0.0.1:2379', url(2)),
      `--data-dir=${folder.path}/m2`,
      '--election-timeout=300',
      '--heartbeat-interval=30',
    )
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
  expect(await ask('member', 'remove', 'm2', '--json')).toMatchObject({ code: 0 })
  const ended = await second.ended()
  expect(ended.stderr).toMatch(/member [0-9a-f]{16} was removed from the cluster .*data directory may be deleted/)
  expect(ended.code).toBe(0)
  const restarted = await start().ended()
  expect(restarted).toMatchObject({ code: 0, stderr: expect.stringContaining('was removed from the cluster') })
  await untilSaid(/hello/, 'get', 'greeting')
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
})
