import { describe, expect, onTestFinished, test } from 'vitest'
import { freePorts, isFree, run, runHere, synod, temporaryFolder } from '../testing/processes.ts'
import type { Running } from '../testing/processes.ts'

// Goal: what a person types does what the help says, and what is wrong is said. Method: the command itself, in
// processes of its own, on ports and in folders of its own.

describe('help', () => {
  test('the first page names every command, examples and exit codes', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).toBe(0)
    for (const word of [
      'start',
      'cluster',
      'put',
      'get',
      'del',
      'txn',
      'member',
      'status',
      'Examples:',
      'Exit codes:',
      'SYNOD_',
    ]) {
      expect(stdout).toContain(word)
    }
  })

  test('whoever has read enough of it may stop reading', async () => {
    const program = synod(['--help'])
    program.child.stdout?.destroy()
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' })
  })

  test('every command has an example', async () => {
    const commands = ['start', 'cluster dev', 'put', 'get', 'del', 'txn', 'member list', 'status']
    for (const command of commands) {
      const { code, stdout } = await runHere([...command.split(' '), '--help'])
      expect(code, command).toBe(0)
      expect(stdout, command).toMatch(/Examples?:\n {2}(synod|printf)/)
    }
  })
})

describe('what is wrong is said, and nothing is tried', () => {
  const wrong: { name: string; args: string[]; env?: Record<string, string>; says: RegExp }[] = [
    { name: 'an unknown flag', args: ['start', '--nmae', 'a'], says: /unknown option '--nmae'[\s\S]*--name/ },
    { name: 'an unknown command', args: ['strat'], says: /unknown command 'strat'[\s\S]*start/ },
    { name: 'a missing argument', args: ['get'], says: /missing required argument 'key'/ },
    { name: 'a number that is none', args: ['get', 'a', '--limit', 'ten'], says: /--limit.*whole number/ },
    {
      name: 'an unknown variable',
      args: ['get', 'a'],
      env: { SYNOD_ENDPOINT: 'x:1' },
      says: /SYNOD_ENDPOINT is unknown: did you mean SYNOD_ENDPOINTS/,
    },
    {
      name: 'a yes that is neither yes nor no',
      args: ['start'],
      env: { SYNOD_INSECURE_PEERS: 'maybe' },
      says: /SYNOD_INSECURE_PEERS is "maybe"/,
    },
    {
      name: 'an open address',
      args: ['start', '--listen-client-urls', '0.0.0.0:1'],
      says: /--listen-client-urls: 0.0.0.0:1 can be reached/,
    },
    {
      name: 'an open peer address',
      args: ['start', '--initial-advertise-peer-urls', 'http://10.1.1.1:1'],
      says: /add --insecure-peers/,
    },
  ]
  for (const { name, args, env, says } of wrong) {
    test(name, async () => {
      const { code, stderr } = await runHere(args, env)
      expect(stderr).toMatch(says)
      expect(code).toBe(2)
    })
  }

  test('a "no" in the environment is a no, and a transaction that is none is none', async () => {
    const args = ['start', '--initial-advertise-peer-urls', 'http://10.1.1.1:1']
    const [no, nonsense] = await Promise.all([
      run(args, { env: { SYNOD_INSECURE_PEERS: 'false' } }),
      run(['txn'], { stdin: 'nonsense\n' }),
    ])
    expect(no.stderr).toContain('add --insecure-peers')
    expect(nonsense.stderr).toContain('line 1: nonsense: expected a comparison')
    expect([no.code, nonsense.code]).toEqual([2, 2])
  })

  test('the environment counts, and the command line counts more', async () => {
    const env = { SYNOD_ENDPOINTS: '127.0.0.1:1', SYNOD_COMMAND_TIMEOUT: '200ms' }
    const [one, other] = await Promise.all([
      run(['get', 'a'], { env }),
      run(['get', 'a', '--endpoints', '127.0.0.1:2'], { env }),
    ])
    expect(one.stderr).toContain('http://127.0.0.1:1:')
    expect(other.stderr).toContain('http://127.0.0.1:2:')
  })

  test('nobody listens: a failure, and certainly nothing was written', async () => {
    const port = await freePorts(1)
    const endpoints = `127.0.0.1:${port}`
    for (const args of [
      ['put', 'a', '1'],
      ['get', 'a'],
    ]) {
      const { code, stderr } = await runHere([...args, '--endpoints', endpoints])
      expect(code).toBe(1)
      expect(stderr).toContain(`http://${endpoints}`)
    }
  })
})

/** One durable member on ports of the system's choice. */
async function startOne(directory: string, ...flags: string[]): Promise<{ server: Running; url: string }> {
  const server = synod([
    'start',
    '--data-dir',
    directory,
    '--listen-client-urls',
    'http://127.0.0.1:0',
    '--initial-advertise-peer-urls',
    'http://127.0.0.1:0',
    ...flags,
  ])
  onTestFinished(() => server.kill())
  const [, url = ''] = await server.said(/serves clients on (http:[0-9.:/]+)/)
  return { server, url }
}

