import { execFile } from 'node:child_process'
import type { X509Certificate } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { asArgument, certificateFlags } from '../cli/certificate-flags.ts'
import { freePorts } from '../testing/ports.ts'
import { run, runHere, synod, temporaryFolder } from '../testing/processes.ts'
import type { Running } from '../testing/processes.ts'
import { TestAuthority, writePair } from '../testing/certificates.ts'

// Goal: a cluster over TLS is made, used, grown and renewed by the commands that the documents name, without a restart and
// without a secret in a log. Method: those commands, in processes of their own.

const names = ['a', 'b', 'c'] as const
type Name = string

interface Cluster {
  readonly path: string
  readonly members: Map<Name, Running>
  readonly endpoints: string
  /** The flags of a client with its certificate. */
  readonly client: readonly string[]
  readonly port: (member: Name) => number
  readonly reload: () => Promise<void>
}

async function startCluster(): Promise<Cluster> {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  const { path } = folder
  const made = await runHere([
    'certificates',
    'create',
    `--directory=${path}/made`,
    `--members=${names.map((name) => `${name}=127.0.0.1`).join(',')}`,
  ])
  expect(made.code).toBe(0)
  // As on their machines.
  for (const name of names) cpSync(`${path}/made/members/${name}`, `${path}/certs/${name}`, { recursive: true })
  const first = await freePorts(8)
  const port = (member: Name): number => first + 2 * 'abcd'.indexOf(member)
  const initialCluster = names.map((name) => `${name}=https://127.0.0.1:${port(name) + 1}`).join(',')
  const members = new Map<Name, Running>()
  for (const name of names) {
    const member = synod([
      'start',
      `--name=${name}`,
      `--data-dir=${path}/data/${name}`,
      `--initial-cluster=${initialCluster}`,
      `--listen-client-urls=https://127.0.0.1:${port(name)}`,
      '--log-level=debug',
      ...certificateFlags(`${path}/certs/${name}`).map(asArgument),
      '--peer-client-cert-auth',
    ])
    onTestFinished(() => member.kill())
    members.set(name, member)
  }
  await Promise.all([...members.values()].map(async (member) => member.said(/serves clients on/)))
  const place = `${path}/made/clients/client`
  const client = [`--cacert=${place}/ca.crt`, `--cert=${place}/client.crt`, `--key=${place}/client.key`]
  const reload = async (): Promise<void> => {
    for (const member of members.values()) {
      const before = [...member.stderr.matchAll(/certificates are read again \(--peer-cert-file/g)].length
      member.signal('SIGHUP')
      await member.said(new RegExp(`(?:certificates are read again \\(--peer-cert-file[^]*){${before + 1}}`))
    }
  }
  const endpoints = names.map((name) => `127.0.0.1:${port(name)}`).join(',')
  return { path, members, endpoints, client, port, reload }
}

/** The certificate that a port shows. */
async function shownAt(port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    socket.on('error', () => undefined)
    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate()
      socket.destroy()
      if (certificate === undefined) reject(new Error('it has shown no certificate'))
      else resolve(certificate)
    })
  })
}

const etcdctl = '/usr/bin/etcdctl'

async function etcd(args: readonly string[]): Promise<{ readonly failed: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(etcdctl, args, { env: { ETCDCTL_API: '3' } }, (error, stdout, stderr) => {
      resolve({ failed: error !== null, output: stdout + stderr })
    })
  })
}

