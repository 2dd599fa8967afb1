import { Rejected, Unknown } from 'synod'
import type { SnapshotSink, SnapshotSource, StateMachine } from 'synod'
import type { StoreContext } from 'synod/store'
import { expect, test } from 'vitest'
import { SlowLog, type Watched } from './slow-log.ts'
import { EtcdClient } from './testing/etcd-client.ts'
import { RealNode } from './testing/real-node.ts'

// Goal: what was slow is said, with where the time went, once a second at most, and never with what a client wrote. Method: a
// clock of our own around a machine that takes no time; then a member on a real disk, for which everything is slow.

const nobody: StoreContext = { applied: () => undefined, readable: () => undefined, failed: () => undefined }

/** A machine that takes no time, as it does nothing. */
class Idle implements StateMachine<StoreContext> {
  apply(): void {}
  read(): void {}
  fail(): void {}
  snapshot(): SnapshotSource {
    return { next: () => undefined, close: () => undefined }
  }
  install(): SnapshotSink {
    return { write: () => undefined, finish: () => undefined }
  }
}

class Around {
  now = 1000
  readonly said: [string, object | undefined][] = []
  readonly member: Watched = {
    proposals: { passage: { opened: 0, proposed: 0, decided: 0, operations: 3, bytes: 60 } },
    reads: { passage: undefined },
    syncs: { took: undefined },
  }
  readonly log: SlowLog

  constructor(thresholds = { slowRequestThreshold: 100, slowSyncThreshold: 50 }) {
    const warn = (message: string, fields?: object): void => void this.said.push([message, fields])
    const silent = (): void => undefined
    this.log = new SlowLog(new Idle(), thresholds, { debug: silent, info: silent, warn, error: silent }, () => this.now)
    this.log.watch(this.member)
  }

  write(took: { waiting: number; replication: number; apply: number }): void {
    const { passage } = this.member.proposals
    passage.decided = this.now - took.apply
    passage.proposed = passage.decided - took.replication
    passage.opened = passage.proposed - took.waiting
    this.log.apply(1, new Uint8Array(0), [nobody])
  }
}

test('a slow write says where its time went, the sync of its own disk too', () => {
  const around = new Around()
  around.member.syncs.took?.(80)
  around.write({ waiting: 10, replication: 120, apply: 5 })
  expect(around.said).toEqual([
    ['slow sync of the journal', { ms: 80 }],
    ['slow write', { ms: 135, operations: 3, bytes: 60, waiting: 10, replication: 120, sync: 80, apply: 5 }],
  ])
})

test('a quick write says nothing, and neither does what other members took', () => {
  const around = new Around()
  around.write({ waiting: 10, replication: 20, apply: 5 })
  around.member.proposals.passage.opened = -1e6
  around.log.apply(2, new Uint8Array(0), undefined)
  expect(around.said).toEqual([])
})

test('once a second at most, with the number and the longest of those between', () => {
  const around = new Around()
  for (const waiting of [100, 400, 200]) around.write({ waiting, replication: 0, apply: 0 })
  expect(around.said).toHaveLength(1)
  around.now += 1000
  around.write({ waiting: 150, replication: 0, apply: 0 })
  expect(around.said).toHaveLength(2)
  expect(around.said[1]?.[1]).toMatchObject({ ms: 150, suppressed: 2, longest: 400 })
  around.now += 1000
  around.write({ waiting: 160, replication: 0, apply: 0 })
  expect(around.said[2]?.[1]).not.toHaveProperty('suppressed')
})

test('reads that shared a question are told of once', () => {
  const around = new Around()
  around.member.reads.passage = {
    opened: around.now - 300,
    asked: around.now - 290,
    confirmed: around.now - 40,
    reads: 7,
  }
  for (let i = 0; i < 7; i++) around.log.read(nobody)
  expect(around.said).toEqual([['slow read', { ms: 300, operations: 7, waiting: 10, leader: 250, apply: 40 }]])
})

test('a threshold of 0 turns it off', () => {
  const around = new Around({ slowRequestThreshold: 0, slowSyncThreshold: 0 })
  around.member.syncs.took?.(1e6)
  around.write({ waiting: 1e6, replication: 0, apply: 0 })
  expect(around.said).toEqual([])
})

test('requests without an answer are told of by their reason; a member that stops is none', () => {
  const around = new Around()
  around.log.fail(nobody, new Rejected('stopping', { code: 'stopping' }))
  around.log.fail(nobody, new Unknown('no answer in time', { code: 'timeout' }))
  around.log.fail(nobody, new Rejected('no leader', { code: 'no-leader' }))
  expect(around.said).toEqual([
    ['requests end without an answer', { why: 'no answer in time', code: 'timeout', certain: false }],
  ])
})

test('a member on a disk tells of writes, reads and syncs; of keys and values it tells nothing', async () => {
  const node = new RealNode({ slowRequestThreshold: 1e-6, slowSyncThreshold: 1e-6 })
  await node.start()
  const client = new EtcdClient(node.port)
  const secret = Buffer.from('open-sesame').toString('base64')
  await client.call('KV/Put', { key: secret, value: secret })
  await client.call('KV/Range', { key: secret })
  client.close()
  await node.stop()
  const text = node.complaints.join('\n')
  for (const message of ['slow write', 'slow read', 'slow sync of the journal']) expect(text).toContain(message)
  expect(text).not.toContain('open-sesame')
  expect(text).not.toContain(secret)
})
