import { expect, test } from 'vitest'
import { crc32, openFrame } from '../core/index.ts'
import { readWire } from '../member/index.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import { TallyCluster } from './tally-cluster.ts'

// Goal: a snapshot's transfer that is interrupted goes on where it stopped (renegade#634, camunda#14671).
// Method: the third of each three chunks is lost when it is sent for the first time, and its receiver cut off for longer
// than it waits before it asks again.
test('a transfer that is interrupted again and again begins once', () => {
  const cluster = new TallyCluster()
  cluster.startAll()
  const [away = 'b', here = 'c'] = cluster.followers()
  cluster.kill(away)
  cluster.puts(1, 1500, () => here)
  const lost = new Set<number>()
  const beginnings: number[] = []
  cluster.onFrame = (_from, to, frame) => {
    if (to !== away) return true
    const wire = readWire(openFrame(frame, crc32), raftCodec)
    if (wire.type !== 'chunk') return true
    if (wire.offset === 0) beginnings.push(cluster.now)
    const third = (wire.offset / wire.bytes.length) % 3 === 2
    if (!third || lost.has(wire.offset)) return true
    lost.add(wire.offset)
    cluster.isolate(away)
    cluster.schedule.after(100, () => cluster.heal())
    return false
  }
  cluster.start(away)
  expect(cluster.run(20_000, () => cluster.logs.includes(`${away} info installed a snapshot`))).toBe(true)
  expect(lost.size).toBeGreaterThan(2)
  expect(beginnings).toHaveLength(1)
  expect(cluster.agree()).toBe(true)
})
