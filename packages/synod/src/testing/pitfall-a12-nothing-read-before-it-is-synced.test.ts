import { expect, test } from 'vitest'
import { TallyCluster } from './tally-cluster.ts'

// Goal: what a client was told, by an answer or by a read, is still there when no machine's page cache is (etcd#14140).
// Method: all three machines lose their power at the instant of an answer, again and again.
const nodes = ['a', 'b', 'c']

test('a read never goes back behind what was acknowledged, though all machines lost their power', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const cluster = new TallyCluster({ seed })
    cluster.startAll()
    for (let value = 1; value <= 5; value++) {
      expect(cluster.put(nodes[value % 3] ?? 'a', value)).toBe(value)
      const seen = cluster.read(nodes[(value + 1) % 3] ?? 'a')
      for (const id of nodes) cluster.powerCut(id)
      cluster.startAll()
      expect(cluster.read(nodes[(value + 2) % 3] ?? 'a'), `with seed ${seed}`).toEqual(seen)
    }
  }
})
