import { writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import type { StartOptions } from '../cli/config.ts'
import { RealCluster } from '../testing/real-cluster.ts'
import { temporaryFolder } from '../testing/processes.ts'
import { TestAuthority, writePair } from '../testing/certificates.ts'

// Goal: a cluster that began in plaintext moves to TLS member by member, so that each step leaves one that works. Method: the
// steps of docs/certificates.md for the first member; then those that have moved and those that have not need each other.

const folder = temporaryFolder()
const cluster = new RealCluster()

afterAll(async () => {
  await cluster.stop()
  folder[Symbol.dispose]()
})

test('a cluster moves from plaintext to TLS member by member', { timeout: 60_000 }, async () => {
  await cluster.start(3)
  const authority = new TestAuthority()
  writeFileSync(`${folder.path}/ca.crt`, authority.pem)
  const certificates = (name: string): Partial<StartOptions> => {
    const { cert, key } = writePair(folder.path, name, authority.issue({ name, members: [name] }))
    return { peerCertFile: cert, peerKeyFile: key, peerTrustedCaFile: `${folder.path}/ca.crt`, insecurePeers: true }
  }
  let count = 0
  const put = async (number: number): Promise<void> => {
    const request = { key: Buffer.from('a').toString('base64'), value: Buffer.from(`${++count}`).toString('base64') }
    await cluster.until(async () => 'header' in (await cluster.ask(number, 'KV/Put', request)))
  }
  const plain = cluster.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
  // All have certificates before the first one asks for them.
  await Promise.all(cluster.members.map(async (member) => member.stop()))
  await Promise.all(
    cluster.members.map(async (member) => member.start({ initialCluster: plain, ...certificates(member.name) })),
  )
  await put(1)
  const first = cluster.member(1)
  const url = first.peerUrl.replace('http:', 'https:')
  const update = { ID: String(first.id), peerURLs: [url] }
  await cluster.until(async () => 'header' in (await cluster.ask(2, 'Cluster/MemberUpdate', update)))
  await first.stop()
  first.peerUrl = url
  const moved = cluster.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
  await first.start({ initialCluster: moved, initialClusterState: 'existing', ...certificates(first.name) })
  await put(1)
  // Without the third one, the other two decide what is written.
  await cluster.member(3).stop()
  await put(2)
  const { members } = await cluster.ask(1, 'Cluster/MemberList', { linearizable: true })
  expect(JSON.stringify(members).match(/"peerURLs":\["https:/g)).toHaveLength(1)
})
