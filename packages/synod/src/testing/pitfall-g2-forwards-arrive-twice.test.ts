import { expect, test } from 'vitest'
import { crc32, openFrame } from '../core/index.ts'
import { readWire } from '../member/index.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import { TallyCluster } from './tally-cluster.ts'

// Goal: "certainly not applied" and "applied once" stay true however often the link repeats what a follower passed on
// (openraft#2095). Method: each command that was passed on reaches the leader once more when all have been applied, in
// both orders: the oldest is then one that the leader has been told to forget.
const kindOf = (frame: Uint8Array): string => readWire(openFrame(frame, crc32), raftCodec).type

test.each(['oldest first', 'newest first'])('a command that is passed on twice is applied once: %s', (order) => {
  const cluster = new TallyCluster()
  cluster.startAll()
  const leader = cluster.leader() ?? 'a'
  const [origin = 'b'] = cluster.followers()
  const forwards: Uint8Array[] = []
  cluster.onFrame = (_from, _to, frame) => {
    if (kindOf(frame) === 'forward') forwards.push(frame.slice())
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

// Goal: a refusal that the link loses is said again, or what it refused would count as under way for ever, and nothing
// more would be passed on in that term. Method: the leader's disk is full, and its first refusals are lost.
test('a refusal that is lost is repeated, and the origin goes on', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  const leader = cluster.leader() ?? 'a'
  const [origin = 'b'] = cluster.followers()
  let lost = 0
  cluster.onFrame = (_from, to, frame) => to !== origin || kindOf(frame) !== 'refused' || ++lost > 4
  const { term } = cluster.present(leader).standing
  cluster.present(leader).room.here = false
  const values = [1, 2, 3]
  const answers = values.map((value) => cluster.put(origin, value))
  expect(answers.map((answer) => (typeof answer === 'object' ? answer.detail.code : answer))).toEqual(
    values.map(() => 'no-space'),
  )
  expect(lost).toBeGreaterThan(4)
  cluster.present(leader).room.here = true
  cluster.puts(4, 5, () => origin)
  expect(cluster.present(leader).standing.term).toBe(term)
  expect(cluster.machines.get(leader)?.operations).toEqual([4, 5])
})
