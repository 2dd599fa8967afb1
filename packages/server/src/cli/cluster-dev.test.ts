import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePorts, isFree } from '../testing/ports.ts'
import { run, Running, runHere, synod, temporaryFolder } from '../testing/processes.ts'
import type { RunOptions } from '../testing/processes.ts'

// Goal: what the supervisor says of its members is true, whoever else is on the ports and whoever starts them again.
// Method: the command itself, with members that are killed, restarted and shadowed.

const ready = /Ctrl-C stops the cluster/

async function startCluster(
  path: string,
  port: number,
  flags: string[] = [],
  options: RunOptions = {},
): Promise<Running> {
  const cluster = synod(['cluster', 'dev', '--base-port', String(port), '--data-dir', path, ...flags], options)
  onTestFinished(async () => {
    // Killed itself, its members see that their channel is closed.
    await cluster.kill()
    while (!(await isFree(port))) await sleep(20)
  })
  await cluster.said(ready)
  return cluster
}

function pids(cluster: Running): number[] {
  return [...cluster.stdout.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))
}

test('another cluster on the same ports is not taken for its own', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(6)
  await startCluster(`${folder.path}/first`, port)
  const { code, stdout } = await run([
    'cluster',
    'dev',
    '--base-port',
    String(port),
    '--data-dir',
    `${folder.path}/second`,
  ])
  expect(code).toBe(1)
  expect(stdout).toMatch(/m\d exited with code 1 before it was ready/)
  expect(stdout).not.toMatch(ready)
})

test('when all members have died by themselves it has failed', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(4)
  const cluster = await startCluster(folder.path, port, ['--nodes', '2'])
  const [first = 0, second = 0] = pids(cluster)
  process.kill(first, 'SIGTERM')
  await cluster.said(/m1 exited with code 0: no majority is left/)
  process.kill(second, 'SIGKILL')
  const { code, stdout } = await cluster.ended()
  expect(code).toBe(1)
  expect(stdout).not.toContain('was removed')
  expect(stdout).toContain('no majority is left: 2 of 2 are needed')
})

test('the command that it prints starts the member again, which counts from then on', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(6)
  const cluster = await startCluster(`${folder.path}/it's here`, port)
  const [first = 0, second = 0, third = 0] = pids(cluster)
  const again = async (pid: number, outlook: string): Promise<Running> => {
    process.kill(pid, 'SIGKILL')
    const name = pid === first ? 'm1' : pid === second ? 'm2' : 'm3'
    const said = new RegExp(`${name} was killed by SIGKILL: ${outlook}.*\\n +npx synod (start .*)\\n`)
    const [, command = ''] = await cluster.said(said)
    // As a shell reads it.
    const main = new URL('../main.ts', import.meta.url).pathname
    const restarted = new Running('sh', ['-c', `exec ${process.execPath} -C @synod/source ${main} ${command}`])
    onTestFinished(() => restarted.kill())
    await restarted.said(/serves clients on/)
    return restarted
  }
  const one = await again(first, 'the others go on')
  const two = await again(second, 'the others go on')
  const three = await again(third, 'the others go on')
  // None of its own is left, but the cluster is: it stays for the others until they end too.
  for (const member of [one, two, three]) await member.kill()
  expect((await cluster.ended()).code).toBe(1)
})

test('of a member that has lost its disk it says what helps: it is removed, and another one is added', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(8)
  const first = await startCluster(folder.path, port)
  first.signal('SIGINT')
  expect((await first.ended()).code).toBe(0)
  rmSync(`${folder.path}/m3`, { recursive: true })
  const cluster = await startCluster(folder.path, port)
  expect(cluster.stdout).toMatch(/m3 has lost its disk, and has ended: .*Remove it, and add another member/)
  expect(cluster.stdout).not.toContain('to start it')
  expect(cluster.stdout).toMatch(/m1 .*pid \d+[^]*m2 .*pid \d+/)
  expect(cluster.stdout).not.toMatch(/m3 .*pid/)
  const [, remove = ''] = /npx synod (member remove .*)/.exec(cluster.stdout) ?? []
  const [, add = ''] = /npx synod (member add .*)/.exec(cluster.stdout) ?? []
  expect(await runHere(remove.split(' '))).toMatchObject({ code: 0 })
  const added = await runHere(add.split(' '))
  const [, start = ''] = /npx synod (start .*)/.exec(added.stdout) ?? []
  const another = synod([...start.replaceAll("'", '').split(' '), `--data-dir=${folder.path}/another`])
  onTestFinished(() => another.kill())
  await another.said(/serves clients on/)
})

