import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Unknown } from 'synod'
import { OneNode } from '../testing/one-node.ts'
import { askHttp } from '../testing/ask-http.ts'

// Goal: a probe is told what is, in the words of etcd's pages. Method: one member, of which each thing goes wrong in turn.

let node: OneNode
let alarms: string[] = []
beforeEach(async () => {
  node = await new OneNode().start()
  alarms = []
  node.front.alarms = () => alarms
})
afterEach(async () => node.stop())

async function get(path: string): Promise<string> {
  const { status, text } = await askHttp(node.port, 'GET', path)
  return `${status} ${text}`
}

function unwell(reason: string): string {
  return `503 {"health":"false","reason":"${reason}"}\n`
}

const well = '200 {"health":"true","reason":""}'

describe('/health', () => {
  test('pitfall W5: it is false without a leader, but for who asks for this member alone', async () => {
    node.replica.leader = undefined
    expect(await get('/health')).toBe(unwell('RAFT NO LEADER'))
    expect(await get('/health?serializable=true')).toBe(well)
  })

  test('it is false when a read finds no majority', async () => {
    node.replica.failure = new Unknown('no answer in time', { code: 'timeout' })
    expect(await get('/health')).toBe(unwell('RANGE ERROR:etcdserver: request timed out'))
  })

  test('it is false with an alarm, but for one that is excluded', async () => {
    alarms = ['NOSPACE']
    expect(await get('/health')).toBe(unwell('ALARM NOSPACE'))
    expect(await get('/health?exclude=CORRUPT')).toBe(unwell('ALARM NOSPACE'))
    expect(await get('/health?exclude=NOSPACE')).toBe(well)
    alarms = ['NOSPACE', 'CORRUPT']
    expect(await get('/health?exclude=NOSPACE')).toBe(unwell('ALARM CORRUPT'))
    expect(await get('/health?exclude=NOSPACE&exclude=CORRUPT')).toBe(well)
  })

  test('what it said is counted', async () => {
    await get('/health')
    node.replica.leader = undefined
    await get('/health')
    await get('/health')
    expect(node.web.health).toMatchObject({ successes: 1, failures: 2 })
  })
})

describe('/livez and /readyz', () => {
  test('a member without a leader lives, and is not ready', async () => {
    node.replica.leader = undefined
    expect(await get('/livez')).toBe('200 ok\n')
    expect(await get('/readyz')).toBe(
      '503 [+]non_learner ok\n[+]data_corruption ok\n[+]serializable_read ok\n[-]linearizable_read failed: etcdserver: request timed out\n\n',
    )
    expect(await get('/readyz?exclude=linearizable_read')).toBe('200 ok\n')
    expect(await get('/readyz/linearizable_read')).toBe(
      '503 [-]linearizable_read failed: etcdserver: request timed out\n\n',
    )
    expect(await get('/readyz/serializable_read')).toBe('200 ok\n')
  })

  test('pitfall W6: a full member is not restarted for it, and still serves reads', async () => {
    alarms = ['NOSPACE']
    expect(await get('/livez')).toBe('200 ok\n')
    expect(await get('/readyz')).toBe('200 ok\n')
  })

  test('one whose data is corrupt is not ready', async () => {
    alarms = ['CORRUPT']
    expect(await get('/readyz/data_corruption')).toBe('503 [-]data_corruption failed: alarm activated: CORRUPT\n\n')
    expect(await get('/livez')).toBe('200 ok\n')
  })

  test('a learner is not ready', async () => {
    node.replica.membership = { ...node.replica.membership, voters: [], learners: [node.replica.self] }
    expect(await get('/readyz/non_learner')).toBe('503 [-]non_learner failed: not supported for learner\n\n')
  })

  test('one that was removed is not alive', async () => {
    node.replica.departing = true
    expect(await get('/livez?verbose')).toBe(
      '503 [-]serializable_read failed: this member was removed from the cluster\n\n',
    )
  })

  test('single checks tell about themselves when asked to, and there are no others', async () => {
    expect(await get('/readyz/data_corruption?verbose')).toBe('200 [+]data_corruption ok\nok\n')
    for (const path of ['/livez/linearizable_read', '/readyz/x', '/readyz/', '/readyz/non_learner/x', '/health/x']) {
      expect(await get(path)).toBe('404 404 page not found\n')
    }
  })

  test('findings are counted by check', async () => {
    await get('/readyz')
    node.replica.leader = undefined
    await get('/readyz')
    expect(node.web.health.counts.find(({ name }) => name === 'linearizable_read')).toEqual({
      kind: 'readyz',
      name: 'linearizable_read',
      success: 1,
      error: 1,
      healthy: false,
    })
  })
})

describe('a port of its own for metrics', () => {
  test('it has the pages of health and the metrics, and nothing of what is stored', async () => {
    const { port } = await node.web.listen('127.0.0.1', 0)
    const status = async (method: string, path: string): Promise<number> => (await askHttp(port, method, path)).status
    for (const path of ['/health', '/livez', '/readyz', '/version', '/metrics'])
      expect(await status('GET', path)).toBe(200)
    for (const path of ['/v3/kv/range', '/v3/kv/put', '/v3beta/kv/range']) expect(await status('POST', path)).toBe(404)
    await node.web.drain(100)
    await expect(status('GET', '/livez')).rejects.toThrow('ECONNREFUSED')
  })

  test('a person in a browser is told what it is, a program what it expects of etcd', async () => {
    const { port } = await node.web.listen('127.0.0.1', 0)
    const browser = { accept: 'text/html,application/xhtml+xml' }
    expect((await askHttp(port, 'GET', '/', '', browser)).text).not.toContain('/v3/')
    expect(await askHttp(node.port, 'GET', '/', '', browser)).toMatchObject({
      status: 200,
      text: expect.stringContaining('curl -d'),
    })
    expect(await askHttp(node.port, 'GET', '/')).toMatchObject({ status: 404, text: '404 page not found\n' })
  })

  test('an address that is taken is told', async () => {
    await expect(node.web.listen('127.0.0.1', node.port)).rejects.toThrow('EADDRINUSE')
  })
})
