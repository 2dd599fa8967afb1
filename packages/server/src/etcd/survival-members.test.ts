import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { extremeRequests, extremeTransactions, methods, nested } from '../testing/hostile-requests.ts'
import { RealCluster } from '../testing/real-cluster.ts'

// Goal: what reaches the log can be applied by every member, and makes the same of all of them. Method: what nobody in his
// senses sends, to three durable members in turn; they live, go on writing, and hash alike.

let cluster: RealCluster
beforeAll(async () => {
  cluster = await new RealCluster().start(3)
})
afterAll(() => cluster.stop())

let turn = 0

async function codeOf(path: string, bytes: Uint8Array): Promise<number> {
  const member = cluster.member((turn++ % 3) + 1)
  const answer = await member.client.raw(path, bytes)
  return answer instanceof Uint8Array ? 0 : answer.error.code
}

/** Codes that say what was wrong with the request, or that the method is not here yet. */
const defined = new Set([0, 3, 5, 8, 9, 11, 12, 13])

async function expectAlike(): Promise<void> {
  const put = await cluster.ask(1, 'KV/Put', { key: 'c3RpbGw=', value: 'aGVyZQ==' })
  const { revision } = Object(put['header']) as { revision: string }
  const hashes: string[] = []
  for (const member of [1, 2, 3]) {
    // It is read after the last write, and hashed then.
    await cluster.ask(member, 'KV/Range', { key: 'c3RpbGw=' })
    const { hash, hashRevision, compactRevision = '0' } = await cluster.ask(member, 'Maintenance/HashKV', { revision })
    expect(hashRevision).toBe(revision)
    hashes.push(JSON.stringify({ hash, hashRevision, compactRevision }))
    expect(cluster.member(member).halted).toBeUndefined()
  }
  expect(new Set(hashes).size, hashes.join(', ')).toBe(1)
}

test('every field of every request at its extremes', { timeout: 60_000 }, async () => {
  for (const method of methods()) {
    for (const message of extremeRequests(method)) {
      expect(defined, `${method.path} ${Buffer.from(message).toString('hex').slice(0, 200)}`).toContain(
        await codeOf(method.path, message),
      )
    }
  }
  await expectAlike()
})

test('every enum in a transaction, and transactions 200 and 20,000 deep', { timeout: 30_000 }, async () => {
  for (const message of extremeTransactions()) expect(defined).toContain(await codeOf('/etcdserverpb.KV/Txn', message))
  for (let member = 0; member < 3; member++) {
    for (const levels of [200, 20_000]) expect(await codeOf('/etcdserverpb.KV/Txn', nested(levels))).toBe(3)
  }
  await expectAlike()
})

test('random bytes in place of each request', { timeout: 30_000 }, async () => {
  for (const { path } of methods()) {
    for (const length of [1, 7, 60, 2000]) {
      const bytes = randomBytes(length)
      expect(defined, `${path} ${bytes.toString('hex')}`).toContain(await codeOf(path, bytes))
    }
  }
  await expectAlike()
})

test('how long a lease still runs is said by every member, as its leader counts it', async () => {
  await cluster.ask(1, 'Lease/LeaseGrant', { ID: '4711', TTL: '100' })
  await cluster.ask(1, 'KV/Put', { key: 'YQ==', lease: '4711' })
  for (const member of [1, 2, 3]) {
    const answer = await cluster.ask(member, 'Lease/LeaseTimeToLive', { ID: '4711', keys: true })
    expect(answer).toMatchObject({ ID: '4711', grantedTTL: '100', keys: ['YQ=='] })
    expect(Number(answer['TTL'])).toBeGreaterThan(90)
    expect(Number(answer['TTL'])).toBeLessThanOrEqual(100)
    expect(await cluster.ask(member, 'Lease/LeaseTimeToLive', { ID: '999' })).toMatchObject({ ID: '999', TTL: '-1' })
    const { leases } = await cluster.ask(member, 'Lease/LeaseLeases')
    expect(JSON.stringify(leases)).toContain('"4711"')
  }
})

test('an alarm that one member raises is on at all of them, and off again', async () => {
  const alarm = { memberID: String(cluster.member(2).id), alarm: 'NOSPACE' }
  await cluster.ask(2, 'Maintenance/Alarm', { ...alarm, action: 'ACTIVATE' })
  for (const member of [1, 2, 3]) {
    expect(await cluster.ask(member, 'Maintenance/Alarm')).toMatchObject({ alarms: [alarm] })
    expect(await cluster.ask(member, 'KV/Put', { key: 'YQ==' })).toMatchObject({ error: { code: 8 } })
  }
  await cluster.ask(3, 'Maintenance/Alarm', { ...alarm, action: 'DEACTIVATE' })
  // A write is let through as soon as its member has heard of it.
  await vi.waitFor(async () => expect(await cluster.ask(1, 'KV/Put', { key: 'YQ==' })).not.toHaveProperty('error'), {
    timeout: 10_000,
  })
})
