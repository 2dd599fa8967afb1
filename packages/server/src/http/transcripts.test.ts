import { expect, test } from 'vitest'
import { OneNode } from '../testing/one-node.ts'
import { NodeHome, settingsOf } from '../testing/replay-home.ts'
import { RealNode } from '../testing/real-node.ts'
import { Replay } from '../testing/replay.ts'
import { scenarios } from '../testing/transcript.ts'

// Goal: who uses etcd without gRPC cannot tell this server from it. Method: what a real etcd was asked over HTTP/1.1 and
// what it answered, line by line, to the byte where it is text.

/** What is answered by "unknown method", because it is not here yet. Everything else is answered as recorded. */
const later: Readonly<Record<string, readonly string[]>> = {
  json: [
    'POST /v3/lease/keepalive',
    'POST /v3/watch',
    'POST /v3/auth/status',
    'POST /v3/auth/authenticate',
    'POST /v3/lock/lock',
  ],
  http: [],
}

for (const { what, Node } of [
  { what: 'a front', Node: OneNode },
  { what: 'a durable member', Node: RealNode },
]) {
  for (const scenario of scenarios('gateway').filter((one) => one.scenario in later)) {
    test(`${what}, ${scenario.scenario}: answers as etcd does`, async () => {
      const home = new NodeHome(await new Node(settingsOf(scenario)).start())
      try {
        const verdicts = await new Replay(scenario, home).run()
        expect(verdicts).toHaveLength(scenario.lines.length)
        expect(verdicts.filter(({ outcome }) => outcome === 'failed')).toEqual([])
        const missing = verdicts.flatMap((one) => (one.outcome === 'not yet' ? [one.feature] : []))
        expect(missing).toEqual(later[scenario.scenario])
        expect(verdicts.filter((one) => one.outcome === 'passed' && one.unlike !== undefined)).toEqual([])
        expect(home.complaints).toEqual([])
      } finally {
        await home.close()
      }
    })
  }
}
