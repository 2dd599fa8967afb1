import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hello, Refusal } from '../core/index.ts'
import { addressIn, writeContact } from '../member/index.ts'
import { TallyCluster as Cluster } from './tally-cluster.ts'

// Goal: a member answers whoever greets, for it may lag, and yet nobody whom no membership names can do it any harm.
// Method: greetings and refusals of strangers, in words that no member would say.

function greet(cluster: Cluster, hello: Partial<Hello>): Refusal | undefined | 'no answer' {
  let answer: Refusal | undefined | 'no answer' = 'no answer'
  const whole = {
    cluster: '00000000000000c1',
    from: 'x',
    to: 'a',
    diskId: 'disk-x',
    protocol: 'raft',
    contact: '',
    ...hello,
  }
  cluster.present('a').greeted(whole, (refusal) => (answer = refusal))
  cluster.run(100)
  return answer
}

function started(): Cluster {
  const cluster = new Cluster()
  cluster.startAll()
  cluster.puts(1, 3)
  return cluster
}

/** What is stored of whom it knows. */
function peersFile(cluster: Cluster): number {
  return cluster.node('a').disk.files.get('peers')?.bytes.length ?? 0
}

describe('a stranger', () => {
  it('is not believed that this member was removed, or has lost its disk; a member is', () => {
    const cluster = started()
    expect(greet(cluster, { contact: writeContact({ peerUrls: ['http://127.0.0.1:9'] }) })).toBe(undefined)
    for (const code of ['removed', 'lost-disk'] as const) {
      cluster.present('a').refused('x', { code, message: 'you are not wanted' })
      cluster.run(5_000)
      expect(cluster.node('a').halted).toBe(undefined)
      cluster.kill('a')
      cluster.start('a')
      cluster.run(1_000)
    }
    cluster.puts(4, 5, () => 'a')
    cluster.present('a').refused('b', { code: 'removed', message: 'you were removed' })
    expect(cluster.run(5_000, () => cluster.node('a').halted !== undefined)).toBe(true)
    expect(cluster.node('a').halted).toMatchObject({ code: 'removed' })
  })

  it('may be called whatever it likes, and be wherever: the member goes on', () => {
    const cluster = started()
    const names = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('constructor', '__proto__', 'toString', 'b', 'a'),
    )
    const contacts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(
        '{"v":2,"peerUrls":[]}',
        '{"v":1,"peerUrls":["http://10.0.0.256:1"]}',
        '{"v":1,"peerUrls":["x"]}',
      ),
    )
    fc.assert(
      fc.property(names, contacts, fc.string({ minLength: 1 }), (from, contact, diskId) => {
        expect(greet(cluster, { from, contact, diskId })).not.toBe('no answer')
        expect(cluster.node('a').halted).toBe(undefined)
      }),
      { numRuns: 200 },
    )
    cluster.puts(4, 5, () => 'a')
  })

  it.each(['constructor', '__proto__', 'toString'])('is not welcomed as %s, which every object has', (from) => {
    const cluster = started()
    expect(greet(cluster, { from })).toMatchObject({ code: 'unknown-member' })
    const change = { type: 'addLearner', id: from, contact: '{"v":1}' } as const
    expect(cluster.change('a', change)).toMatchObject({ name: 'Rejected', detail: { code: 'malformed' } })
  })

  it('leaves nothing behind on the disk, however many there are', () => {
    const cluster = started()
    const before = peersFile(cluster)
    expect(before).toBeGreaterThan(0)
    for (let i = 0; i < 300; i++) greet(cluster, { from: `x${i}`, diskId: `disk-${i}` })
    expect(peersFile(cluster)).toBe(before)
    cluster.puts(4, 5, () => 'a')
  })

  it('that becomes a member is known by the disk under which it greeted', () => {
    const cluster = started()
    greet(cluster, { from: 'd', diskId: 'disk-d' })
    const before = peersFile(cluster)
    expect(cluster.change('a', { type: 'addLearner', id: 'd', contact: '{"v":1}' })).toHaveProperty('index')
    cluster.run(1_000)
    expect(peersFile(cluster)).toBeGreaterThan(before)
    expect(greet(cluster, { from: 'd', diskId: 'another' })).toMatchObject({ code: 'lost-disk' })
    expect(greet(cluster, { from: 'd', diskId: 'disk-d' })).toBe(undefined)
  })
})

describe('an address', () => {
  it.each([
    'http://10.0.0.256:2380',
    'http://10.0.0:2380',
    'http://a..b:1',
    'http://a:99999',
    'http://a',
    'ftp://a:1',
    'http://a:1/x',
    'http://u@a:1',
    'a:1',
  ])('is not %s, and nobody becomes a member there', (url) => {
    expect(addressIn(url)).toBe(undefined)
    const cluster = started()
    const contact = writeContact({ peerUrls: [url] })
    expect(cluster.change('a', { type: 'addVoter', id: 'd', contact })).toMatchObject({ detail: { code: 'malformed' } })
  })

  it.each([
    ['http://10.0.0.255:2380', { host: '10.0.0.255', port: 2380, secure: false }],
    ['http://[::1]:1', { host: '::1', port: 1, secure: false }],
    ['http://[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1, secure: false }],
    ['http://etcd-0.etcd.default.svc:2380', { host: 'etcd-0.etcd.default.svc', port: 2380, secure: false }],
    ['http://my_host:0', { host: 'my_host', port: 0, secure: false }],
    ['https://my_host:0', { host: 'my_host', port: 0, secure: true }],
  ])('is %s', (url, address) => expect(addressIn(url)).toEqual(address))
})
