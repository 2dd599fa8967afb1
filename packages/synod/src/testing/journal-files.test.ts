import { expect, test, vi } from 'vitest'
import type { TallyContext } from './tally-machine.ts'
import { TallyCluster } from './tally-cluster.ts'
import type { RaftMember } from './raft-world.ts'

// Goal: a restart changes nothing in how the files of a journal go round and round. Method: small segments, snapshots after a
// few of them; a member is killed, and started again, when most of its files are of segments that were cut.
test('what was cut before a restart is cut after it, and its files are used again', () => {
  const bytes = 40 * 1024
  const cluster = new TallyCluster({
    options: {
      snapshots: {
        entries: 1_000_000,
        bytes,
        keepEntries: 5,
        keepBytes: 1024,
        piecesPerTurn: 4,
        retry: 50,
        chunkBytes: 512,
      },
    },
  })
  cluster.startAll()
  const victim = cluster.followers()[0] ?? 'b'
  const segments = (): RaftMember<TallyContext>['journal']['segments'] => cluster.present(victim).journal.segments
  let value = 0
  const putUntil = (isSo: () => boolean): void => {
    for (const end = value + 5000; !isSo();) {
      expect(value).toBeLessThan(end)
      cluster.puts(++value, value)
    }
    cluster.run(100)
  }
  const files = (): number =>
    [...cluster.node(victim).disk.files.keys()].filter((name) => /^journal-\d/.test(name)).length
  const snapshots = new Set<number>()
  putUntil(() => {
    const index = cluster.present(victim).standing.snapshot?.index
    if (index !== undefined) snapshots.add(index)
    return snapshots.size > 4 && segments().inUse.length === 2
  })
  const before = files()
  expect(before).toBeGreaterThan(3)

  cluster.kill(victim)
  cluster.start(victim)
  cluster.run(1000)
  expect(segments().inUse).toHaveLength(2)
  const made = vi.spyOn(cluster.node(victim).disk, 'allocate')
  const { snapshot } = cluster.present(victim).standing
  putUntil(() => cluster.present(victim).standing.snapshot?.index !== snapshot?.index)
  expect(made).not.toHaveBeenCalled()
  expect(files()).toBe(before)
})
