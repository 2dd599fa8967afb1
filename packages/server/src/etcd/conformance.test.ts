import { describe, expect, test } from 'vitest'
import { EtcdClient } from '../testing/etcd-client.ts'
import { OneNode } from '../testing/one-node.ts'
import { RealNode } from '../testing/real-node.ts'
import { Bindings, scenarios } from '../testing/transcript.ts'
import type { Json, Line, Scenario } from '../testing/transcript.ts'

// Goal: a client cannot tell this server from etcd. Method: what a real etcd was asked and what it answered, line by
// line, over a real connection, with a client of others.

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

/** Lines whose answers differ, each with the reason. */
const deviations: { scenario: string; op: string; request: string; why: string; answer: Json }[] = [
  {
    scenario: 'range-options',
    op: 'KV/Range',
    request: '"sortOrder":9',
    why: 'refused from etcd 3.6 on',
    answer: { error: { code: 3, message: 'etcdserver: invalid sort option' } },
  },
  {
    scenario: 'sort-target',
    op: 'KV/Range',
    request: '"sortTarget":9',
    why: 'etcd 3.5.30 ends',
    answer: { error: { code: 3, message: 'etcdserver: invalid sort option' } },
  },
  {
    scenario: 'compare',
    op: 'KV/Txn',
    request: '"result":9',
    why: 'etcd takes it for true',
    answer: { error: { code: 3, message: 'etcdserver: invalid compare result' } },
  },
]

/**
 * Fields that the recorded version does not have, and one that means something else there: from the second compaction on,
 * etcd tells where the one before it was.
 */
const unlike: Readonly<Record<string, readonly string[]>> = {
  'Maintenance/Status': ['storageVersion', 'dbSizeQuota'],
  'Maintenance/HashKV': ['hashRevision', 'compactRevision'],
}

const replayed: { file: string; names?: string[] }[] = [
  { file: 'kv' },
  { file: 'txn' },
  { file: 'compaction' },
  { file: 'lease', names: ['grant', 'list', 'keys', 'restart'] },
  { file: 'cluster', names: ['one-member'] },
  { file: 'limits' },
  { file: 'clients' },
]

/** The front alone, over a store that applies at once; and a durable member, from the client's connection to the disk. */
const nodes = [
  { what: 'a front', Node: OneNode, files: replayed.map(({ file }) => file) },
  { what: 'a durable member', Node: RealNode, files: ['kv', 'compaction', 'lease', 'cluster'] },
]

for (const { what, Node, files } of nodes) {
  for (const { file, names } of replayed.filter((one) => files.includes(one.file))) {
    describe(`${what}, ${file}`, () => {
      for (const scenario of scenarios(file).filter((one) => names?.includes(one.scenario) ?? true)) {
        test(`${scenario.scenario}: answers as etcd does`, async () => {
          const quota = scenario.flags?.find((flag) => flag.startsWith('--quota-backend-bytes='))?.split('=')[1]
          const node = await new Node(quota === undefined ? {} : { quotaBackendBytes: Number(quota) }).start()
          expect(await replay(scenario, node)).toEqual([])
        })
      }
    })
  }
}

/** What was answered differently, and what was logged as a problem. */
async function replay(scenario: Scenario, node: OneNode | RealNode): Promise<string[]> {
  let client = new EtcdClient(node.port)
  const bindings = new Bindings({ $clientURL1: node.url, $peerURL1: node.config.self.peerUrl })
  const wrong: string[] = []
  try {
    let alarm = false
    for (const line of scenario.lines) {
      // What an alarm does is left out until there are alarms.
      const action = line.op === 'Maintenance/Alarm' ? JSON.stringify(line.request) : ''
      if (action.includes('"ACTIVATE"')) alarm = true
      if (action.includes('"DEACTIVATE"')) alarm = false
      if (alarm && line.op !== 'KV/Compact') continue
      if (line.op === '@restart') {
        bindings.forget('$term')
        client.close()
        await node.restart()
        client = new EtcdClient(node.port)
      } else wrong.push(...(await check(line, scenario, client, bindings)))
    }
    return [...wrong, ...node.complaints]
  } finally {
    client.close()
    await node.stop()
  }
}

async function check(line: Line, scenario: Scenario, client: EtcdClient, bindings: Bindings): Promise<string[]> {
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
  const deviation = deviations.find(
    (one) => one.scenario === scenario.scenario && one.op === op && JSON.stringify(request).includes(one.request),
  )
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
async function repeat(client: EtcdClient, op: string, request: Json): Promise<string[]> {
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

async function raw(client: EtcdClient, path: string): Promise<Json> {
  const answer = await client.raw(path, new Uint8Array())
  return answer instanceof Uint8Array ? {} : answer
}
