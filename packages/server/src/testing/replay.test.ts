import { expect, test } from 'vitest'
import { OneNode } from './one-node.ts'
import { NodeHome } from './replay-home.ts'
import { Replay } from './replay.ts'
import { Bindings } from './transcript.ts'
import type { Line } from './transcript.ts'

// Goal: a wrong answer is never taken for a right one, nor for one that is to come. Method: transcripts of which it is known
// that a front answers otherwise.

const put: Line = { op: 'KV/Put', request: { key: 'YQ==' }, response: { header: '$any' } }
const another: Line = { ...put, response: { header: { revision: '77' } } }

async function outcomes(lines: readonly Line[]): Promise<string[]> {
  const home = new NodeHome(await new OneNode().start())
  try {
    const verdicts = await new Replay({ scenario: 'made-up', members: 1, lines }, home).run()
    return verdicts.map((verdict) => {
      if (verdict.outcome === 'not yet') return `not yet: ${verdict.feature}`
      if (verdict.outcome === 'failed') return `failed: ${verdict.why}`
      return verdict.unlike === undefined ? 'passed' : `passed, ${verdict.unlike}`
    })
  } finally {
    await home.close()
  }
}

test('an answer that differs has failed, and says where', async () => {
  const [first, second, third] = await outcomes([
    put,
    another,
    {
      op: 'KV/Put',
      request: { key: '' },
      response: { error: { code: 5, message: 'etcdserver: key is not provided' } },
    },
  ])
  expect(first).toBe('passed')
  expect(second).toContain('failed: ')
  expect(second).toContain('.header.revision: "3" instead of "77"')
  expect(third).toBe('failed: .error.code: 3 instead of 5')
})

test('what is incidental may differ, and is said', async () => {
  const [only] = await outcomes([{ ...another, level: 'incidental' }])
  expect(only).toContain('passed, incidental: ')
})

test('a method that is not there is not yet, and so is what differs after it, where it would have changed something', async () => {
  const answer = { header: '$any' }
  const auth: Line = { op: 'Auth/AuthEnable', request: {}, response: answer }
  expect(await outcomes([auth, put, another])).toEqual([
    'not yet: Auth/AuthEnable',
    'passed',
    'not yet: what comes after Auth/AuthEnable',
  ])
  const [, second] = await outcomes([{ op: 'Auth/UserList', request: {}, response: answer }, another])
  expect(second).toContain('failed: ')
})

test('a method that is there, and is answered by 12 all the same, has failed', async () => {
  const [only] = await outcomes([{ op: 'KV/RangeStream', request: {}, response: { header: '$any' } }])
  expect(only).toBe('failed: KV/RangeStream is answered as if it were not there')
})

test('12 where 12 is expected has passed', async () => {
  const error = { code: 12, message: 'unknown method AuthEnable for service etcdserverpb.Auth' }
  expect(await outcomes([{ op: 'Auth/AuthEnable', request: {}, response: { error } }])).toEqual(['passed'])
})

test('what the replay does not know has failed', async () => {
  const lines: Line[] = [{ fact: 'the moon is round' }, { op: '@explode' }]
  expect((await outcomes(lines)).every((one) => one.startsWith('failed: nobody knows'))).toBe(true)
})

test('a placeholder stands for one value, in texts and in hexadecimal too', () => {
  const bindings = new Bindings({ $clientURL1: 'http://127.0.0.1:2379' })
  expect(bindings.textDifferences('lease $id1(hex) granted\n', 'lease ff granted\n', 'stdout')).toEqual([])
  expect(bindings.textDifferences('"ID":"$id1", again $id1(hex)', '"ID":255, again ff', 'stdout')).toEqual([])
  expect(bindings.textDifferences('$id1(hex)', 'fe', 'stdout')).toHaveLength(1)
  expect(bindings.textDifferences('$clientURL1 took $any', 'http://127.0.0.1:2379 took 3ms', 'stdout')).toEqual([])
  expect(bindings.textDifferences('$clientURL1 (or so)', 'http://127.0.0.1:2380 (or so)', 'stdout')).toHaveLength(1)
  expect(bindings.differences(['memberID:$member1 alarm:NOSPACE '], ['memberID:77 alarm:NOSPACE '])).toEqual([])
  expect(bindings.differences({ ID: '$member1' }, { ID: '78' })).toHaveLength(1)
})

test('a term stays, or grows where there may be elections', () => {
  const after = (bindings: Bindings, term: string): number => bindings.differences('$term', term).length
  const [alone, several] = [new Bindings(), new Bindings({}, true)]
  expect(['5', '6', '5'].map((term) => after(alone, term))).toEqual([0, 1, 0])
  expect(['5', '6', '5'].map((term) => after(several, term))).toEqual([0, 0, 1])
})
