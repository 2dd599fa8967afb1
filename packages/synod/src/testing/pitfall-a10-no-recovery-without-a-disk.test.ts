import { expect, test } from 'vitest'
import { TallyCluster } from './tally-cluster.ts'

// Goal: nothing acknowledged is lost because members came back without their disks and were told the state by others
// (Michael et al., DISC'17, of Viewstamped Replication's recovery). There is no such recovery: who has no disk is out.
// Method: of the two that hold an acknowledged command one dies, the other comes back empty beside the one that lags.
test('a member that comes back without its disk makes no quorum with one that lags', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  cluster.puts(1, 5)
  const leader = cluster.leader() ?? 'a'
  const [holder = 'b', lagging = 'c'] = cluster.followers()
  cluster.isolate(lagging)
  cluster.puts(6, 9, () => leader)
  cluster.run(100)
  cluster.kill(leader)
  cluster.kill(holder)
  cluster.node(holder).disk.wipe()
  cluster.heal()
  cluster.start(holder)
  expect(cluster.run(10_000, () => cluster.leader() !== undefined)).toBe(false)

  cluster.start(leader)
  expect(cluster.run(10_000, () => cluster.leader() === leader)).toBe(true)
  expect(cluster.node(holder).halted).toMatchObject({ code: 'lost-disk' })
  expect(cluster.read(leader)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
})