test(
  'three members over TLS: written, grown, renewed and moved to another authority, without a secret in a log',
  { timeout: 90_000 },
  async () => {
    const { path, members, endpoints, client, port, reload } = await startCluster()
    const secret = 'marker-4f1c9e'
    const put = async (key: string, flags: readonly string[] = client, at = endpoints): Promise<number | null> =>
      (await runHere(['put', key, secret, `--endpoints=${at}`, ...flags])).code
    expect(await put('first')).toBe(0)
    // Until each has said where it serves clients.
    let status = { code: 1 as number | null, stdout: '' }
    while (status.code !== 0) status = await runHere(['status', '--cluster', `--endpoints=${endpoints}`, ...client])
    expect(status.stdout.match(/https:\/\/127.0.0.1/g)).toHaveLength(3)

    // etcd's client is of another language and another library of TLS.
    if (existsSync(etcdctl)) {
      const at = `--endpoints=https://127.0.0.1:${port('a')}`
      expect(await etcd([at, ...client, 'get', 'first'])).toEqual({ failed: false, output: `first\n${secret}\n` })
      const short = ['--command-timeout=1s', '--dial-timeout=1s']
      expect(await etcd([at, ...client.slice(0, 1), ...short, 'get', 'first'])).toMatchObject({ failed: true })
    }

    // The directory of a member's data is its own.
    expect(statSync(`${path}/data/a`).mode & 0o777).toBe(0o700)
    expect(members.get('a')?.stderr).not.toContain('"level":40,"msg":"--')

    // A fourth one, by what is printed.
    await runHere(['certificates', 'create', `--directory=${path}/made`, '--members=d=127.0.0.1'])
    cpSync(`${path}/made/members/d`, `${path}/certs/d`, { recursive: true })
    const peer = `https://127.0.0.1:${port('d') + 1}`
    const added = await runHere(['member', 'add', 'd', `--peer-urls=${peer}`, `--endpoints=${endpoints}`, ...client])
    const [, command = ''] = /npx synod (start .*)/.exec(added.stdout) ?? []
    expect(command).not.toContain('insecure')
    const flags = command.replaceAll("'", '').split(' ')
    // The certificate of another member is not enough, and what is missing is said.
    const wrong = await run([...flags, `--data-dir=${path}/data/d`], { directory: `${path}/certs/c` })
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is that of member c, and this is --name d/) as string,
    })
    const fourth = synod([...flags, `--data-dir=${path}/data/d`, '--log-level=debug'], { directory: `${path}/certs/d` })
    onTestFinished(() => fourth.kill())
    members.set('d', fourth)
    await fourth.said(/serves clients on/)

    // Renewed: what is copied over the old files is shown to who connects, and nobody is interrupted.
    const before = await shownAt(port('b'))
    await runHere(['certificates', 'create', `--directory=${path}/made`, '--renew'])
    for (const name of [...names, 'd'])
      cpSync(`${path}/made/members/${name}`, `${path}/certs/${name}`, { recursive: true })
    await reload()
    expect((await shownAt(port('b'))).serialNumber).not.toBe(before.serialNumber)
    expect(await put('renewed')).toBe(0)

    // Another authority: believed first, used next, alone at last.
    const list = [...names, 'd'].map((name) => `${name}=127.0.0.1`).join(',')
    await runHere(['certificates', 'create', `--directory=${path}/next`, `--members=${list}`])
    const both = readFileSync(`${path}/made/ca.crt`, 'utf8') + readFileSync(`${path}/next/ca.crt`, 'utf8')
    for (const name of [...names, 'd']) writeFileSync(`${path}/certs/${name}/ca.crt`, both)
    await reload()
    expect(await put('both are believed')).toBe(0)
    const next = `${path}/next/clients/client`
    const nextClient = [`--cacert=${next}/ca.crt`, `--cert=${next}/client.crt`, `--key=${next}/client.key`]
    for (const name of [...names, 'd']) {
      for (const file of ['server.crt', 'server.key', 'peer.crt', 'peer.key'])
        copyFileSync(`${path}/next/members/${name}/${file}`, `${path}/certs/${name}/${file}`)
    }
    await reload()
    expect(await put('certificates of the next one', nextClient)).toBe(0)
    for (const name of [...names, 'd']) copyFileSync(`${path}/next/ca.crt`, `${path}/certs/${name}/ca.crt`)
    await reload()
    expect(await put('the next one alone', nextClient)).toBe(0)
    const old = [`--cacert=${next}/ca.crt`, ...client.slice(1)]
    expect(await put('by a certificate of the old one', old)).not.toBe(0)

    // A member that starts anew finds the others by the new authority.
    members.get('a')?.signal('SIGTERM')
    expect((await members.get('a')?.ended())?.code).toBe(0)
    for (const [name, member] of members) {
      if (name !== 'a') member.signal('SIGTERM')
      await member.ended()
      expect(member.stderr).not.toContain(secret)
      expect(member.stderr).not.toContain('PRIVATE')
      expect(member.stderr).toContain('"level":20')
    }
  },
)

