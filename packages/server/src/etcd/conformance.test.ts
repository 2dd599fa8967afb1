import { describe, expect, test } from 'vitest'
import { deviationOf, deviations } from '../testing/deviations.ts'
import { OneNode } from '../testing/one-node.ts'
import { RealNode } from '../testing/real-node.ts'
import { etcdctl } from '../testing/replay-commands.ts'
import { NodeHome, settingsOf } from '../testing/replay-home.ts'
import type { ReplayHome } from '../testing/replay-home.ts'
import { Replay } from '../testing/replay.ts'
import { scenarios, transcripts } from '../testing/transcript.ts'
import type { Line, Scenario } from '../testing/transcript.ts'

// Goal: a client cannot tell this server from etcd. Method: what a real etcd was asked and what it answered, line by
// line, over a real connection, with clients of others. `npm run conformance` asks real clusters all of it; here are the
// parts that wait for nothing.

const replayed: { file: string; names?: string[] }[] = [
  { file: 'kv' },
  { file: 'txn' },
  { file: 'compaction' },
  { file: 'lease', names: ['grant', 'list', 'keys', 'restart'] },
  { file: 'cluster', names: ['one-member'] },
  { file: 'limits' },
  { file: 'clients' },
]

/**
 * The front alone, over a store that applies at once; and a durable member, from the client's connection to the disk, for what
 * is asked again after a restart.
 */
const nodes = [
  { what: 'a front', Node: OneNode, files: replayed.map(({ file }) => file) },
  { what: 'a durable member', Node: RealNode, files: ['compaction'] },
]

for (const { what, Node, files } of nodes) {
  for (const { file, names } of replayed.filter((one) => files.includes(one.file))) {
    describe(`${what}, ${file}`, () => {
      for (const scenario of scenarios(file).filter((one) => names?.includes(one.scenario) ?? true)) {
        test(`${scenario.scenario}: answers as etcd does`, async () => {
          const node = await new Node(settingsOf(scenario)).start()
          await expectConformance(scenario, new NodeHome(node))
        })
      }
    })
  }
}

// Debian's etcd-client is there wherever the project's own checks run.
describe.runIf(etcdctl !== undefined || process.env['CI'] !== undefined)('etcdctl', () => {
  test('prints what it prints with etcd', async () => {
    const [scenario] = scenarios('cli')
    if (scenario === undefined) throw new Error('there are no commands')
    // From there on the transcript is about users, who are not here.
    const users = scenario.lines.findIndex(({ args }) => args?.[0] === 'user')
    // What runs in the background takes seconds, and one line counts the revisions that it made.
    const countsThem = ({ args = [] }: Line): boolean => args.includes('status') && args.includes('json')
    const lines = scenario.lines.slice(0, users).filter((line) => line.background !== true && !countsThem(line))
    await expectConformance({ ...scenario, lines }, new NodeHome(await new OneNode().start()))
  })
})

test('each difference that is put up with is of a line, and of one alone', () => {
  const all = transcripts.flatMap((file) => scenarios(file))
  for (const deviation of deviations) {
    const meant = all.flatMap((scenario) => scenario.lines.filter((line) => deviationOf(scenario, line) === deviation))
    expect(meant, deviation.why).toHaveLength(1)
  }
})

async function expectConformance(scenario: Scenario, home: ReplayHome): Promise<void> {
  try {
    const verdicts = await new Replay(scenario, home).run()
    expect(verdicts).toHaveLength(scenario.lines.length)
    expect(verdicts.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(home.complaints).toEqual([])
  } finally {
    await home.close()
  }
}
