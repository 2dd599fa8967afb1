import { etcdClusterVersion, etcdVersion } from '../etcd/front.ts'
import { callMetrics } from './call-metrics.ts'
import { openFiles } from './open-files.ts'
import { sum } from './sources.ts'
import type { Sources } from './sources.ts'
import { counter, gauge, histogram, histograms, labelled } from './told.ts'
import type { Told } from './told.ts'

/** What etcd's dashboards and alerts ask for, under its names and with its types, in so far as it has a meaning here. */
export function etcdMetrics(sources: Sources): Told[] {
  return [
    ...serverMetrics(sources),
    ...healthMetrics(sources),
    ...diskMetrics(sources),
    ...storeMetrics(sources),
    ...networkMetrics(sources),
    ...callMetrics(sources),
  ]
}

function serverMetrics({ front, meters }: Sources): Told[] {
  const { replica, config, seat } = front
  const { tally, store } = meters
  return [
    gauge('etcd_server_has_leader', 'Whether this member knows who leads: 1 or 0.', () =>
      Number(replica.standing.leader !== undefined),
    ),
    gauge('etcd_server_is_leader', 'Whether this member leads: 1 or 0.', () => Number(replica.standing.leading)),
    gauge('etcd_server_is_learner', 'Whether this member takes part without a vote: 1 or 0.', () =>
      Number(front.isLearner),
    ),
    counter(
      'etcd_server_leader_changes_seen_total',
      'How often somebody came to lead, as far as this member saw.',
      () => tally.leaderChanges,
    ),
    gauge(
      'etcd_server_proposals_committed_total',
      'Index up to which the log is decided, as far as this member knows.',
      () => replica.standing.decided,
    ),
    gauge('etcd_server_proposals_applied_total', 'Index up to which the log is applied here.', () => front.applied()),
    gauge(
      'etcd_server_proposals_pending',
      'Operations of clients of this member that wait to be decided and applied.',
      () => meters.pending(),
    ),
    counter(
      'etcd_server_proposals_failed_total',
      'Operations that were refused, or of which it is not known whether they were applied.',
      () => tally.proposalsFailed,
    ),
    counter('etcd_server_read_indexes_failed_total', 'Linearizable reads that failed.', () => tally.readsFailed),
    counter('etcd_server_slow_apply_total', 'Commands that took more than 100 ms to apply.', () => store.slow),
    histogram(
      'etcd_server_apply_duration_seconds',
      'How long it takes to apply a command to the store and answer the clients that wait for it.',
      () => store.applying,
    ),
    gauge(
      'etcd_server_quota_backend_bytes',
      'Size of the store beyond which writes are refused.',
      () => config.quotaBytes,
    ),
    labelled('gauge', 'etcd_server_id', 'The id of this member, as its label.', () => [[{ server_id: seat.self }, 1]]),
    labelled('gauge', 'etcd_server_version', 'The version of etcd whose API this is.', () => [
      [{ server_version: etcdVersion }, 1],
    ]),
    labelled('gauge', 'etcd_cluster_version', 'The version of etcd whose API the cluster offers.', () => [
      [{ cluster_version: etcdClusterVersion.replace(/\.\d+$/, '') }, 1],
    ]),
    gauge('os_fd_limit', 'Files and sockets that this process may have open.', () => openFiles().limit),
    gauge('os_fd_used', 'Files and sockets that this process has open.', () => openFiles().used),
  ]
}

function healthMetrics({ web }: Sources): Told[] {
  const { health } = web
  return [
    counter('etcd_server_health_success', 'Answers of /health that said true.', () => health.successes),
    counter('etcd_server_health_failures', 'Answers of /health that said false.', () => health.failures),
    labelled('gauge', 'etcd_server_healthcheck', 'The last finding of each check of /livez and /readyz: 1 or 0.', () =>
      health.counts.map(({ kind, name, healthy }) => [{ type: kind, name }, Number(healthy)]),
    ),
    labelled('counter', 'etcd_server_healthchecks_total', 'Findings of the checks of /livez and /readyz.', () =>
      health.counts.flatMap(({ kind, name, success, error }) => [
        [{ type: kind, name, status: 'success' }, success] as const,
        [{ type: kind, name, status: 'error' }, error] as const,
      ]),
    ),
  ]
}

