import { expect, test } from 'vitest'
import { OneNode } from '../testing/one-node.ts'
import { RealNode } from '../testing/real-node.ts'
import { askHttp, checkHttp } from '../testing/replay-http.ts'
import { Bindings, scenarios } from '../testing/transcript.ts'
import type { Line } from '../testing/transcript.ts'

// Goal: who uses etcd without gRPC cannot tell this server from it. Method: what a real etcd was asked over HTTP/1.1 and
// what it answered, line by line, to the byte where it is text.

/** Lines that are not answered as recorded, and why. */
const different: { why: string; means: (line: Line) => boolean }[] = [
  { why: 'watches are not here yet', means: ({ op }) => op === 'POST /v3/watch' },
  {
    why: 'leases cannot be kept alive or asked for yet',
    means: ({ op = '' }) => /^POST \/v3(\/kv)?\/lease\/(keepalive|timetolive|leases)$/.test(op),
  },
  { why: 'alarms are not here yet', means: ({ op }) => op === 'POST /v3/maintenance/alarm' },
  { why: 'authentication is not here yet', means: ({ op = '' }) => op.startsWith('POST /v3/auth/') },
  { why: 'locks are not here yet', means: ({ op = '' }) => op.startsWith('POST /v3/lock/') },
  { why: 'a person who opens it in a browser should see what it is', means: ({ op }) => op === 'GET /' },
  {
    why: 'there is no text of metrics without a whole member, of which metrics.test.ts tells',
    means: ({ op }) => op === 'GET /metrics',
  },
]

const replayed = scenarios('gateway').filter(({ scenario }) => scenario !== 'json-auth')

test('each exception is of some line', () => {
  const lines = replayed.flatMap((scenario) => scenario.lines)
  for (const { why, means } of different) expect(lines.some(means), why).toBe(true)
  expect(lines.filter((line) => !different.some(({ means }) => means(line)))).toHaveLength(40)
})

for (const { what, Node } of [
  { what: 'a front', Node: OneNode },
  { what: 'a durable member', Node: RealNode },
]) {
  for (const { scenario, lines } of replayed) {
    test(`${what}, ${scenario}: answers as etcd does`, async () => {
      const node = await new Node().start()
      try {
        const bindings = new Bindings()
        const wrong: string[] = []
        for (const line of lines) {
          if (!different.some(({ means }) => means(line))) wrong.push(...(await checkHttp(line, node.port, bindings)))
          else if (line.op?.startsWith('POST') === true) await expectLater(node.port, line)
        }
        expect([...wrong, ...node.complaints]).toEqual([])
      } finally {
        await node.stop()
      }
    })
  }
}

/** What is not here yet is refused in the words that clients take for "an older server". */
async function expectLater(port: number, { op = '', request }: Line): Promise<void> {
  const answer = await askHttp(port, 'POST', op.slice('POST '.length), JSON.stringify(request))
  expect(answer).toMatchObject({ status: 501, contentType: 'application/json' })
  expect(JSON.parse(answer.text)).toMatchObject({
    code: 12,
    message: expect.stringMatching(/^unknown method \w+ for service/),
  })
}
