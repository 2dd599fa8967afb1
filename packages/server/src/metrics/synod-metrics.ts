import { synodVersion } from '../cli/version.ts'
import { sum } from './sources.ts'
import type { Sources } from './sources.ts'
import { counter, gauge, histogram, labelled } from './told.ts'
import type { Told } from './told.ts'

/** What is Synod's own. */
export function synodMetrics({ front, meters, web, grpc }: Sources): Told[] {
  const { replica, config, seat } = front
  const version = synodVersion()
  return [
    labelled('gauge', 'synod_build_info', 'What runs here, as labels.', () => [
      [{ version, engine: config.engine, node: process.version }, 1],
    ]),
    labelled('gauge', 'synod_member_info', 'Which member of which cluster this is, as labels.', () => [
      [{ cluster: seat.cluster, member: seat.self }, 1],
    ]),
    labelled('counter', 'synod_limit_hits_total', 'How often a limit was met, by its name.', () => [
      ...limitHits([...grpc(), ...web.listenersCounters, ...web.ports.map(({ counters }) => counters)]),
    ]),
    labelled('gauge', 'synod_http_connections', 'Open connections of HTTP/1.1.', () => byPort(web, 'connections')),
    labelled('counter', 'synod_http_connections_total', 'Connections of HTTP/1.1.', () =>
      byPort(web, 'connectionsTotal'),
    ),
    labelled('counter', 'synod_http_requests_total', 'Requests over HTTP/1.1.', () => byPort(web, 'requestsTotal')),
    gauge('synod_grpc_connections', 'Open connections to the client port.', () => sum(grpc(), 'connectionsOpen')),
    counter('synod_grpc_connections_total', 'Connections to the client port.', () =>
      sum(grpc(), 'connectionsAccepted'),
    ),
    counter('synod_tls_handshakes_failed_total', 'Handshakes of TLS with clients that came to nothing.', () =>
      sum([...grpc(), ...web.listenersCounters], 'handshakesFailed'),
    ),
    gauge('synod_grpc_streams', 'Open calls of gRPC.', () => sum(grpc(), 'streamsOpen')),
    histogram(
      'synod_batch_operations',
      'Operations in one command: what clients asked while the commands before were on their way.',
      () => meters.store.batches,
    ),
    gauge('synod_log_last_index', 'The newest index of the log, decided or not.', () => replica.standing.lastIndex),
    gauge(
      'synod_log_compacted_index',
      'Index up to which the log was replaced by a snapshot.',
      () => replica.standing.compacted,
    ),
    gauge('synod_term', 'The term of this member (in Multi-Paxos, its ballot).', () => replica.standing.term),
    gauge('synod_repairing', 'Whether the journal is damaged and is being repaired from the peers: 1 or 0.', () =>
      Number(replica.standing.repairing),
    ),
    gauge('synod_leases', 'Leases that have not ended.', () => front.store.leases.count),
    labelled('gauge', 'synod_alarm', 'Whether an alarm is on: 1 or 0.', () =>
      ['NOSPACE', 'CORRUPT'].map((alarm) => [{ alarm }, Number(front.alarms().includes(alarm))]),
    ),
    labelled(
      'gauge',
      'synod_peer_phi',
      'How unlikely the silence of a peer is: 1 is one in ten, 8 one in 100 million.',
      () => (front.peers?.phis(replica.standing, seat.self) ?? []).map(({ id, phi }) => [{ peer: id }, phi]),
    ),
  ]
}

function limitHits(
  counted: readonly { readonly limitHits: Readonly<Record<string, number>> }[],
): (readonly [{ readonly limit: string }, number])[] {
  const hits = new Map<string, number>()
  for (const { limitHits: some } of counted) {
    for (const [limit, count] of Object.entries(some)) hits.set(limit, (hits.get(limit) ?? 0) + count)
  }
  return [...hits].map(([limit, count]) => [{ limit }, count])
}

function byPort(
  { ports }: Sources['web'],
  field: 'connections' | 'connectionsTotal' | 'requestsTotal',
): (readonly [{ readonly port: string }, number])[] {
  return ports.map(({ counters }, i) => [{ port: i === 0 ? 'clients' : 'metrics' }, counters[field]])
}
