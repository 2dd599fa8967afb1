import { afterAll, beforeAll, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EtcdClient } from '../testing/etcd-client.ts'
import { readMetrics } from '../testing/read-metrics.ts'
import type { Scraped } from '../testing/read-metrics.ts'
import { RealCluster } from '../testing/real-cluster.ts'
import { askHttp } from '../testing/ask-http.ts'

// Goal: etcd's dashboards and alerts work on Synod. Method: three members with their disks and links, some work and some
// failures, and what /metrics tells of it, read as Prometheus reads it.

/** Those that the panels and alerts of etcd's mixin ask for. */
const mixin = [
  'etcd_server_has_leader',
  'etcd_server_leader_changes_seen_total',
  'etcd_server_proposals_committed_total',
  'etcd_server_proposals_applied_total',
  'etcd_server_proposals_pending',
  'etcd_server_proposals_failed_total',
  'etcd_server_quota_backend_bytes',
  'etcd_mvcc_db_total_size_in_bytes',
  'etcd_mvcc_db_total_size_in_use_in_bytes',
  'etcd_disk_wal_fsync_duration_seconds_bucket',
  'etcd_disk_backend_commit_duration_seconds_bucket',
  'etcd_network_client_grpc_received_bytes_total',
  'etcd_network_client_grpc_sent_bytes_total',
  'etcd_network_peer_received_bytes_total',
  'etcd_network_peer_sent_bytes_total',
  'etcd_network_peer_round_trip_time_seconds_bucket',
  'etcd_network_peer_sent_failures_total',
  'grpc_server_started_total',
  'grpc_server_handled_total',
  'grpc_server_handling_seconds_bucket',
  'process_resident_memory_bytes',
]

/** etcd's names that have no meaning here, and why. */
const leftOut: Readonly<Record<string, RegExp>> = {
  'the store is in memory: there is no bbolt that rebalances, spills, defragments or is read in transactions':
    /^etcd_(debugging_disk_backend_|disk_(backend_defrag|defrag_)|mvcc_db_open_read_transactions)/,
  'a compaction is reclaimed in small pieces with every command: it has no pauses and no time of its own':
    /^etcd_debugging_mvcc_(db_compaction|index_compaction)_/,
  'hashes are rare and made in steps': /^etcd_mvcc_hash/,
  'watches are not here yet':
    /^etcd_debugging_(mvcc_(events_total|pending_events_total|slow_watcher_total|watch_stream_total|watcher_total)|store_watch)/,
  'API version 2': /^etcd_debugging_store_/,
  'authentication is not here yet': /^etcd_debugging_auth_/,
  'leases: synod_leases says how many there are; the rest comes with keep-alive':
    /^etcd_debugging_(lease_|server_lease_)/,
  'equal to the size of the store': /^etcd_debugging_mvcc_total_put_size_in_bytes$/,
  'no longer in etcd either: etcd_mvcc_range_total': /^etcd_debugging_mvcc_range_total$/,
  'snapshots are written in pieces between other work: etcd_snap_fsync_duration_seconds has their syncs':
    /^etcd_(debugging_snap_|disk_backend_snapshot_|snap_db_)|^etcd_server_snapshot_apply_in_progress_total$/,
  'there is no proxy': /^etcd_grpc_proxy_/,
  'grpc_server_handled_total by version of the client': /^etcd_server_client_requests_total$/,
  'this is no Go': /^etcd_server_go_version$/,
  'learners promote themselves': /^etcd_server_learner_promote_/,
  'heartbeats are messages like others: etcd_network_peer_sent_failures_total':
    /^etcd_server_heartbeat_send_failures_total$/,
  'a read that is slow is not told from one that waits for its turn': /^etcd_server_slow_read_indexes_total$/,
}

const recorded = readFileSync(join(import.meta.dirname, '../../testdata/etcd-api/metrics.txt'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' ') as [name: string, type: string])

let cluster: RealCluster
/** Whom the clients ask: any member will do. */
const asked = 2
let metrics: Scraped[]
/** Of each member, as its peers name it. */
let ids: string[]

async function scrape(number: number): Promise<Scraped> {
  const { port } = new URL(cluster.member(number).url)
  const answer = await askHttp(Number(port), 'GET', '/metrics')
  expect(answer.contentType).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores')
  return readMetrics(answer.text)
}

