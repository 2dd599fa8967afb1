import { expect, test } from 'vitest'
import { TallyCluster } from './tally-cluster.ts'

test('members do not take their snapshots at the same time, though all apply the same', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  const taken = new Map<string, Set<number>>()
  for (let value = 1; value <= 2000; value++) {
    cluster.puts(value, value)
    for (const id of cluster.nodes.keys()) {
      const index = cluster.present(id).standing.snapshot?.index
      if (index !== undefined) taken.set(id, (taken.get(id) ?? new Set()).add(index))
    }
  }
  const [a = new Set<number>(), b = new Set<number>(), c = new Set<number>()] = taken.values()
  for (const those of [a, b, c]) expect(those.size).toBeGreaterThan(10)
  expect([...a].filter((index) => b.has(index) && c.has(index)).length).toBeLessThan(3)
})
