import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runHere } from './testing/processes.ts'
import { RealCluster } from './testing/real-cluster.ts'

const key = Buffer.from('k').toString('base64')
const value = (text: string): string => Buffer.from(text).toString('base64')

// Goal: a cluster runs with either engine, says which, and none takes a directory that another one has written.
// Method: three members on real disks and sockets; writes and reads at each; `synod status`; a member that is started again
// with each engine.
test('Multi-Paxos behind the server, and a directory that remembers its engine', async () => {
  const cluster = await new RealCluster({ engine: 'multi-paxos' }).start(3)
  try {
    for (const number of [1, 2, 3]) {
      await cluster.ask(number, 'KV/Put', { key, value: value(`by ${number}`) })
      const { kvs } = await cluster.ask((number % 3) + 1, 'KV/Range', { key })
      expect(kvs).toMatchObject([{ value: value(`by ${number}`) }])
    }
    const endpoints = [1, 2, 3].map((number) => cluster.member(number).url).join(',')
    const status = await runHere(['status', '--endpoints', endpoints])
    expect(status.stdout.match(/^.* multi-paxos .*$/gm)).toHaveLength(3)
    const { stdout } = await runHere(['status', '--json', '--endpoints', endpoints])
    expect(JSON.parse(stdout)).toMatchObject({ endpoints: [1, 2, 3].map(() => ({ engine: 'multi-paxos' })) })

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

// Goal: who is added to a cluster is told which engine that runs, and with another one leaves nothing behind.
// Method: `synod member add` on a cluster of Multi-Paxos; the member, started with the wrong engine, then with the right one.
test('a member that is added is started with the engine of its cluster, and with no other', async () => {
  const cluster = await new RealCluster({ engine: 'multi-paxos' }).start(1)
  try {
    const added = await cluster.plan()
    const { name, peerUrl, directory } = added
    const said = await runHere(['member', 'add', name, '--peer-urls', peerUrl, '--endpoints', cluster.member(1).url])
    expect(said.stderr + said.stdout).toMatch(/synod start .*--engine=multi-paxos/)

    const initialCluster = `${name}=${peerUrl},m1=${cluster.member(1).peerUrl}`
    const flags = { initialCluster, initialClusterState: 'existing' } as const
    await expect(added.start({ ...flags, engine: 'raft' })).rejects.toThrow(
      /runs the engine multi-paxos, and this member would run raft: start it with --engine=multi-paxos/,
    )
    expect(existsSync(join(directory, 'identity'))).toBe(false)

    await added.start({ ...flags, engine: 'multi-paxos' })
    // A learner takes no writes: it becomes a voter by itself.
    await cluster.until(async () => 'header' in (await cluster.ask(2, 'KV/Put', { key, value: value('by it') })))
    const { kvs } = await cluster.ask(1, 'KV/Range', { key })
    expect(kvs).toMatchObject([{ value: value('by it') }])
  } finally {
    await cluster.stop()
  }
})
