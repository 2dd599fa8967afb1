import { expect, test } from 'vitest'
import { DiskError, present } from '../../core/index.ts'
import { drawPlan, simulate, type Outcome, type Plan, type VirtualDisk } from '../../simulator/index.ts'
import { raftSubject } from './raft-subject.ts'

// Goal: what a disk is never blamed for, or only what has met it, is found. Method: quiet runs of three nodes, in which
// something is done to a disk that the plan knows nothing of, while the node is down.

const quiet = drawPlan(raftSubject, 7, { nodes: 3, duration: 6000, without: 'all', load: 5 })
const crash = { type: 'crash', at: 3000, for: 500, node: 'b' } as const

function run(faults: Plan['faults'], damage: (disk: VirtualDisk) => void): Outcome {
  const subject: typeof raftSubject = {
    ...raftSubject,
    play(plan, stage) {
      stage.world.schedule.at(3200, () => damage(stage.world.node('b').disk))
      return raftSubject.play(plan, stage)
    },
  }
  return simulate(subject, { ...quiet, faults })
}

const journal = 'journal-0000000001'

/** In a record in the midst of b's journal. */
function middleOf(disk: VirtualDisk): number {
  const text = Buffer.from(disk.files.get(journal)?.bytes ?? []).toString('latin1')
  const records = [...text.matchAll(/SYNR/g)].map(({ index }) => index)
  return present(records[records.length >> 1], 'b has written records') + 60
}

/** As by a journal that reads what it should not: no fault has met the disk. */
function spoil(disk: VirtualDisk): void {
  const bytes = present(disk.files.get(journal), 'b has a journal').bytes
  const at = middleOf(disk)
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
}

test('a hole on a disk that was never damaged is a violation', () => {
  expect(run([crash], spoil).violation).toMatchObject({
    invariant: 'no hole on a disk that was never damaged',
    message: 'b has found a hole in its log, and nothing has damaged its disk',
  })
})

test('a disk that was damaged may have one', () => {
  const { violation, reached } = run([crash], (disk) => disk.corrupt(journal, middleOf(disk)))
  expect(violation).toBeUndefined()
  expect(reached).toContain('a hole was found in a log')
})

test('a member that goes by what its disk does not tell is a violation', () => {
  const subject: typeof raftSubject = {
    ...raftSubject,
    play(plan, stage) {
      const play = raftSubject.play(plan, stage)
      stage.world.schedule.at(3200, () => (present(play.node('b'), 'b has started').state.votedFor = 'z'))
      return play
    },
  }
  const { violation } = simulate(subject, { ...quiet, faults: [] })
  expect(violation).toMatchObject({
    invariant: 'the disk tells what a member knows',
    message: expect.stringMatching(/^b knows term 1, vote z, .*; its disk tells term 1, vote /),
  })
})

test('a member that stops because of its disk has a disk that failed, not another one', () => {
  const elsewhere = { type: 'fullDisk', at: 1000, for: 4000, node: 'a', spare: 1_000_000 } as const
  const fail = (disk: VirtualDisk): void => void (disk.sync = (_, done) => done(new DiskError('io', 'it is gone')))
  expect(run([elsewhere], fail).violation).toMatchObject({
    invariant: 'no halt without a cause',
    message: expect.stringMatching(/^b stopped by itself: .*it is gone/),
  })
})
