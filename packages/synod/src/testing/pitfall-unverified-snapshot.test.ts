import { expect, test } from 'vitest'
import type { SnapshotId } from '../core/index.ts'
import { TallyCluster } from './tally-cluster.ts'

// Goal: a snapshot file counts as present only if somebody has verified it. Ours once counted by its name alone: the
// leader's offer of a snapshot of that name was taken for one that is here, and the member installed the damaged file.
// Method: a follower and its leader have the same snapshot; the follower's is damaged, and it starts again.
test('a damaged snapshot is fetched from a leader who offers one of the same name', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  const leader = cluster.leader() ?? 'a'
  const [victim = 'b'] = cluster.followers()
  const snapshots = (): (SnapshotId | undefined)[] =>
    [leader, victim].map((id) => cluster.present(id).standing.snapshot)
  // Members take their snapshots at different times, and these two once at the same index.
  for (let value = 1; snapshots()[0] === undefined || snapshots()[0]?.index !== snapshots()[1]?.index; value++) {
    expect(value).toBeLessThan(5000)
    cluster.puts(value, value)
    cluster.run(50)
  }
  const [snapshot] = snapshots()

  const name = `snapshot-${snapshot?.index}-${snapshot?.term}`
  const original = cluster.node(leader).disk.files.get(name)?.bytes
  const whole = original?.slice()
  cluster.kill(victim)
  cluster.node(victim).disk.corrupt(name, 60, 8)
  cluster.start(victim)
  cluster.run(20_000, () => cluster.logs.includes(`${victim} info installed a snapshot`))
  expect(cluster.node(victim).halted).toBeUndefined()
  expect(cluster.logs).toContain(`${victim} error the snapshot cannot be used`)
  expect(cluster.logs).toContain(`${victim} info installed a snapshot`)
  expect(cluster.node(victim).disk.files.get(name)?.bytes).toEqual(whole)
  expect(cluster.agree()).toBe(true)
})