describe('one member', () => {
  test('the commands, a restart, and what it holds afterwards', async () => {
    using folder = temporaryFolder()
    const { server, url } = await startOne(folder.path)
    const client = async (args: string[], stdin?: string): Promise<[number | null, string]> => {
      const asked = [...args, '--endpoints', url]
      const { code, stdout, stderr } = await (stdin === undefined ? runHere(asked) : run(asked, { stdin }))
      return [code, stdout + stderr]
    }
    expect(await client(['put', 'greeting', 'hello'])).toEqual([0, 'OK\n'])
    expect(await client(['put', 'piped'], 'a b')).toEqual([0, 'OK\n'])
    expect(await client(['get', 'greeting'])).toEqual([0, 'greeting\nhello\n'])
    expect(await client(['get', '', '--prefix', '--keys-only'])).toEqual([0, 'greeting\npiped\n'])
    expect(await client(['get', 'nothing'])).toEqual([4, ''])
    const future = 'synod: etcdserver: mvcc: required revision is a future revision\n'
    expect(await client(['get', 'greeting', '--rev', '99'])).toEqual([1, future])
    const json = await client(['get', 'greeting', '--json', '--serializable'])
    expect(JSON.parse(json[1])).toMatchObject({
      revision: 3,
      kvs: [{ key: 'greeting', value: 'hello', modRevision: 2 }],
    })
    const txn = await client(
      ['txn', '--json'],
      '{"compare":[{"target":"value","key":"greeting","operand":"hello"}],"success":[{"get":{"key":"greeting"}}]}',
    )
    expect(JSON.parse(txn[1])).toMatchObject({ succeeded: true, responses: [{ get: { count: 1 } }] })
    const status = await client(['status', '--cluster', '--json'])
    expect(JSON.parse(status[1])).toMatchObject({ endpoints: [{ endpoint: url, leads: true, name: 'default' }] })
    expect((await client(['member', 'list']))[1]).toContain(url)

    server.signal('SIGTERM')
    expect((await server.ended()).code).toBe(0)
    const again = await startOne(folder.path)
    expect((await runHere(['del', 'greeting', '--prev-kv', '--endpoints', again.url])).stdout).toBe(
      '1\ngreeting\nhello\n',
    )
    again.server.signal('SIGINT')
    expect((await again.server.ended()).code).toBe(0)
  })

  test('a directory or a port that somebody else has is said with its flag', async () => {
    using folder = temporaryFolder()
    const { server, url } = await startOne(`${folder.path}/a`)
    const peers = ['--initial-advertise-peer-urls', 'http://127.0.0.1:0']
    const [sameDirectory, samePort] = await Promise.all([
      run(['start', '--data-dir', `${folder.path}/a`, '--listen-client-urls', 'http://127.0.0.1:0', ...peers]),
      run(['start', '--data-dir', `${folder.path}/b`, '--listen-client-urls', url, ...peers]),
    ])
    expect(sameDirectory.stderr).toMatch(new RegExp(`--data-dir: .*${server.child.pid}`))
    expect(samePort.stderr).toContain(`--listen-client-urls: port ${url.split(':')[2]} on 127.0.0.1 is in use`)
    expect([sameDirectory.code, samePort.code]).toEqual([1, 1])
    server.signal('SIGTERM')
    await server.ended()

    const stranger = await run([
      'start',
      '--data-dir',
      `${folder.path}/a`,
      '--initial-cluster-token',
      'another',
      '--listen-client-urls',
      'http://127.0.0.1:0',
      ...peers,
    ])
    expect(stranger.code).toBe(1)
    expect(stranger.stderr).toMatch(/belongs to cluster [0-9a-f]{16}.*[0-9a-f]{16}/)
  })
})

describe('cluster dev', () => {
  async function startCluster(path: string, port: number): Promise<Running> {
    const cluster = synod(['cluster', 'dev', '--base-port', String(port), '--data-dir', path])
    onTestFinished(() => cluster.kill())
    await cluster.said(/Ctrl-C stops the cluster/)
    return cluster
  }

  test('three members; one that is killed is mourned and missed by nobody; Ctrl-C ends all in order, a second one at once; the data stays', async () => {
    using folder = temporaryFolder()
    const port = await freePorts(6)
    const endpoints = [0, 2, 4].map((i) => `127.0.0.1:${port + i}`).join(',')
    const cluster = await startCluster(folder.path, port)
    expect((await runHere(['put', 'a', '1', '--endpoints', endpoints])).stdout).toBe('OK\n')
    const [, pid] = await cluster.said(/pid (\d+) *\n/)
    process.kill(Number(pid), 'SIGKILL')
    await cluster.said(/was killed by SIGKILL: the others go on/)
    expect((await runHere(['put', 'b', '2', '--endpoints', endpoints])).code).toBe(0)
    cluster.signal('SIGINT')
    expect((await cluster.ended()).code).toBe(0)

    const again = await startCluster(folder.path, port)
    expect((await runHere(['get', '', '--prefix', '--keys-only', '--endpoints', endpoints])).stdout).toBe('a\nb\n')
    // One that does not listen to signals would be waited for.
    const [, deaf] = await again.said(/pid (\d+)/)
    process.kill(Number(deaf), 'SIGSTOP')
    again.signal('SIGINT')
    await again.said(/stopping/)
    again.signal('SIGINT')
    expect((await again.ended()).code).toBe(1)
    while (!(await isFree(port))) await new Promise(setImmediate)
  })

  test('a port that somebody else has stops the start, with its number and flag', async () => {
    using folder = temporaryFolder()
    const port = await freePorts(8)
    const { server } = await startOne(`${folder.path}/other`, '--listen-client-urls', `http://127.0.0.1:${port + 2}`)
    const { code, stdout } = await run([
      'cluster',
      'dev',
      '--base-port',
      String(port),
      '--data-dir',
      `${folder.path}/cluster`,
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(new RegExp(`m2 .*port ${port + 2} .*in use`))
    server.signal('SIGTERM')
    await server.ended()
  })
})
