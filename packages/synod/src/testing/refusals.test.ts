import { expect, test } from 'vitest'
import { crc32, openFrame, type Failure } from '../core/index.ts'
import { readWire } from '../member/index.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import { TallyCluster } from './tally-cluster.ts'

// Goal: a follower goes on to serve writes after refusals that the link dropped. A command whose refusal is never heard
// keeps its place among the undecided ones of its origin until the term ends, and there are few places. Method: a leader
// with a full disk refuses what a follower passes on; the first refusal of each command is dropped.
test('a leader that is asked again says again that it refused', () => {
  const cluster = new TallyCluster({ disk: () => ({}) })
  cluster.startAll()
  cluster.puts(1, 3)
  const leader = cluster.leader() ?? 'a'
  const [origin = 'b'] = cluster.followers()
  const { disk } = cluster.node(leader)
  disk.faults.capacity = 0
  let value = 3
  let failure: number | Failure | undefined
  while (typeof failure !== 'object') failure = cluster.put(leader, ++value, 3_000)
  expect(failure).toMatchObject({ name: 'Rejected', detail: { code: 'no-space' } })

  const dropped = new Set<number>()
  cluster.onFrame = (_from, _to, frame) => {
    const wire = readWire(openFrame(frame, crc32), raftCodec)
    if (wire.type !== 'refused' || dropped.has(wire.sequence)) return true
    dropped.add(wire.sequence)
    return false
  }
  const answers: (number | Failure | undefined)[] = []
  for (let i = 0; i < 4; i++) answers.push(cluster.put(origin, ++value, 10_000))
  expect(dropped.size).toBe(4)
  for (const answer of answers) expect(answer).toMatchObject({ name: 'Rejected', detail: { code: 'no-space' } })

  disk.faults.capacity = Infinity
  cluster.run(5_000)
  expect(cluster.leader()).toBe(leader)
  expect(typeof cluster.put(origin, ++value, 5_000)).toBe('number')
})