function of(number: number): Scraped {
  const found = metrics[number - 1]
  if (found === undefined) throw new Error(`member ${number} was not asked`)
  return found
}

beforeAll(async () => {
  cluster = await new RealCluster({ maxRequestBytes: 4096 }).start(3)
  ids = cluster.members.map(({ id }) => id.toString(16).padStart(16, '0'))
  const { client } = cluster.member(asked)
  const put = (key: string, value = 'dg=='): unknown =>
    client.call('KV/Put', { key: Buffer.from(key).toString('base64'), value })
  await Promise.all(Array.from({ length: 20 }, async (_, i) => put(`key-${i}`)))
  await put('large', Buffer.alloc(5000).toString('base64'))
  await client.call('KV/DeleteRange', { key: 'a2V5LTA=' })
  await client.call('KV/Range', { key: 'a2V5LTE=' })
  await client.call('KV/Txn', { success: [{ requestPut: { key: 'dHhu', value: 'dg==' } }] })
  await client.raw('/etcdserverpb.KV/Nope', new Uint8Array())
  const { port } = new URL(cluster.member(asked).url)
  await askHttp(Number(port), 'POST', '/v3/kv/range', '{"key":"a2V5LTE="}')
  await cluster.until(async () => {
    metrics = await Promise.all([1, 2, 3].map(scrape))
    // An election on a busy machine may be under way just then.
    const leaders = metrics.filter((one) => one.value('etcd_server_is_leader') === 1)
    const known = metrics.every((one) => one.value('etcd_server_has_leader') === 1)
    const applied = metrics.every((one) => one.value('etcd_debugging_mvcc_current_revision') === 23)
    const timed = metrics.every((one) => one.sum('etcd_network_peer_round_trip_time_seconds_count') >= 2)
    return leaders.length === 1 && known && applied && timed
  })
}, 100_000)

afterAll(async () => cluster.stop())

test('all 21 names of the mixin are told by each member', () => {
  expect(mixin).toHaveLength(21)
  for (const number of [1, 2, 3]) {
    // A follower whom no client asked has handled nothing.
    const told = mixin.filter(
      (name) => of(number).samples(name).length === 0 && !name.startsWith('grpc_server_handling'),
    )
    expect(told, `member ${number}`).toEqual([])
  }
  expect(of(asked).samples('grpc_server_handling_seconds_bucket').length).toBeGreaterThan(0)
})

test('every name of etcd is there with its type, or is left out for a reason', () => {
  const wrong = recorded.filter(([name, type]) => {
    const told = of(asked).types.get(name)
    const out = Object.values(leftOut).some((pattern) => pattern.test(name))
    return out ? told !== undefined : told !== type
  })
  expect(wrong).toEqual([])
  for (const [why, pattern] of Object.entries(leftOut)) {
    expect(
      recorded.some(([name]) => pattern.test(name)),
      why,
    ).toBe(true)
  }
})

test('each metric is told once, with a help and a type, and each line of it once', () => {
  for (const one of metrics) {
    expect(one.problems).toEqual([])
    for (const name of one.types.keys()) expect(name).toMatch(/^(etcd|grpc|synod|process|nodejs|os)_[a-z\d_]+$/)
  }
})

