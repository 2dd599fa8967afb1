import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePorts, isFree } from '../testing/ports.ts'
import { run, runHere, synod, temporaryFolder } from '../testing/processes.ts'
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
      'move-leader',
      'status',
      'simulate',
      'check',
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
    const commands = ['start', 'cluster dev', 'put', 'get', 'del', 'txn', 'status', 'move-leader', 'simulate', 'check']
    const ofCertificates = ['certificates create', 'certificates show']
    const ofMembers = ['list', 'add', 'promote', 'update', 'remove'].map((command) => `member ${command}`)
    for (const command of [...commands, ...ofMembers, ...ofCertificates]) {
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
      name: 'an unknown variable that resembles none, though all begin alike',
      args: ['get', 'a'],
      env: { SYNOD_XYZZY: 'x' },
      says: /SYNOD_XYZZY is unknown: see/,
    },
    {
      name: 'a variable that would select data',
      args: ['get', 'a'],
      env: { SYNOD_PREFIX: 'true' },
      says: /SYNOD_PREFIX is unknown/,
    },
    {
      name: 'a variable that would make all members of a cluster the same',
      args: ['cluster', 'dev', '--data-dir', '/dev/null'],
      env: { SYNOD_LISTEN_PEER_URLS: 'http://127.0.0.1:1' },
      says: /SYNOD_LISTEN_PEER_URLS is set, but cluster dev gives each member its own --listen-peer-urls/,
    },
    {
      name: 'a member without an address',
      args: ['member', 'add', 'm4'],
      says: /required option '--peer-urls <urls>'/,
    },
    {
      name: 'an address of a member that is none',
      args: ['member', 'add', 'm4', '--peer-urls', 'nowhere'],
      says: /--peer-urls: nowhere: expected http:/,
    },
    { name: 'an empty directory', args: ['start', '--data-dir', ''], says: /--data-dir is empty/ },
    { name: 'an empty directory of a cluster', args: ['cluster', 'dev', '--data-dir='], says: /--data-dir is empty/ },
    {
      name: 'a key that reads like a flag',
      args: ['get', '-key'],
      says: /A key that begins with - goes after --, as in: synod get -- -key/,
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
      expect(stderr).toContain('Is it running?')
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

describe('a directory that cannot be used is said with its flag, and nothing is tried for ever', () => {
  for (const command of [['start'], ['cluster', 'dev']]) {
    for (const path of [process.execPath, '/proc/synod/data']) {
      test(`${command.join(' ')} --data-dir ${path === process.execPath ? 'of a file' : path}`, async () => {
        const { code, stderr } = await runHere([...command, '--data-dir', path])
        expect(code).toBe(1)
        expect(stderr).toMatch(/^synod: --data-dir: .* cannot be used: [^\n]*\n$/)
      })
    }
  }
})

describe('one member', () => {
  test('clients are told the advertised address, and before it is known that it is not', async () => {
    using folder = temporaryFolder()
    const { url } = await startOne(folder.path, '--advertise-client-urls', 'http://kv.example:2379')
    let members = ''
    while (!members.includes('http://kv.example:2379')) {
      members = (await runHere(['member', 'list', '--endpoints', url])).stdout
      expect(members).not.toContain(url)
    }
  })

  test('a member that nobody knows where to ask is a row, and a failure', async () => {
    using folder = temporaryFolder()
    const port = await freePorts(3)
    const initial = `a=http://127.0.0.1:${port},b=http://127.0.0.1:${port + 1}`
    const flags = ['--data-dir', folder.path, '--name', 'a', '--initial-cluster', initial]
    const server = synod(['start', ...flags, '--listen-client-urls', `http://127.0.0.1:${port + 2}`])
    onTestFinished(() => server.kill())
    await server.said(/serves clients on/)
    const { code, stdout, stderr } = await runHere(['status', '--cluster', '--endpoints', `127.0.0.1:${port + 2}`])
    expect(stdout + stderr).toMatch(/^- .* has not said where it serves clients$/m)
    expect(code).toBe(1)
  })

  test('its directory and files are its own; one that others can look into is warned of', async () => {
    using folder = temporaryFolder()
    const own = await startOne(`${folder.path}/own`)
    own.server.signal('SIGTERM')
    await own.server.ended()
    const modes = readdirSync(`${folder.path}/own`, { recursive: true, withFileTypes: true }).map((entry) => {
      return statSync(`${entry.parentPath}/${entry.name}`).mode & 0o077
    })
    expect(modes.length).toBeGreaterThan(3)
    expect(modes.filter((mode) => mode !== 0)).toEqual([])
    expect(own.server.stderr).not.toContain('can be looked into')
    mkdirSync(`${folder.path}/open`)
    chmodSync(`${folder.path}/open`, 0o755)
    const open = await startOne(`${folder.path}/open`)
    expect(open.server.stderr).toMatch(/--data-dir .*open can be looked into by others.*chmod 700/)
  })

  test('a signal ends it whenever it comes, while it starts too', async () => {
    const moments = [/./, /formatted/, /serves clients on/]
    await Promise.all(
      moments.map(async (moment) => {
        using folder = temporaryFolder()
        const port = await freePorts(1)
        const addresses = ['--listen-client-urls', 'http://127.0.0.1:0', '--initial-advertise-peer-urls']
        const server = synod(['start', '--data-dir', folder.path, ...addresses, `http://127.0.0.1:${port}`])
        await server.said(moment)
        server.signal('SIGTERM')
        expect([0, null]).toContain((await server.ended()).code)
      }),
    )
  })

  test('a first start that fails has formatted the directory, and says what to delete before another try', async () => {
    using folder = temporaryFolder()
    const { url } = await startOne(`${folder.path}/other`)
    const port = await freePorts(2)
    const start = async (initial: string, clients: string): Promise<string> => {
      const flags = ['--data-dir', `${folder.path}/a`, '--name', 'a', '--initial-cluster', initial]
      const { code, stderr } = await run(['start', ...flags, '--listen-client-urls', clients])
      expect(code).toBe(1)
      return stderr
    }
    const peers = `b=http://127.0.0.1:${port + 1}`
    expect(await start(`a=http://127.0.0.1:${port},${peers}`, url)).toMatch(/is in use.*\/a is formatted.*delete it/)
    expect(await start(`a=http://127.0.0.2:${port},${peers}`, 'http://127.0.0.1:0')).toMatch(
      /belongs to cluster.*has never taken part in its cluster.*delete this directory/,
    )
  })

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
    expect(JSON.parse(status[1])).toMatchObject({
      endpoints: [{ endpoint: url, leads: true, name: 'default', engine: 'raft' }],
    })
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
    // It holds what was acknowledged: nobody is told to delete it.
    expect(stranger.stderr).not.toContain('delete')
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
    // npm passes on what the terminal has sent already: that is no second one.
    again.signal('SIGINT')
    await sleep(500)
    expect(again.child.exitCode).toBeNull()
    again.signal('SIGINT')
    expect((await again.ended()).code).toBe(1)
    while (!(await isFree(port))) await sleep(20)
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
