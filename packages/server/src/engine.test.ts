import { expect, test } from 'vitest'
import { RealCluster } from './testing/real-cluster.ts'

const key = Buffer.from('k').toString('base64')
const value = (text: string): string => Buffer.from(text).toString('base64')

// Goal: a cluster runs with either engine, and none takes a directory that another one has written.
// Method: three members on real disks and sockets; writes and reads at each; a member that is started again with each engine.
test('Multi-Paxos behind the server, and a directory that remembers its engine', async () => {
  const cluster = await new RealCluster({ engine: 'multi-paxos' }).start(3)
  try {
    for (const number of [1, 2, 3]) {
      await cluster.ask(number, 'KV/Put', { key, value: value(`by ${number}`) })
      const { kvs } = await cluster.ask((number % 3) + 1, 'KV/Range', { key })
      expect(kvs).toMatchObject([{ value: value(`by ${number}`) }])
    }
    const leader = await cluster.leader()
    await cluster.member(leader).stop()
    await cluster.ask((leader % 3) + 1, 'KV/Put', { key, value: value('without the leader') })

    const { flags } = cluster.member(leader)
    await expect(cluster.member(leader).start({ ...flags, engine: 'raft' })).rejects.toThrow(
      /was written by the engine multi-paxos, and raft is to be started/,
    )
    await cluster.member(leader).start({ ...flags, engine: 'multi-paxos' })
    const { kvs } = await cluster.ask(leader, 'KV/Range', { key })
    expect(kvs).toMatchObject([{ value: value('without the leader') }])
  } finally {
    await cluster.stop()
  }
})
