import { expect, test } from 'vitest'
import { crc32, openFrame } from '../core/index.ts'
import { readWire } from '../member/index.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import { TallyCluster } from './tally-cluster.ts'

// Goal: "certainly not applied" and "applied once" stay true however often the link repeats what a follower passed on
// (openraft#2095). Method: each command that was passed on reaches the leader once more when all have been applied, in
// both orders: the oldest is then one that the leader has been told to forget.
test.each(['oldest first', 'newest first'])('a command that is passed on twice is applied once: %s', (order) => {
  const cluster = new TallyCluster()
  cluster.startAll()
  const leader = cluster.leader() ?? 'a'
  const [origin = 'b'] = cluster.followers()
  const forwards: Uint8Array[] = []
  cluster.onFrame = (_from, _to, frame) => {
    if (readWire(openFrame(frame, crc32), raftCodec).type === 'forward') forwards.push(frame.slice())
    return true
  }
  cluster.puts(1, 4, () => origin)
  expect(forwards.length).toBeGreaterThanOrEqual(4)
  expect(cluster.leader()).toBe(leader)
  for (const frame of order === 'oldest first' ? forwards : forwards.toReversed()) {
    cluster.present(leader).arrived(origin, frame)
    cluster.run(50)
  }
  cluster.puts(5, 5, () => origin)
  expect(cluster.agree()).toBe(true)
  expect(cluster.machines.get(leader)?.operations).toEqual([1, 2, 3, 4, 5])
})
