import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { TestAuthority, writePair } from '../../testing/certificates.ts'
import { freePorts } from '../../testing/ports.ts'
import { runHere } from '../../testing/processes.ts'
import { RealNode } from '../../testing/real-node.ts'
import { checkCertificates, checkKey } from './certificates.ts'
import { judgeCluster } from './cluster.ts'
import type { Answer } from './cluster.ts'
import { judgeSpace, judgeSyncs } from './disk.ts'
import type { Finding } from './finding.ts'

// Goal: what is wrong is found, said in one line with what to do, and nothing is changed. Method: the command on directories,
// ports and members of its own; what the judgement rests on, by hand.

/** For localhost names only, made for these tests: valid from 2026-11-30 to 2027-02-28. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIUfIPhPFFgYxzqqrWme7hFReBENdUwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAeFw0yNjExMzAwNzMzMTZaFw0yNzAyMjgwNzMzMTZaMAwx
CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARO3Sf2G3swP/qZ
BGYDaLNSUBDgmH85rlYLg7CoheVlxz4IOqGXnvoeYgp8PtchsCZv/13UcHOzvSg/
LknwQxSNo20wazAdBgNVHQ4EFgQUWoIGPWCt9NR7UbBt6IYZ2aBS+SowHwYDVR0j
BBgwFoAUWoIGPWCt9NR7UbBt6IYZ2aBS+SowDwYDVR0TAQH/BAUwAwEB/zAYBgNV
HREEETAPggdzeW5vZC1hhwQKAAABMAoGCCqGSM49BAMCA0gAMEUCIAt1Bzu1P6H9
lZMfayIsQicRvBOw821OO3byBpphwqNFAiEAss59gCTvEd/3iOrygXSMXOUumt5+
o5B4Xq3gvPas9Yw=
-----END CERTIFICATE-----`

/** In memory where that can be had: how long a disk takes is not the question here. */
function folder(): string {
  const path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'synod-doctor-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

async function examined(args: string[]): Promise<{ code: number | null; checks: Finding[] }> {
  const { code, stdout } = await runHere(['doctor', '--json', ...args])
  return { code, checks: (JSON.parse(stdout) as { checks: Finding[] }).checks }
}

function found(checks: readonly Finding[], check: string): Finding {
  const one = checks.find((finding) => finding.check.startsWith(check))
  if (one === undefined) throw new Error(`${check} is not among ${checks.map((finding) => finding.check).join(', ')}`)
  return one
}

describe('this machine', () => {
  test('a directory that is not there yet is fine, and is not made', async () => {
    const directory = join(folder(), 'data')
    const port = await freePorts(2)
    const { code, checks } = await examined([
      `--data-dir=${directory}`,
      `--listen-client-urls=http://127.0.0.1:${port}`,
      `--listen-peer-urls=http://127.0.0.1:${port + 1}`,
    ])
    expect(found(checks, 'directory')).toMatchObject({ status: 'ok', found: expect.stringContaining('not there') })
    expect(found(checks, `port ${port}`).status).toBe('ok')
    expect(() => statSync(directory)).toThrow('ENOENT')
    expect(code).toBe(checks.some(({ status }) => status === 'problem') ? 1 : 0)
  })

  test('a directory that others can look into is warned of, with the command that mends it', async () => {
    const directory = folder()
    const open = join(directory, 'open')
    mkdirSync(open, { mode: 0o755 })
    const { checks } = await examined([`--data-dir=${open}`])
    expect(found(checks, 'directory')).toMatchObject({ status: 'warning', advice: `chmod 0700 ${open}` })
  })

  test('a damaged identity is a problem', async () => {
    const directory = folder()
    writeFileSync(join(directory, 'identity'), 'SYNODDIR and then nothing that could be read')
    const { code, checks } = await examined([`--data-dir=${directory}`])
    expect(found(checks, 'identity')).toMatchObject({ status: 'problem', found: expect.stringContaining('identity') })
    expect(code).toBe(1)
  })

  test('a port that somebody has is a problem, and says who', async () => {
    const port = await freePorts(1)
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { checks } = await examined([`--data-dir=${folder()}`, `--listen-client-urls=http://127.0.0.1:${port}`])
    const { status, found: text } = found(checks, `port ${port}`)
    expect(status).toBe('problem')
    if (process.platform === 'linux') expect(text).toContain(`process ${process.pid}`)
  })

  test('settings that a member would not start with are said first', async () => {
    const { code, checks } = await examined(['--heartbeat-interval=900', '--data-dir=/nowhere'])
    expect(checks).toMatchObject([
      { check: 'settings', status: 'problem', found: expect.stringContaining('--election-timeout') },
    ])
    expect(code).toBe(1)
  })

  test('so are certificates that a member would not start with', async () => {
    const directory = folder()
    const authority = new TestAuthority()
    const { cert } = writePair(directory, 'a', authority.issue())
    const { key } = writePair(directory, 'b', authority.issue())
    const tls = ['--listen-client-urls=https://127.0.0.1:1', `--cert-file=${cert}`, `--key-file=${key}`]
    const { code, checks } = await examined([`--data-dir=${directory}`, ...tls])
    const settings = { status: 'problem', found: expect.stringContaining(`--key-file ${key} is not the key of`) }
    expect(found(checks, 'settings')).toMatchObject(settings)
    expect(code).toBe(1)
  })

  test.each([
    ['ok', { p50: 0.1, p99: 0.4, count: 400 }],
    ['warning', { p50: 2, p99: 24, count: 400 }],
    ['problem', { p50: 20, p99: 140, count: 60 }],
  ])('a disk is %s by its p99', (status, times) => {
    expect(judgeSyncs(times, 100).status).toBe(status)
  })

  test.each([
    ['ok', 100],
    ['warning', 4],
    ['problem', 0.1],
  ])('space is %s with %d GiB free of a quota of 2 GiB', (status, free) => {
    expect(judgeSpace(free * 2 ** 30, 0, 2 ** 31).status).toBe(status)
  })
})

describe('certificates', () => {
  const file = (text: string): string => {
    const path = join(folder(), 'certificate.pem')
    writeFileSync(path, text)
    return path
  }

  test.each([
    ['problem', '2026-11-01', 'valid from'],
    ['ok', '2026-12-02', 'valid for 88 days'],
    ['warning', '2027-02-20', 'expires in 8 days'],
    ['problem', '2027-03-01', 'expired on'],
  ])('are %s on %s', (status, date, says) => {
    const path = file(certificate)
    const [finding, ...more] = checkCertificates('--cert-file', path, Date.parse(date))
    expect(finding).toMatchObject({ status, found: expect.stringContaining(says) })
    expect(finding?.found).toContain('DNS:synod-a')
    expect(more).toEqual([])
  })

  test('every one of a bundle is looked at', () => {
    expect(checkCertificates('--trusted-ca-file', file(`${certificate}\n${certificate}`), 0)).toHaveLength(2)
  })

  test('that are none, or not there, are problems', () => {
    expect(checkCertificates('--cert-file', file('nothing'), 0)).toMatchObject([{ status: 'problem' }])
    expect(checkCertificates('--cert-file', file(certificate.replace('MII', 'AAA')), 0)).toMatchObject([
      { status: 'problem' },
    ])
    expect(checkCertificates('--cert-file', '/nowhere.pem', 0)).toMatchObject([{ status: 'problem' }])
  })
})

describe('private keys', () => {
  test('are looked at wherever one is named: of a member, of its peer port, of a client', async () => {
    const directory = folder()
    const authority = new TestAuthority()
    const { cert, key } = writePair(directory, 'a', authority.issue({ hosts: ['127.0.0.1'], members: ['default'] }))
    const { cert: ca } = writePair(directory, 'ca', { certificate: authority.pem, key: '' })
    chmodSync(key, 0o644)
    const port = await freePorts(3)
    const { code, checks } = await examined([
      `--data-dir=${directory}/data`,
      `--listen-client-urls=https://127.0.0.1:${port}`,
      `--initial-advertise-peer-urls=https://127.0.0.1:${port + 1}`,
      `--initial-cluster=default=https://127.0.0.1:${port + 1}`,
      `--listen-metrics-urls=https://127.0.0.1:${port + 2}`,
      `--cert-file=${cert}`,
      `--key-file=${key}`,
      `--peer-cert-file=${cert}`,
      `--peer-key-file=${key}`,
      `--peer-trusted-ca-file=${ca}`,
      `--cert=${cert}`,
      `--key=${key}`,
    ])
    for (const flag of ['--key-file', '--peer-key-file', '--key']) {
      const open = { check: `key ${flag}`, status: 'warning', advice: expect.stringContaining(`chmod 600 ${key}`) }
      expect(checks).toContainEqual(expect.objectContaining(open))
    }
    expect(found(checks, `port ${port + 2}`)).toMatchObject({ found: expect.stringContaining('--listen-metrics-urls') })
    expect(code).toBe(0)
  })

  test.each([
    ['ok', 0o600],
    ['ok', 0o640],
    ['warning', 0o644],
    ['warning', 0o602],
  ])('are %s with mode %o', (status, mode) => {
    const { key } = writePair(folder(), 'a', { certificate: '', key: '' })
    chmodSync(key, mode)
    expect(checkKey('--key-file', key)).toMatchObject({
      status,
      found: expect.stringContaining(`0${mode.toString(8)}`),
    })
  })

  test('that are not there are problems', () => {
    expect(checkKey('--key-file', '/nowhere.key')).toMatchObject({ status: 'problem' })
  })
})

describe('a member', () => {
  const node = new RealNode()
  beforeEach(async () => void (await node.start()))
  afterEach(async () => node.stop())

  test('that runs is found sound through its endpoint, and so is its machine, of which nothing changes', async () => {
    const { directory, peerAddress } = node.config
    // The member itself still fills its next segment.
    await expect.poll(() => readdirSync(directory), { timeout: 10_000 }).toContain('journal-0000000002')
    const before = contents(directory)
    const { code, checks } = await examined([
      `--endpoints=${node.url}`,
      `--data-dir=${directory}`,
      '--name=m1',
      `--initial-cluster=m1=${peerAddress.url}`,
      `--listen-client-urls=${node.url}`,
    ])
    expect(checks.filter(({ status }) => status === 'problem')).toEqual([])
    expect(code).toBe(0)
    expect(found(checks, `port ${node.port}`).found).toContain('this member')
    expect(found(checks, 'identity').found).toContain('engine raft')
    expect(found(checks, 'leader').status).toBe('ok')
    expect(found(checks, 'quorum')).toMatchObject({ status: 'warning', found: expect.stringContaining('one voter') })
    expect(contents(directory)).toEqual(before)
  })

  test('that is stopped has its journal read, and what was synced and cannot be read is said', async () => {
    const { directory } = node.config
    await node.halt()
    expect(found((await examined([`--data-dir=${directory}`])).checks, 'journal').found).toContain('whole')
    const journal = join(directory, readdirSync(directory).find((name) => name.startsWith('journal-')) ?? '')
    const bytes = readFileSync(journal)
    bytes.fill(0xff, 4096, 4120)
    writeFileSync(journal, bytes)
    expect(found((await examined([`--data-dir=${directory}`])).checks, 'journal').status).toBe('warning')
  })
})

/** But for what the journal writes at any time, names and modes of everything in it. */
function contents(directory: string): string[] {
  return readdirSync(directory).map((name) => `${name} ${statSync(join(directory, name)).mode}`)
}

describe('a cluster, by what its members say', () => {
  const members = [1n, 2n, 3n].map((id) => ({ id, name: `m${id}`, peerUrls: [], clientUrls: [], isLearner: false }))
  const status = {
    version: '3.6.14',
    dbSize: 1000,
    leader: 1n,
    raftIndex: 100,
    raftTerm: 2,
    raftAppliedIndex: 100,
    errors: [] as string[],
    dbSizeInUse: 1000,
    isLearner: false,
    storageVersion: '3.6.0',
    synodVersion: '0.1.0',
    dbSizeQuota: 10_000,
    phis: [],
    engine: 'raft',
  }
  const account = (id: bigint, other: Partial<typeof status> = {}, clusterId = 7n): Answer => {
    const header = { clusterId, memberId: id, revision: 1, raftTerm: 2 }
    return { url: `http://m${id}:1`, ms: 1, error: undefined, said: { ...status, ...other, header } }
  }
  const silent = (id: bigint): Answer => ({ url: `http://m${id}:1`, ms: 1, error: 'refused', said: undefined })
  const all = [account(1n), account(2n), account(3n)]
  const trouble = (answers: Answer[], of = members): string[] =>
    judgeCluster(answers, of)
      .filter(({ status: one }) => one !== 'ok')
      .map((finding) => `${finding.status} ${finding.check}`)

  test('three that agree are sound', () => {
    expect(trouble(all)).toEqual([])
    expect(judgeCluster(all, members).find(({ check }) => check === 'quorum')?.found).toContain(
      '1 more failure is survived',
    )
  })

  test.each<[string, Answer[], string]>([
    ['one is missing', [account(1n), account(2n), silent(3n)], 'warning quorum'],
    ['the majority is missing', [account(1n, { leader: 0n }), silent(2n), silent(3n)], 'problem quorum'],
    ['nobody leads', all.map((_, i) => account(BigInt(i + 1), { leader: 0n })), 'problem leader'],
    ['two are believed to lead', [account(1n), account(2n, { leader: 2n }), account(3n)], 'warning leader'],
    ['two clusters are mixed', [account(1n), account(2n, {}, 8n), account(3n)], 'problem cluster'],
    ['one lags far behind', [account(1n, { raftIndex: 9000 }), account(2n), account(3n)], 'problem lag'],
    ['one lags', [account(1n, { raftIndex: 2000, raftAppliedIndex: 2000 }), account(2n), account(3n)], 'warning lag'],
    [
      'the quota is nearly used',
      [account(1n, { dbSize: 9000 }), account(2n), account(3n)],
      'warning quota http://m1:1',
    ],
    ['the quota is used', [account(1n, { dbSize: 10_000 }), account(2n), account(3n)], 'problem quota http://m1:1'],
    [
      'an alarm is on',
      [account(1n, { errors: ['memberID:1 alarm:NOSPACE'] }), account(2n), account(3n)],
      'problem errors http://m1:1',
    ],
    ['versions differ', [account(1n, { version: '3.6.15' }), account(2n), account(3n)], 'warning version'],
    ['engines differ', [account(1n, { engine: 'multi-paxos' }), account(2n), account(3n)], 'warning engine'],
  ])('%s', (_, answers, expected) => {
    expect(trouble(answers)).toContain(expected)
  })

  test('a peer that is silent for too long is named', () => {
    const first = account(1n)
    const answers = [
      { ...first, said: first.said && { ...first.said, phis: [{ id: 3n, phi: 120 }] } },
      account(2n),
      account(3n),
    ]
    expect(judgeCluster(answers, members).find(({ check }) => check.startsWith('peers'))?.found).toContain('m3')
  })

  test('an even number of voters is warned of', () => {
    const fourth = { id: 4n, name: 'm4', peerUrls: [], clientUrls: [], isLearner: false }
    expect(trouble([...all, account(4n)], [...members, fourth])).toEqual(['warning quorum'])
  })
})