describe('what it is told', () => {
  test('the environment of all members goes to all, and other ports than the data’s are refused', async () => {
    using folder = temporaryFolder()
    const port = await freePorts(2)
    const cluster = await startCluster(folder.path, port, ['--nodes', '1'], {
      env: {
        SYNOD_MAX_REQUEST_BYTES: '1024',
        // Names of etcd's: one that is ours too, and one of what is not there.
        SYNOD_EXPERIMENTAL_MAX_LEARNERS: '0',
        SYNOD_MAX_WALS: '5',
      },
    })
    expect(cluster.stdout).toContain('--max-wals has no effect: a file is kept for as long as it is needed')
    const learner = ['member', 'add', 'm2', '--learner', '--peer-urls', 'http://127.0.0.1:1']
    const added = await runHere([...learner, '--endpoints', `127.0.0.1:${port}`])
    expect(added.code + added.stderr).toContain('too many learner')
    const status = await runHere(['put', 'a', 'x'.repeat(5000), '--endpoints', `127.0.0.1:${port}`])
    expect(status.code + status.stderr).toContain('request is too large')
    cluster.signal('SIGTERM')
    expect((await cluster.ended()).code).toBe(0)
    const other = await runHere(['cluster', 'dev', '--nodes', '3', '--base-port', '9', '--data-dir', folder.path])
    expect(other.stderr).toContain(`holds a cluster of --nodes 1 on --base-port ${port}`)
    expect(other.code).toBe(1)
  })

  test('a variable of etcd’s that no member would start with stops the cluster before it begins', async () => {
    using folder = temporaryFolder()
    const args = ['cluster', 'dev', '--data-dir', `${folder.path}/data`]
    const { code, stderr } = await run(args, { env: { SYNOD_UNSAFE_NO_FSYNC: 'true' } })
    expect(stderr).toContain('--unsafe-no-fsync true: an answer always waits for the disks of a majority')
    expect(code).toBe(2)
    expect(existsSync(`${folder.path}/data`)).toBe(false)
  })

  test('a directory of a later version is refused with both numbers, and left as it is', async () => {
    using folder = temporaryFolder()
    const file = `${folder.path}/cluster.json`
    const later = '{"v":2,"anything":true}'
    mkdirSync(`${folder.path}/m1`)
    writeFileSync(file, later)
    const refused = await runHere(['cluster', 'dev', '--data-dir', folder.path])
    expect(refused.stderr).toContain(`${file} is of version 2, and this program knows version 1`)
    expect(refused.code).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe(later)
  })

  test('it goes on when nobody reads what it says, and its log does too', async () => {
    using folder = temporaryFolder()
    const port = await freePorts(2)
    const cluster = synod(['cluster', 'dev', '--nodes', '1', '--base-port', String(port), '--data-dir', folder.path])
    onTestFinished(() => cluster.kill())
    await cluster.said(/starting 1 member/)
    cluster.child.stdout?.destroy()
    const log = `${folder.path}/cluster.log`
    while (!existsSync(log) || !ready.test(readFileSync(log, 'utf8'))) await sleep(20)
    expect((await runHere(['put', 'a', '1', '--endpoints', `127.0.0.1:${port}`])).code).toBe(0)
    cluster.signal('SIGTERM')
    expect(await cluster.ended()).toMatchObject({ code: 0, stderr: '' })
  })
})