test('a start with a certificate that cannot be used fails at once, names the flag, and formats nothing', async () => {
  using folder = temporaryFolder()
  const authority = new TestAuthority()
  const expired = writePair(folder.path, 'expired', authority.issue({ from: -3, to: -1 }))
  writeFileSync(`${folder.path}/ca.crt`, authority.pem)
  const flags = [
    'start',
    `--data-dir=${folder.path}/data`,
    '--listen-client-urls=https://127.0.0.1:0',
    '--initial-cluster=default=http://127.0.0.1:1',
  ]
  const { code, stderr } = await run([...flags, `--cert-file=${expired.cert}`, `--key-file=${expired.key}`])
  expect(stderr).toMatch(/^synod: --cert-file .*expired.crt has expired on .*: renew it/m)
  expect(code).toBe(1)
  expect(existsSync(`${folder.path}/data`)).toBe(false)
})

test('the client commands say what is wrong with their files and their URLs', async () => {
  using folder = temporaryFolder()
  const authority = new TestAuthority()
  const pair = writePair(folder.path, 'a', authority.issue())
  const other = writePair(folder.path, 'b', authority.issue())
  writeFileSync(`${folder.path}/ca.crt`, authority.pem)
  const failure = async (...args: string[]): Promise<string> => (await runHere(['get', 'a', ...args])).stderr
  expect(await failure(`--cert=${pair.cert}`)).toContain('--cert is given without --key')
  expect(await failure(`--cacert=${folder.path}/none`)).toMatch(/--cacert .*none cannot be read: ENOENT/)
  expect(await failure(`--cert=${pair.cert}`, `--key=${other.key}`)).toMatch(
    /--cert .* with --key .* cannot be used: .*mismatch/,
  )
  expect(await failure(`--cacert=${folder.path}/ca.crt`, '--endpoints=http://127.0.0.1:1')).toContain('is plaintext')
  expect(await failure(`--cacert=${folder.path}/ca.crt`, '--endpoints=127.0.0.1:1')).toContain(
    'https://127.0.0.1:1: connect ECONNREFUSED',
  )
  const env = { SYNOD_CACERT: `${folder.path}/none` }
  expect((await run(['get', 'a'], { env })).stderr).toMatch(/--cacert .*none cannot be read/)
})

test('cluster dev --tls makes its certificates, and the commands that it prints are good', async () => {
  using folder = temporaryFolder()
  const port = await freePorts(2)
  const shape = ['--nodes=1', `--base-port=${port}`, `--data-dir=${folder.path}/dev`]
  const cluster = synod(['cluster', 'dev', '--tls', ...shape])
  onTestFinished(() => cluster.kill())
  await cluster.said(/Ctrl-C stops the cluster/)
  const exported = [...cluster.stdout.matchAll(/export (SYNOD_\w+)=(.*)/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ])
  const [, put = ''] = /npx synod (put .*)/.exec(cluster.stdout) ?? []
  const env = Object.fromEntries(exported) as Record<string, string>
  expect(await run(put.split(' '), { env })).toMatchObject({ code: 0, stdout: 'OK\n' })
  cluster.signal('SIGTERM')
  await cluster.ended()
  expect((await runHere(['cluster', 'dev', ...shape])).stderr).toContain('--tls: start it with these')
})