function diskMetrics({ meters }: Sources): Told[] {
  const { disk, store } = meters
  return [
    histogram('etcd_disk_wal_fsync_duration_seconds', 'How long a sync of the journal takes.', () => disk.journalSync),
    histogram(
      'etcd_disk_wal_write_duration_seconds',
      'How long it takes to give the system what is to be synced.',
      () => disk.journalWrite,
    ),
    gauge('etcd_disk_wal_write_bytes_total', 'Bytes written to the journal.', () => disk.journalBytes),
    histogram(
      'etcd_disk_backend_commit_duration_seconds',
      'How long it takes to bring a decided command into the store, which is in memory.',
      () => store.applying,
    ),
    histogram(
      'etcd_snap_fsync_duration_seconds',
      'How long a sync of a file takes that is no part of the journal: mostly a snapshot.',
      () => disk.otherSync,
    ),
  ]
}

function storeMetrics({ front }: Sources): Told[] {
  const { machine } = front
  const { tally } = machine.store
  const size = (): number => front.store.sizeBytes
  return [
    gauge('etcd_mvcc_db_total_size_in_bytes', 'About what keys, values and all revisions take.', size),
    gauge('etcd_mvcc_db_total_size_in_use_in_bytes', 'The same: there is nothing to defragment.', size),
    counter('etcd_mvcc_put_total', 'Puts that were applied here.', () => tally.puts),
    counter(
      'etcd_mvcc_delete_total',
      'Deletions, each of one range of keys, that were applied here.',
      () => tally.deletes,
    ),
    counter('etcd_mvcc_range_total', 'Ranges that were read here.', () => tally.ranges),
    counter('etcd_mvcc_txn_total', 'Transactions that ran here.', () => tally.txns),
    gauge('etcd_debugging_mvcc_current_revision', 'The newest revision.', () => front.store.revision),
    gauge('etcd_debugging_mvcc_compact_revision', 'The revision of the last compaction.', () => front.store.compacted),
    gauge(
      'etcd_debugging_mvcc_keys_total',
      'Keys, those that were deleted lately included.',
      () => front.store.keys.size,
    ),
  ]
}

function networkMetrics({ meters, grpc }: Sources): Told[] {
  const { peers } = meters
  return [
    counter('etcd_network_client_grpc_received_bytes_total', 'Bytes from clients of gRPC.', () =>
      sum(grpc(), 'bytesReceived'),
    ),
    counter('etcd_network_client_grpc_sent_bytes_total', 'Bytes to clients of gRPC.', () => sum(grpc(), 'bytesSent')),
    labelled('counter', 'etcd_network_peer_received_bytes_total', 'Bytes from each peer.', () =>
      [...peers].map(([From, { receivedBytes }]) => [{ From }, receivedBytes]),
    ),
    labelled('counter', 'etcd_network_peer_sent_bytes_total', 'Bytes to each peer.', () =>
      [...peers].map(([To, { sentBytes }]) => [{ To }, sentBytes]),
    ),
    labelled('counter', 'etcd_network_peer_sent_failures_total', 'Messages to each peer that were dropped.', () =>
      [...peers].map(([To, { sendFailures }]) => [{ To }, sendFailures]),
    ),
    histograms('etcd_network_peer_round_trip_time_seconds', 'From a probe to its acknowledgement by the peer.', () =>
      [...peers].map(([To, { roundTrip }]) => [{ To }, roundTrip]),
    ),
    labelled('gauge', 'etcd_network_active_peers', 'Whether this member is connected to each peer: 1 or 0.', () =>
      [...peers].map(([Remote, { connected }]) => [{ Remote }, Number(connected)]),
    ),
    labelled('counter', 'etcd_network_disconnected_peers_total', 'Connections to each peer that were lost.', () =>
      [...peers].map(([Remote, { disconnections }]) => [{ Remote }, disconnections]),
    ),
  ]
}
