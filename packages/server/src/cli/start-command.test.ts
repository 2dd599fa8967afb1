import { describe, expect, test } from 'vitest'
import type { Member } from '../proto/member-messages.ts'
import { parseAddress } from './addresses.ts'
import { resolveConfig } from './config.ts'
import type { ServerConfig } from './config.ts'
import { startCommand } from './start-command.ts'

// Goal: `synod start` takes the command that is printed for a member that was added, wherever the members are. Method: its
// flags, read back, by the same rules as those of a start.

function member(id: bigint, name: string, peerUrls: readonly string[], clientUrls: readonly string[] = []): Member {
  return { id, name, peerUrls, clientUrls, isLearner: false }
}

/** The settings of a start by the command for a member of this name, which its peers reach at `peerUrl`. */
function started(name: string, peerUrl: string, members: readonly Member[], engine = 'raft'): ServerConfig {
  const all = [...members, member(9n, '', [peerUrl])]
  const { command, clientUrl } = startCommand(name, parseAddress(peerUrl, ''), all, engine)
  const [, ...words] = command.replaceAll("'", '').split(/ (?=--)/)
  const options = words.map((word) => {
    const [flag = '', ...value] = word.slice(2).split('=')
    return [flag.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()), value.join('=') || true]
  })
  const config = resolveConfig({ ...defaults, ...Object.fromEntries(options) })
  expect(config.clientAddresses).toMatchObject([{ url: clientUrl }])
  return config
}

const defaults = {
  initialClusterToken: 'synod-cluster',
  heartbeatInterval: 100,
  electionTimeout: 1000,
  quotaBackendBytes: 0,
  snapshotCount: 1,
  maxRequestBytes: 1024,
  logLevel: 'info',
  logFormat: 'auto',
  engine: 'raft',
} as const

describe('the command that starts a member', () => {
  test('has certificates where the others have them, in the directory in which it is started', () => {
    const secure = started('m4', 'https://10.0.0.4:2380', [
      member(1n, 'm1', ['https://10.0.0.1:2380'], ['https://10.0.0.1:2379']),
    ])
    expect(secure.clientAddresses).toMatchObject([{ url: 'https://10.0.0.4:2381' }])
    expect(secure.tls.peers).toMatchObject({ certificate: { path: 'peer.crt' } })
    expect(secure.warnings).toEqual([])
    const half = started('m4', 'https://10.0.0.4:2380', [
      member(1n, 'm1', ['https://10.0.0.1:2380'], ['http://10.0.0.1:2379']),
    ])
    expect(half.tls.clients).toBeUndefined()
  })

  test('on one machine gives its clients a port that no member has', () => {
    const config = started('m4', 'http://127.0.0.1:2378', [
      member(1n, 'm1', ['http://127.0.0.1:2380'], ['http://127.0.0.1:2379']),
      member(2n, 'm2', ['http://localhost:2382'], ['http://localhost:2381']),
    ])
    expect(config.clientAddresses).toMatchObject([{ host: '127.0.0.1', port: 2383 }])
    expect(config.state).toBe('existing')
    expect(config.warnings).toEqual([])
  })

  test('starts the engine that the cluster runs', () => {
    const members = [member(1n, 'm1', ['http://127.0.0.1:2380'])]
    for (const engine of ['raft', 'multi-paxos'])
      expect(started('m4', 'http://127.0.0.1:2390', members, engine).engine).toBe(engine)
  })

  test('on other machines than this one says that there is no TLS, and tells clients an address that they reach', () => {
    const config = started('m4', 'http://[fd00::4]:65535', [
      member(1n, 'm1', ['http://[fd00::1]:2380'], ['http://[fd00::1]:2379']),
    ])
    expect(config.clientAddresses).toMatchObject([{ host: 'fd00::4', port: 1024 }])
    expect(config.warnings).toContainEqual(expect.stringContaining('--insecure-peers'))
  })

  test('names nobody twice, whatever the members are called, and whatever addresses they have', () => {
    const config = started('m4', 'http://127.0.0.1:2390', [
      member(1n, 'twin', ['http://127.0.0.1:1', 'http://127.0.0.1:2']),
      member(2n, 'twin', ['http://127.0.0.1:3']),
      member(3n, '', ['http://127.0.0.1:4']),
      member(4n, 'everywhere', ['http://0.0.0.0:5']),
      member(5n, 'nowhere', []),
    ])
    const known = Object.fromEntries(config.cluster.members.map(({ name, peerUrl }) => [name, peerUrl]))
    expect(known).toEqual({
      twin: 'http://127.0.0.1:1',
      '0000000000000002': 'http://127.0.0.1:3',
      '0000000000000003': 'http://127.0.0.1:4',
      m4: 'http://127.0.0.1:2390',
    })
  })
})
