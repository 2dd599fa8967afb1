import { expect, test } from 'vitest'
import { TallyCluster } from './tally-cluster.ts'

// Goal: a snapshot that a crash left half written is no obstacle to a restart (redisraft#654, #43).
// Method: a cluster of one, which no peer could repair, takes its first snapshot; its power goes after each of the disk
// operations from the snapshot's first byte on, in a run of its own.
const puts = 60

interface Outcome {
  /** Of the disk, since the snapshot was begun. */
  readonly operations: number
  readonly trouble: readonly string[]
  /** Without what was put a second time, because a cut had left the first one's fate unknown. */
  readonly held: readonly number[]
  readonly snapshot: number
}

function play(cutAfter: number): Outcome {
  const cluster = new TallyCluster({ nodes: ['a'], seed: cutAfter })
  const leads = (): boolean => cluster.leader() === 'a'
  let operations = 0
  cluster.onDisk = (node) => {
    if ((operations > 0 || node.disk.files.has('snapshot-aside')) && ++operations === cutAfter) {
      cluster.powerCut('a')
      cluster.schedule.after(10, () => cluster.start('a'))
    }
  }
  cluster.start('a')
  for (let value = 1; value <= puts; value++) {
    for (let tries = 0; tries < 2; tries++) {
      if (cluster.run(1_000, leads) && typeof cluster.put('a', value, 200) === 'number') break
    }
  }
  cluster.run(500)
  return {
    operations,
    trouble: cluster.logs.filter((line) => line.startsWith('a error')),
    held: [...new Set(cluster.machines.get('a')?.operations)],
    snapshot: cluster.member('a')?.standing.snapshot?.index ?? 0,
  }
}

test('power may go at any instant while a snapshot is taken', () => {
  const whole = play(0)
  const values = Array.from({ length: puts }, (_, i) => i + 1)
  expect(whole).toMatchObject({ trouble: [], held: values })
  expect(whole.snapshot).toBeGreaterThan(0)
  for (let cutAfter = 1; cutAfter <= whole.operations; cutAfter++) {
    const { trouble, held, snapshot } = play(cutAfter)
    expect({ cutAfter, trouble, held }).toEqual({ cutAfter, trouble: [], held: values })
    expect(snapshot, `cut after ${cutAfter}`).toBeGreaterThan(0)
  }
})
