import { expect, test } from 'vitest'
import { TallyCluster } from './tally-cluster.ts'

// Goal: what a follower passed on to the leader is not proposed again by whoever applies it (redisraft#13, where one
// RPUSH went round for ever). Method: operations come in at followers, and leadership then moves from one to the next;
// the log grows by one no-op a term and by nothing else.
test('an operation that came in at a follower is applied once, whoever leads afterwards', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  cluster.puts(1, 12, () => cluster.followers()[0] ?? 'b')
  // What the members say of themselves is in the log by then, too.
  cluster.run(2_000)
  const { lastIndex, term } = cluster.present('a').standing
  for (let i = 0; i < 4; i++) {
    const leader = cluster.leader() ?? 'a'
    expect(cluster.present(leader).transfer()).toBe(true)
    expect(cluster.run(5_000, () => ![undefined, leader].includes(cluster.leader()))).toBe(true)
    cluster.run(500)
  }
  const { standing } = cluster.present('a')
  expect(standing.term).toBeGreaterThanOrEqual(term + 4)
  expect(standing.lastIndex - lastIndex).toBe(standing.term - term)
  expect(cluster.agree()).toBe(true)
  expect(cluster.machines.get('a')?.operations).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
})
