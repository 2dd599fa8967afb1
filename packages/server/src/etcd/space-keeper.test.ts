import { afterEach, beforeEach, expect, test } from 'vitest'
import { putOf } from 'synod/store'
import { EtcdClient } from '../testing/etcd-client.ts'
import { OneNode } from '../testing/one-node.ts'
import type { Json } from '../testing/transcript.ts'

// Goal: a full store says so, and takes it back when it is full no more. Method: one node with a small quota, whose
// keeper is ticked by the test.

const quotaBackendBytes = 100_000
const noSpace = { error: { code: 8, message: 'etcdserver: mvcc: database space exceeded' } }

let node: OneNode
let client: EtcdClient

beforeEach(async () => {
  node = await new OneNode({ quotaBackendBytes }).start()
  client = new EtcdClient(node.port)
  // Ticks are the test's.
  node.front.space.stop()
})
afterEach(async () => {
  client.close()
  await node.stop()
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

async function put(bytes: number, key = 'k'): Promise<Json> {
  const answer = await client.call('KV/Put', { key: base64(key), value: base64('v'.repeat(bytes)) })
  return 'error' in Object(answer) ? answer : 'ok'
}

async function alarms(): Promise<readonly string[]> {
  const answer = Object(await client.call('Maintenance/Alarm', {})) as {
    alarms?: { memberID: string; alarm: string }[]
  }
  return (answer.alarms ?? []).map(({ memberID, alarm }) => `${alarm} of ${memberID}`)
}

async function tick(): Promise<void> {
  node.front.space.tick()
  // Until what it proposed is applied.
  await client.call('KV/Range', { key: base64('k'), countOnly: true })
}

async function fill(bytes = 9000): Promise<void> {
  for (let i = 0; i < 100 && (await put(bytes)) === 'ok'; i++);
  await client.call('KV/Range', { key: base64('k'), countOnly: true })
}

async function compact(): Promise<void> {
  await client.call('KV/Compact', { revision: String(node.front.store.revision) })
}

const self = (): string => String(BigInt(`0x${node.replica.self}`))

test('a write that the quota has no room for is refused, and from then on every one is', async () => {
  await fill()
  expect(await alarms()).toEqual([`NOSPACE of ${self()}`])
  expect(node.front.store.sizeBytes).toBeLessThanOrEqual(quotaBackendBytes)
  expect(await put(1)).toEqual(noSpace)
  const txn = { success: [{ requestPut: { key: base64('a') } }] }
  expect(await client.call('KV/Txn', txn)).toEqual(noSpace)
  expect(await client.call('Lease/LeaseGrant', { TTL: '9' })).toEqual(noSpace)
  expect(await client.call('KV/DeleteRange', { key: base64('none') })).not.toHaveProperty('error')
  expect(await client.call('Maintenance/Status', {})).toMatchObject({
    errors: [`memberID:${self()} alarm:NOSPACE `],
    dbSizeQuota: String(quotaBackendBytes),
  })
})

test('a write that is larger than the quota is refused, and no other for its sake', async () => {
  expect(await put(quotaBackendBytes + 1)).toEqual(noSpace)
  await tick()
  expect(await alarms()).toEqual([])
  expect(await put(1)).toBe('ok')
})

test('a compaction makes room, and the alarm ends by itself', async () => {
  await fill()
  await tick()
  expect(await alarms()).toHaveLength(1)
  await compact()
  await tick()
  expect(await alarms()).toEqual([])
  expect(await put(9000)).toBe('ok')
})

test('what is left of a compaction is reclaimed though no command comes any more', async () => {
  for (let i = 0; i < 100 && (await put(0)) === 'ok'; i++);
  const { store } = node.front
  // Far more pages than the command itself reclaims.
  while (store.sizeBytes < 9_000_000) store.apply(putOf(Uint8Array.of(107), new Uint8Array(0)))
  expect(await put(1)).toEqual(noSpace)
  await compact()
  expect(store.sizeBytes).toBeGreaterThan(quotaBackendBytes)
  for (let i = 0; i < 3; i++) await tick()
  expect(store.sizeBytes).toBeLessThan(1000)
  expect(await alarms()).toEqual([])
})

test('the alarm stays while hardly anything was freed: else every other write would raise it anew', async () => {
  await fill(2000)
  const before = node.front.store.sizeBytes
  expect(before).toBeGreaterThan(97_000)
  await client.call('KV/Compact', { revision: '3' })
  await tick()
  expect(node.front.store.sizeBytes).toBeLessThan(before)
  expect(node.front.store.sizeBytes).toBeGreaterThan(94_000)
  expect(await alarms()).toHaveLength(1)
})

test('a write that is too large for what is left keeps the alarm on until something was freed', async () => {
  await fill(2000)
  await compact()
  await tick()
  expect(await alarms()).toEqual([])
  expect(await put(99_000)).toEqual(noSpace)
  await tick()
  expect(await alarms()).toHaveLength(1)
})

test('an alarm that was raised by hand stays until it is taken back by hand, though there is room', async () => {
  const request = { memberID: self(), alarm: 'NOSPACE' }
  await client.call('Maintenance/Alarm', { ...request, action: 'ACTIVATE' })
  await tick()
  expect(await put(1)).toEqual(noSpace)
  expect(await client.call('Maintenance/Alarm', { ...request, action: 'DEACTIVATE' })).toMatchObject({
    alarms: [request],
  })
  expect(await put(1)).toBe('ok')
})

test('the alarm of a member that is away is ended by the leader alone', async () => {
  const raised = { type: 'alarm', on: true, alarm: 1, member: 77n, quotaBytes: 50_000 } as const
  node.front.submit(raised, { applied: () => {}, readable: () => {}, failed: () => {} })
  node.replica.leader = 'another'
  await tick()
  expect(await alarms()).toEqual(['NOSPACE of 77'])
  node.replica.leader = node.replica.self
  await tick()
  expect(await alarms()).toEqual([])
})

test('pitfall: a write that another member let through before it heard of the alarm is refused where it is applied', async () => {
  await client.call('Maintenance/Alarm', { action: 'ACTIVATE', memberID: '5', alarm: 'NOSPACE' })
  const put = putOf(Uint8Array.of(1), Uint8Array.of(2))
  const result = await new Promise((resolve) => {
    node.front.submit(put, { applied: resolve, readable: () => {}, failed: resolve })
  })
  expect(result).toMatchObject({ type: 'error', code: 8 })
})

test('while CORRUPT is on, nothing is written, everything can be read, and no lease ends', async () => {
  await client.call('Lease/LeaseGrant', { ID: '1', TTL: '2' })
  await client.call('KV/Put', { key: base64('k'), value: base64('v'), lease: '1' })
  await client.call('Maintenance/Alarm', { action: 'ACTIVATE', memberID: '5', alarm: 'CORRUPT' })
  const corrupt = { error: { code: 15, message: 'etcdserver: corrupt cluster' } }
  const key = base64('k')
  expect(await client.call('KV/Put', { key })).toEqual(corrupt)
  expect(await client.call('KV/DeleteRange', { key })).toEqual(corrupt)
  expect(await client.call('KV/Txn', { success: [{ requestDeleteRange: { key } }] })).toEqual(corrupt)
  expect(await client.call('KV/Compact', { revision: '2' })).toEqual(corrupt)
  expect(await client.call('Lease/LeaseRevoke', { ID: '1' })).toEqual(corrupt)
  expect(await client.call('KV/Range', { key })).toMatchObject({ count: '1' })
  expect(await client.call('KV/Txn', { success: [{ requestRange: { key } }] })).toMatchObject({ succeeded: true })
  expect(await client.call('Maintenance/Status', {})).toMatchObject({ errors: ['memberID:5 alarm:CORRUPT '] })
  expect(await client.call('Maintenance/Alarm', { alarm: 'NOSPACE' })).not.toHaveProperty('alarms')
})

test('an alarm or action that does not exist is refused, and none at all changes nothing', async () => {
  for (const odd of [-1, 3, 9, 2 ** 31 - 1]) {
    const refused = { error: { code: 3, message: 'etcdserver: invalid alarm' } }
    expect(await client.call('Maintenance/Alarm', { action: odd })).toEqual(refused)
    for (const action of [0, 1, 2])
      expect(await client.call('Maintenance/Alarm', { action, alarm: odd })).toEqual(refused)
  }
  for (const action of [0, 1, 2])
    expect(await client.call('Maintenance/Alarm', { action })).not.toHaveProperty('alarms')
})
