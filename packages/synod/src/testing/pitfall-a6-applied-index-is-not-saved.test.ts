import { expect, test } from 'vitest'
import { TallyCluster } from './tally-cluster.ts'

// Goal: what was applied is not remembered ahead of what is committed (qdrant#1172, etcd#20426). It is not remembered at
// all: a member begins with its snapshot, and applies what is decided after that.
// Method: a leader applies what the others' disks have committed and its own has not, and loses its power.
test('a member that applied what was not on its disk starts with the state of its snapshot', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  cluster.puts(1, 100)
  const leader = cluster.leader() ?? 'a'
  cluster.run(500)
  cluster.node(leader).disk.faults.syncTime = 60_000
  cluster.puts(101, 103, () => leader)
  expect(cluster.machines.get(leader)?.operations).toHaveLength(103)
  const { snapshot, lastIndex } = cluster.present(leader).standing
  expect(snapshot?.index).toBeGreaterThan(0)

  cluster.powerCut(leader)
  delete cluster.node(leader).disk.faults.syncTime
  // Alone it hears of no decision.
  cluster.isolate(leader)
  cluster.start(leader)
  cluster.run(1_000, () => cluster.present(leader).applied > 0)
  const back = cluster.present(leader)
  expect(back.standing.lastIndex).toBeLessThan(lastIndex)
  expect(back.applied).toBe(snapshot?.index)
  expect(cluster.machines.get(leader)?.operations.length).toBeLessThan(100)

  cluster.heal()
  expect(cluster.agree()).toBe(true)
  expect(cluster.machines.get(leader)?.operations).toEqual(Array.from({ length: 103 }, (_, i) => i + 1))
})
