import { expect, test } from 'vitest'
import { crc32, openFrame } from '../core/index.ts'
import { readWire } from '../member/index.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import { TallyCluster } from './tally-cluster.ts'

// Goal: no member lets a vote or an acknowledgement go before the record that it rests on is on the disk (Figure 2,
// "before responding to RPCs"). Method: a follower whose syncs take long is sent entries, and
// then loses its leader.
test('neither an acknowledgement nor a vote leaves while the sync before it is under way', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  cluster.puts(1, 5)
  cluster.run(200)
  const leader = cluster.leader() ?? 'a'
  const [slow = 'b'] = cluster.followers()
  const { lastIndex, term } = cluster.present(slow).standing
  const promises: string[] = []
  cluster.onFrame = (from, _to, frame) => {
    if (from !== slow) return true
    const wire = readWire(openFrame(frame, crc32), raftCodec)
    if (wire.type !== 'protocol') return true
    const { message } = wire
    if (message.type === 'appended' && message.matchIndex > lastIndex) promises.push('appended')
    if (message.type === 'vote' && message.granted && !message.preVote) promises.push('vote')
    if (message.type === 'requestVote' && !message.preVote) promises.push('requestVote')
    return true
  }
  cluster.node(slow).disk.faults.syncTime = 1_500
  cluster.puts(6, 6, () => leader)
  cluster.run(1_000)
  expect(cluster.present(slow).standing.lastIndex).toBe(lastIndex + 1)
  expect(promises).toEqual([])
  expect(cluster.run(2_000, () => promises.includes('appended'))).toBe(true)

  cluster.kill(leader)
  expect(cluster.run(2_000, () => cluster.present(slow).standing.term > term)).toBe(true)
  promises.length = 0
  cluster.run(1_000)
  expect(promises).toEqual([])
  delete cluster.node(slow).disk.faults.syncTime
  expect(cluster.run(10_000, () => cluster.leader() !== undefined)).toBe(true)
  expect(promises.some((promise) => promise !== 'appended')).toBe(true)
})
