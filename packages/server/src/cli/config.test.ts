import { describe, expect, test } from 'vitest'
import { isLoopback, parseAddress } from './addresses.ts'
import { resolveConfig } from './config.ts'
import type { StartOptions } from './config.ts'
import { UsageError } from './exit.ts'
import { identify } from './identity.ts'
import { closest } from './suggestions.ts'

const defaults: StartOptions = {
  name: 'default',
  listenClientUrls: 'http://127.0.0.1:2379',
  initialClusterToken: 'synod-cluster',
  initialClusterState: 'new',
  engine: 'raft',
  heartbeatInterval: 100,
  electionTimeout: 1000,
  quotaBackendBytes: 2 ** 31,
  snapshotCount: 100_000,
  maxRequestBytes: 1.5 * 1024 * 1024,
  logLevel: 'info',
  logFormat: 'auto',
}

function refusal(options: Partial<StartOptions>): string {
  try {
    resolveConfig({ ...defaults, ...options })
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'accepted'
}

describe('identity', () => {
  const members = [
    { name: 'a', peerUrl: 'http://10.0.0.1:2380' },
    { name: 'b', peerUrl: 'http://10.0.0.2:2380' },
    { name: 'c', peerUrl: 'http://10.0.0.3:2380' },
  ]

  test('it does not depend on the order of the list', () => {
    expect(identify(members.toReversed(), 't')).toEqual(identify(members, 't'))
  })

  test('it is the same in every version: a member that is started anew must find its own directory', () => {
    const { text, members: named } = identify(members, 'synod-cluster')
    expect({ text, named: named.map(({ name, node }) => `${name} ${node}`) }).toMatchInlineSnapshot(`
      {
        "named": [
          "a bec67753751823ce",
          "c c7d3c0fae3f7f181",
          "b e3d6e2ce33a7d429",
        ],
        "text": "508a67485fc6a275",
      }
    `)
  })

  test('another token, or another address, makes other ids', () => {
    const ids = (token: string, list = members): string[] => {
      const { text, members: named } = identify(list, token)
      return [text, ...named.map(({ node }) => node)]
    }
    expect(ids('t').filter((id) => ids('u').includes(id))).toEqual([])
    const moved = members.map((member) =>
      member.name === 'a' ? { ...member, peerUrl: 'http://10.0.0.9:2380' } : member,
    )
    expect(ids('t', moved).filter((id) => ids('t').includes(id))).toHaveLength(2)
  })

  test('a member may be renamed', () => {
    const renamed = members.map((member) => ({ ...member, name: `${member.name}2` }))
    expect(identify(renamed, 't').text).toBe(identify(members, 't').text)
  })
})

describe('settings', () => {
  test('without any, one member on loopback', () => {
    const config = resolveConfig(defaults)
    expect(config).toMatchObject({
      directory: 'synod-data/default',
      advertisedClientUrls: undefined,
      peerAddress: { host: '127.0.0.1', port: 2380 },
      self: { name: 'default', peerUrl: 'http://127.0.0.1:2380' },
      warnings: [],
    })
    expect(config.cluster.members).toHaveLength(1)
  })

  test('a member listens where the others were told, unless told otherwise', () => {
    const initialCluster = 'a=http://127.0.0.1:1380,b=http://127.0.0.1:1382'
    expect(resolveConfig({ ...defaults, name: 'b', initialCluster }).peerAddress.port).toBe(1382)
    const elsewhere = resolveConfig({ ...defaults, name: 'b', initialCluster, listenPeerUrls: '127.0.0.1:9' })
    expect(elsewhere.peerAddress.port).toBe(9)
  })

  test('another address than loopback is meant in so many words, and warned of', () => {
    expect(refusal({ listenClientUrls: '10.0.0.1:2379' })).toMatch(
      /write https:\/\/10.0.0.1:2379, with --cert-file and --key-file, or http:\/\/10.0.0.1:2379 if plaintext/,
    )
    expect(refusal({ listenClientUrls: 'http://0.0.0.0:2379' })).toContain('--advertise-client-urls')
    expect(refusal({ initialAdvertisePeerUrls: 'http://10.0.0.1:2380' })).toContain('--insecure-peers')
    const open = resolveConfig({
      ...defaults,
      listenClientUrls: 'http://10.0.0.1:2379',
      initialAdvertisePeerUrls: 'http://10.0.0.1:2380',
      insecurePeers: true,
    })
    expect(open.warnings).toHaveLength(2)
    const watched = resolveConfig({ ...defaults, listenMetricsUrls: 'http://127.0.0.1:2381,http://0.0.0.0:2382' })
    expect(watched.metricsAddresses.map(({ port }) => port)).toEqual([2381, 2382])
    expect(watched.warnings).toEqual([expect.stringContaining('http://0.0.0.0:2382 in plaintext')])
  })

  const certificates = { certFile: 's.crt', keyFile: 's.key' }
  const peerCertificates = { peerCertFile: 'p.crt', peerKeyFile: 'p.key', peerTrustedCaFile: 'ca.crt' }

  test('metrics by TLS are shown the certificate of clients, who may be in plaintext on this machine all the same', () => {
    const listenMetricsUrls = 'https://10.0.0.1:2381,http://127.0.0.1:2382'
    const { metricsAddresses, warnings } = resolveConfig({ ...defaults, ...certificates, listenMetricsUrls })
    expect(metricsAddresses.map(({ secure }) => secure)).toEqual([true, false])
    expect(warnings).toEqual([])
    // Without any https:// the certificate would protect nothing.
    expect(refusal({ ...certificates, listenMetricsUrls: 'http://127.0.0.1:2381' })).toContain(
      '--cert-file is given, but',
    )
  })

  test('with TLS, nothing has to be said in so many words, and nothing is warned of', () => {
    const secure = resolveConfig({
      ...defaults,
      ...certificates,
      ...peerCertificates,
      listenClientUrls: 'https://10.0.0.1:2379',
      initialCluster: 'default=https://10.0.0.1:2380,b=https://10.0.0.2:2380',
    })
    expect(secure.warnings).toEqual([])
    expect(secure.tls.clients).toMatchObject({ authority: undefined, minVersion: 'TLSv1.2', ciphers: undefined })
    expect(secure.tls.peers).toMatchObject({ authority: { flag: '--peer-trusted-ca-file', path: 'ca.crt' } })
  })

  test('a cluster moves to TLS member by member: with --insecure-peers certificates wait for the first that asks for them', () => {
    const initialCluster = 'default=http://10.0.0.1:2380,b=https://10.0.0.2:2380'
    const moving = { ...peerCertificates, initialCluster, insecurePeers: true }
    expect(resolveConfig({ ...defaults, ...moving }).warnings).toHaveLength(1)
    // The one that is there already reaches the other in plaintext.
    expect(resolveConfig({ ...defaults, ...moving, name: 'b' }).warnings).toEqual([
      expect.stringContaining('connects to http://10.0.0.1:2380 in plaintext'),
    ])
    expect(refusal({ ...peerCertificates, initialCluster })).toContain('while the cluster moves to TLS')
  })

  const https = { listenClientUrls: 'https://127.0.0.1:2379' }
  const withTls: [Partial<StartOptions>, string | RegExp][] = [
    [{ ...https, certFile: 's.crt' }, '--cert-file is given without --key-file'],
    [{ ...https, keyFile: 's.key' }, '--key-file is given without --cert-file'],
    [{ ...https, certFile: '', keyFile: 's.key' }, '--cert-file is empty'],
    [
      { ...certificates },
      '--cert-file is given, but --listen-client-urls is http://127.0.0.1:2379, which is plaintext',
    ],
    [{ ...https, ...certificates, clientCertAuth: true }, '--client-cert-auth needs --trusted-ca-file'],
    [{ trustedCaFile: 'ca.crt' }, '--trusted-ca-file is given without --cert-file and --key-file'],
    [{ ...https, ...certificates, clientCertAllowedCn: 'x' }, 'is given without --trusted-ca-file'],
    [
      { ...https, ...certificates, trustedCaFile: 'c', clientCertAllowedCn: 'x', clientCertAllowedHostname: 'y' },
      'both given',
    ],
    [{ initialCluster: 'default=https://127.0.0.1:2380' }, /https:\/\/127.0.0.1:2380 needs --peer-cert-file/],
    [{ initialCluster: 'default=http://127.0.0.1:2380,b=https://127.0.0.1:1' }, /127.0.0.1:1 needs --peer-cert-file/],
    [{ ...peerCertificates }, '--peer-cert-file is given, but --listen-peer-urls is http://127.0.0.1:2380'],
    [{ peerCertFile: 'p.crt', peerKeyFile: 'p.key' }, '--peer-cert-file needs --peer-trusted-ca-file'],
    [{ peerClientCertAuth: true }, '--peer-client-cert-auth is given without --peer-cert-file'],
    [
      { ...peerCertificates, initialCluster: 'default=https://127.0.0.1:1', listenPeerUrls: 'http://127.0.0.1:1' },
      'both have to be http:// or https://',
    ],
    [
      { tlsMinVersion: 'TLS1.3', tlsMaxVersion: 'TLS1.2', ...https, ...certificates },
      'is older than --tls-min-version',
    ],
    [{ ...https, ...certificates, cipherSuites: 'TLS_RSA_WITH_RC4_128_SHA' }, 'TLS_RSA_WITH_RC4_128_SHA" is not known'],
    [
      {
        ...https,
        ...certificates,
        tlsMinVersion: 'TLS1.3',
        cipherSuites: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      },
      'is of a version that is spoken: TLSv1.3',
    ],
    [{ autoTls: true }, /--auto-tls: .*synod certificates create/],
    [{ peerAutoTls: 'true' }, '--peer-auto-tls: '],
    [{ clientCrlFile: 'x' }, '--client-crl-file: '],
    [{ peerCrlFile: 'x' }, '--peer-crl-file: '],
  ]
  for (const [options, message] of withTls) {
    test(`${JSON.stringify(options)} is refused, and says why`, () => {
      expect(refusal(options)).toMatch(message)
    })
  }

  test('cipher suites have IANA’s names, as in etcd; a version of which none is named keeps its own', () => {
    const chosen = resolveConfig({
      ...defaults,
      ...https,
      ...certificates,
      cipherSuites: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    })
    expect(chosen.tls.clients?.ciphers).toBe(
      'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
    )
  })

  const refused: [Partial<StartOptions>, string][] = [
    [{ name: '' }, '--name'],
    [{ name: '../up' }, '--name'],
    [{ name: 'a=b' }, '--name'],
    [{ electionTimeout: 400 }, 'at least 5 times'],
    [{ listenClientUrls: 'https://127.0.0.1:2379' }, 'needs --cert-file and --key-file'],
    [{ listenClientUrls: 'ftp://x:1' }, 'only http://'],
    [{ listenClientUrls: 'http://127.0.0.1' }, 'expected http://host:port'],
    [{ listenClientUrls: 'http://127.0.0.1:99999' }, 'expected http://host:port'],
    [{ listenClientUrls: 'http://127.0.0.1:2379/path' }, 'expected http://host:port'],
    [{ listenClientUrls: 'http://127.0.0.1:2380' }, 'both on port 2380'],
    [{ initialCluster: 'a=http://127.0.0.1:1' }, 'does not contain --name default'],
    [{ initialCluster: 'default' }, 'expected name=http://host:port'],
    [{ initialCluster: 'default=http://127.0.0.1:1,default=http://127.0.0.1:2' }, 'default is there twice'],
    [{ initialCluster: 'default=http://127.0.0.1:1,b=http://127.0.0.1:1' }, 'http://127.0.0.1:1 is there twice'],
    [{ initialCluster: 'default=http://0.0.0.0:1' }, 'can connect to'],
    [{ initialCluster: 'default=http://127.0.0.1:1', initialAdvertisePeerUrls: 'http://127.0.0.1:2' }, 'must be equal'],
    [{ listenPeerUrls: 'http://127.0.0.1:1,http://127.0.0.1:2' }, 'one peer URL'],
    [{ listenClientUrls: '[fd00::2]:2379' }, 'write https://[fd00::2]:2379, with --cert-file'],
    [{ listenMetricsUrls: '10.0.0.1:2381' }, '--listen-metrics-urls: 10.0.0.1:2381 can be reached from other machines'],
    [{ listenMetricsUrls: 'http://127.0.0.1:2379' }, 'is where clients or peers connect'],
    [{ listenMetricsUrls: 'http://127.0.0.1:2380' }, 'is where clients or peers connect'],
    [
      { listenMetricsUrls: 'https://127.0.0.1:1' },
      '--listen-metrics-urls: https://127.0.0.1:1 needs --cert-file and --key-file',
    ],
    [{ listenMetricsUrls: '' }, '--listen-metrics-urls: : expected http://host:port'],
  ]
  for (const [options, message] of refused) {
    test(`${JSON.stringify(options)} is refused, and says why`, () => {
      expect(refusal(options)).toContain(message)
    })
  }
})

test('what loopback is', () => {
  const loopback = (host: string): boolean => isLoopback(parseAddress(`http://${host}:1`, '--x'))
  expect(['127.0.0.1', '127.9.9.9', 'localhost', '[::1]'].map(loopback)).toEqual([true, true, true, true])
  expect(['127.0.0.1.example.org', '10.0.0.1', '0.0.0.0', '[::]', 'localhost.example.org'].map(loopback)).not.toContain(
    true,
  )
})

test('a slip of the finger finds the word, and a strange one nothing', () => {
  const known = ['SYNOD_NAME', 'SYNOD_DATA_DIR', 'SYNOD_LISTEN_CLIENT_URLS']
  expect(closest('SYNOD_DATADIR', known)).toBe('SYNOD_DATA_DIR')
  expect(closest('SYNOD_LISTEN_CLIENT_URL', known)).toBe('SYNOD_LISTEN_CLIENT_URLS')
  expect(closest('XYZZY_PLUGH_QUUX', known)).toBeUndefined()
})
