import type { EtcdClient } from './etcd-client.ts'
import type { Bindings, Json, Line } from './transcript.ts'

// One line of a transcript, asked of a server.

/** What is here. Everything else in the transcripts must be refused with 12, which clients understand. */
const supported = new Set([
  'KV/Range',
  'KV/Put',
  'KV/DeleteRange',
  'KV/Txn',
  'KV/Compact',
  'Lease/LeaseGrant',
  'Lease/LeaseRevoke',
  'Cluster/MemberList',
  'Cluster/MemberAdd',
  'Cluster/MemberRemove',
  'Cluster/MemberUpdate',
  'Cluster/MemberPromote',
  'Maintenance/MoveLeader',
  'Maintenance/Status',
  'Maintenance/HashKV',
  'Health/Check',
])

/** A line whose answer differs, with the reason. */
export interface Deviation {
  readonly op: string
  /** A part of the request, as JSON. */
  readonly request: string
  readonly why: string
  readonly answer: Json
}

/**
 * Fields that the recorded version does not have, and one that means something else there: from the second compaction on,
 * etcd tells where the one before it was.
 */
const unlike: Readonly<Record<string, readonly string[]>> = {
  'Maintenance/Status': ['storageVersion', 'dbSizeQuota'],
  'Maintenance/HashKV': ['hashRevision', 'compactRevision'],
}

/** Asks what the line asks; answers how the answer differs from the recorded one. */
export async function check(
  line: Line,
  client: Pick<EtcdClient, 'call' | 'raw'>,
  bindings: Bindings,
  deviations: readonly Deviation[],
): Promise<string[]> {
  const { op, request, response } = line
  if (op === undefined || request === undefined || line.stream !== undefined || line.fact !== undefined) return []
  if (op.startsWith('/')) return compare(line, bindings, response, await raw(client, op), op)
  if (/^(GET|POST|@)/.test(op)) return []
  const asked = bindings.substitute(request)
  if (!supported.has(op)) {
    const answer = await client.call(op, asked)
    const [service = '', method] = op.split('/')
    const later = { error: { code: 12, message: `unknown method ${method ?? ''} for service etcdserverpb.${service}` } }
    return compare(line, bindings, later, answer, `${op} (later)`)
  }
  const deviation = deviations.find((one) => one.op === op && JSON.stringify(request).includes(one.request))
  if (line.repeat !== undefined) return repeat(client, op, asked)
  const answer = await client.call(op, asked, line.metadata)
  return compare(
    line,
    bindings,
    deviation?.answer ?? response,
    answer,
    `${op} ${JSON.stringify(request).slice(0, 200)}`,
  )
}

/** Until it fails, as it must. */
async function repeat(client: Pick<EtcdClient, 'call'>, op: string, request: Json): Promise<string[]> {
  for (let tries = 0; tries < 100; tries++) if ('error' in Object(await client.call(op, request))) return []
  return [`${op} never failed`]
}

function compare(line: Line, bindings: Bindings, expected: Json | undefined, actual: Json, what: string): string[] {
  const fields = unlike[line.op ?? ''] ?? []
  return bindings
    .differences(without(expected, fields), without(actual, fields), line.note ?? '')
    .map((difference) => `${what}: ${difference}`)
}

function without(value: Json | undefined, fields: readonly string[]): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !fields.includes(name)))
}

async function raw(client: Pick<EtcdClient, 'raw'>, path: string): Promise<Json> {
  const answer = await client.raw(path, new Uint8Array())
  return answer instanceof Uint8Array ? {} : answer
}
