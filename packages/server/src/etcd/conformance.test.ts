import { describe, expect, test } from 'vitest'
import { EtcdClient } from '../testing/etcd-client.ts'
import { OneNode } from '../testing/one-node.ts'
import { RealNode } from '../testing/real-node.ts'
import { check } from '../testing/replay.ts'
import type { Deviation } from '../testing/replay.ts'
import { Bindings, scenarios } from '../testing/transcript.ts'
import type { Scenario } from '../testing/transcript.ts'

// Goal: a client cannot tell this server from etcd. Method: what a real etcd was asked and what it answered, line by
// line, over a real connection, with a client of others.

/** Lines whose answers differ, each with the reason. */
const deviations: (Deviation & { readonly scenario: string })[] = [
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
  const known = deviations.filter((one) => one.scenario === scenario.scenario)
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
      } else wrong.push(...(await check(line, client, bindings, known)))
    }
    return [...wrong, ...node.complaints]
  } finally {
    client.close()
    await node.stop()
  }
}