test('docs/metrics.md names each of ours, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8')
  const rows = page.split('\n').filter((line) => /^\| `(etcd|grpc|synod)_/.test(line))
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name))
  const told = [...of(asked).types.keys()].filter((name) => /^(etcd|grpc|synod)_/.test(name))
  expect(told.filter((name) => !named.includes(name))).toEqual([])
  expect(named.filter((name) => name === undefined || !told.includes(name))).toEqual([])
})

test('who leads has come to lead, as each has seen', () => {
  for (const one of metrics) expect(one.value('etcd_server_leader_changes_seen_total')).toBeGreaterThanOrEqual(1)
})

test('what was decided is applied, and synced before that', () => {
  for (const one of metrics) {
    const committed = one.value('etcd_server_proposals_committed_total')
    expect(committed).toBeGreaterThan(4)
    expect(one.value('etcd_server_proposals_applied_total')).toBeLessThanOrEqual(committed)
    expect(one.value('etcd_server_proposals_pending')).toBe(0)
    expect(one.value('etcd_disk_wal_fsync_duration_seconds_count')).toBeGreaterThan(4)
    expect(one.value('etcd_disk_wal_fsync_duration_seconds_sum')).toBeLessThan(60)
    expect(one.value('etcd_disk_wal_write_bytes_total')).toBeGreaterThan(1000)
    expect(one.value('etcd_disk_backend_commit_duration_seconds_count')).toBeGreaterThanOrEqual(2)
    expect(one.value('etcd_mvcc_put_total')).toBe(21)
    expect(one.value('etcd_mvcc_delete_total')).toBe(1)
    expect(one.value('etcd_debugging_mvcc_current_revision')).toBe(23)
    expect(one.value('etcd_mvcc_db_total_size_in_bytes')).toBeGreaterThan(100)
    expect(one.value('etcd_server_quota_backend_bytes')).toBe(2 ** 31)
    expect(one.value('process_resident_memory_bytes')).toBeGreaterThan(2 ** 20)
  }
  expect(of(asked).sum('synod_batch_operations_sum')).toBeGreaterThanOrEqual(22)
})

test('calls are counted by method and outcome, those over HTTP/1.1 too', () => {
  const handled = (method: string, code: string): number =>
    of(asked).value('grpc_server_handled_total', {
      grpc_method: method,
      grpc_code: code,
      grpc_service: 'etcdserverpb.KV',
      grpc_type: 'unary',
    })
  expect(handled('Put', 'OK')).toBe(20)
  expect(handled('Put', 'InvalidArgument')).toBe(1)
  expect(handled('Range', 'OK')).toBe(2)
  expect(of(asked).value('grpc_server_started_total', { grpc_method: 'Put' })).toBe(21)
  expect(of(asked).value('grpc_server_handling_seconds_count', { grpc_method: 'Put' })).toBe(21)
  expect(of(asked).value('grpc_server_handling_seconds_sum', { grpc_method: 'Put' })).toBeGreaterThan(0)
  // A method that is not here makes no line of its own: clients could make any number of them.
  expect(
    of(asked)
      .samples('grpc_server_handled_total')
      .filter(({ labels }) => labels['grpc_method'] === 'Nope'),
  ).toEqual([])
  expect(of(asked).value('grpc_server_handled_total', { grpc_method: 'unknown', grpc_code: 'Unimplemented' })).toBe(1)
  expect(of(asked).value('etcd_network_client_grpc_received_bytes_total')).toBeGreaterThan(1000)
  expect(of(asked).value('etcd_network_client_grpc_sent_bytes_total')).toBeGreaterThan(1000)
})

test('each peer is told of by its id', () => {
  for (const number of [1, 2, 3]) {
    const others = ids.filter((_, i) => i !== number - 1)
    for (const id of others) {
      expect(of(number).value('etcd_network_active_peers', { Remote: id })).toBe(1)
      expect(of(number).value('etcd_network_peer_sent_bytes_total', { To: id })).toBeGreaterThan(0)
      expect(of(number).value('etcd_network_peer_received_bytes_total', { From: id })).toBeGreaterThan(0)
      // Acknowledged at once: the next receipt would have come half a second later.
      const quick = { To: id, le: '0.4096' }
      expect(of(number).value('etcd_network_peer_round_trip_time_seconds_bucket', quick)).toBeGreaterThan(0)
    }
  }
})

test('with a member gone messages to it fail, and without a majority there is no leader and writes wait', async () => {
  const leader = await cluster.leader()
  const [gone = 0, other = 0] = [1, 2, 3].filter((one) => one !== leader)
  const id = ids[gone - 1] ?? ''
  const before = of(leader).value('etcd_network_peer_sent_failures_total', { To: id })
  await cluster.member(gone).stop()
  await cluster.until(async () => {
    const now = await scrape(leader)
    return (
      now.value('etcd_network_active_peers', { Remote: id }) === 0 &&
      now.value('etcd_network_disconnected_peers_total', { Remote: id }) > 0 &&
      now.value('etcd_network_peer_sent_failures_total', { To: id }) > before
    )
  })
  await cluster.member(other).stop()
  await cluster.until(async () => (await scrape(leader)).value('etcd_server_has_leader') === 0)
  const client = new EtcdClient(Number(new URL(cluster.member(leader).url).port))
  void client.call('KV/Put', { key: 'eg==' })
  await sleep(50)
  expect((await scrape(leader)).value('etcd_server_proposals_pending')).toBeGreaterThanOrEqual(1)
  client.close()
})
