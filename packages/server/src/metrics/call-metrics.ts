import type { MethodCounters } from './method-counts.ts'
import type { Sources } from './sources.ts'
import { histograms, labelled } from './told.ts'
import type { Told } from './told.ts'

type MethodLabels = Readonly<Record<'grpc_type' | 'grpc_service' | 'grpc_method', string>>

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

/** Calls by method and outcome, those of the JSON gateway included: etcd's are calls of gRPC too. */
export function callMetrics({ grpc, web }: Sources): Told[] {
  const methods = (): (readonly [MethodLabels, MethodCounters])[] =>
    [...grpc().flatMap((one) => one.methods), ...web.gateway.methods.values()].map((one) => [labelsOf(one), one])
  const total = (read: (one: MethodCounters) => number): (readonly [MethodLabels, number])[] => {
    const sums = new Map<string, [MethodLabels, number]>()
    for (const [labels, one] of methods()) {
      const known = sums.get(one.path) ?? [labels, 0]
      sums.set(one.path, [labels, known[1] + read(one)])
    }
    return [...sums.values()]
  }
  return [
    labelled('counter', 'grpc_server_started_total', 'Calls that began.', () => total((one) => one.started)),
    labelled('counter', 'grpc_server_handled_total', 'Calls that ended, by their outcome.', () =>
      codeNames.flatMap((grpc_code, code) =>
        total((one) => one.handled[code] ?? 0)
          // What never happened needs no line, but for what every rate is compared with.
          .filter(([, count]) => count > 0 || code === 0)
          .map(([labels, count]) => [{ ...labels, grpc_code }, count] as const),
      ),
    ),
    labelled('counter', 'grpc_server_msg_received_total', 'Messages of calls that arrived.', () =>
      total((one) => one.messagesReceived),
    ),
    labelled('counter', 'grpc_server_msg_sent_total', 'Messages of calls that were sent.', () =>
      total((one) => one.messagesSent),
    ),
    histograms('grpc_server_handling_seconds', 'From the beginning of a call to its end.', () =>
      methods().map(([labels, { handling }]) => [labels, handling]),
    ),
  ]
}

function labelsOf({ path, kind }: MethodCounters): MethodLabels {
  const [, grpc_service = 'unknown', grpc_method = 'unknown'] = path.split('/')
  return { grpc_type: kind === 'unary' ? 'unary' : 'bidi_stream', grpc_service, grpc_method }
}
