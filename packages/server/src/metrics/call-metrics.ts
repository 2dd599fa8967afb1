import { Histogram } from 'synod'
import type { MethodCounters } from 'synod/grpc'
import type { Sources } from './sources.ts'
import { histograms, labelled } from './told.ts'
import type { Told } from './told.ts'

type Labels = Readonly<Record<string, string>>

/** As grpc-go calls them. */
const codeNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
]

/** Of the streams of the API, those in which the client says one thing; in the others both speak. */
const serverStreams: ReadonlySet<string> = new Set([
  '/etcdserverpb.KV/RangeStream',
  '/etcdserverpb.Maintenance/Snapshot',
  '/v3electionpb.Election/Observe',
  '/grpc.health.v1.Health/Watch',
])

/** Calls by method and outcome, those of the JSON gateway included: etcd's are calls of gRPC too. */
export function callMetrics({ grpc, web }: Sources): Told[] {
  const methods = (): Method[] => together([...grpc().flatMap((one) => one.methods), ...web.gateway.called])
  const each = (read: (one: Method) => number) => (): (readonly [Labels, number])[] =>
    methods().map((one) => [one.labels, read(one)])
  return [
    labelled(
      'counter',
      'grpc_server_started_total',
      'Calls that began.',
      each((one) => one.started),
    ),
    labelled('counter', 'grpc_server_handled_total', 'Calls that ended, by their outcome.', () =>
      methods().flatMap(({ labels, handled }) =>
        codeNames
          .map((grpc_code, code) => [{ ...labels, grpc_code }, handled[code] ?? 0] as const)
          // What never happened needs no line, but for what every rate is compared with.
          .filter(([, count], code) => count > 0 || code === 0),
      ),
    ),
    labelled(
      'counter',
      'grpc_server_msg_received_total',
      'Messages of calls that arrived.',
      each((one) => one.messagesReceived),
    ),
    labelled(
      'counter',
      'grpc_server_msg_sent_total',
      'Messages of calls that were sent.',
      each((one) => one.messagesSent),
    ),
    histograms('grpc_server_handling_seconds', 'From the beginning of a call to its end.', () =>
      methods()
        .filter(({ started }) => started > 0)
        .map(({ labels, handling }) => [labels, handling]),
    ),
  ]
}

/** All calls of one method, wherever they came in. */
interface Method {
  readonly labels: Labels
  started: number
  readonly handled: number[]
  messagesReceived: number
  messagesSent: number
  readonly handling: Histogram
}

function together(counters: readonly MethodCounters[]): Method[] {
  const byPath = new Map<string, Method>()
  for (const one of counters) {
    const known = byPath.get(one.path) ?? none(one)
    byPath.set(one.path, known)
    known.started += one.started
    known.messagesReceived += one.messagesReceived
    known.messagesSent += one.messagesSent
    for (const [code, count] of one.handled.entries()) known.handled[code] = (known.handled[code] ?? 0) + count
    known.handling.add(one.handling)
  }
  return [...byPath.values()]
}

function none({ path, kind, handling }: MethodCounters): Method {
  const [, grpc_service = 'unknown', grpc_method = 'unknown'] = path.split('/')
  return {
    labels: {
      grpc_type: kind === 'unary' ? 'unary' : serverStreams.has(path) ? 'server_stream' : 'bidi_stream',
      grpc_service,
      grpc_method,
    },
    started: 0,
    handled: [],
    messagesReceived: 0,
    messagesSent: 0,
    handling: new Histogram(handling.bounds),
  }
}
