import { expect, test } from 'vitest'
import { present, type NodeId } from '../core/index.ts'
import { TallyCluster } from './tally-cluster.ts'

// Goal: a sector that the disk cannot give back costs a member no more than what stood there, for as long as its peers need
// to bring that back; until then it does not vote, as it may have forgotten what it promised (Alagappan et al., FAST'18).
// Method: a block of a follower's file answers reads with an error, in the middle of its journal, at its end, or in its
// snapshot; it starts while the others are silent, then with them, and once more.

const blockBytes = 4096

interface Found {
  readonly cluster: TallyCluster
  readonly id: NodeId
}

function settled(puts: number): Found {
  const made = new TallyCluster({ seed: 11 })
  made.startAll()
  made.puts(1, puts)
  made.run(500)
  return { cluster: made, id: present(made.followers()[0], 'somebody follows') }
}

/** The newest of these files, and where its last byte stands before the copy of a head. */
function newest({ cluster, id }: Found, kind: string): { name: string; end: number } {
  const files = [...cluster.node(id).disk.files].filter(
    ([name, { bytes }]) => name.startsWith(kind) && bytes.some((byte) => byte > 0),
  )
  const [name, { bytes }] = present(files.toSorted(([a], [b]) => (a < b ? -1 : 1)).at(-1), `there is a ${kind}`)
  const records = bytes.subarray(0, kind === 'journal-' ? -blockBytes : undefined)
  return { name, end: records.findLastIndex((byte) => byte !== 0) + 1 }
}

/** Starts it alone, with one other that waits for its vote, then with all; answers what it said that was an error. */
function starts({ cluster, id }: Found): string[] {
  const from = cluster.logs.length
  const [voter, silent] = ['a', 'b', 'c'].filter((other) => other !== id)
  for (const other of ['a', 'b', 'c']) cluster.kill(other)
  cluster.start(id)
  cluster.start(present(voter, 'there are three'))
  cluster.run(5_000)
  expect(cluster.present(id).phase).toBe('running')
  expect(cluster.leader()).toBeUndefined()
  cluster.start(present(silent, 'there are three'))
  cluster.run(10_000, () => cluster.leader() !== undefined)
  cluster.puts(1000, 1010)
  expect(cluster.agree()).toBe(true)
  return cluster.logs.slice(from).filter((line) => line.startsWith(`${id} error`))
}

/** Its peers are silent after the repair, but for one: nobody is elected without it. */
function votesAgain({ cluster, id }: Found): string[] {
  const from = cluster.logs.length
  for (const other of ['a', 'b', 'c']) cluster.kill(other)
  cluster.start(id)
  cluster.start(
    present(
      ['a', 'b', 'c'].find((other) => other !== id),
      'there are three',
    ),
  )
  expect(cluster.run(10_000, () => cluster.leader() !== undefined)).toBe(true)
  return cluster.logs.slice(from).filter((line) => line.startsWith(`${id} error`))
}

const cannotRead = 'the disk cannot read a part of the journal: replace it'

test.each([
  { where: 'in the middle of its journal', at: (end: number) => (blockBytes + end) / 2 },
  { where: 'where its last record stands', at: (end: number) => end - 1 },
])('a member with an unreadable sector $where does not vote until its peers have repaired it', ({ at }) => {
  const found = settled(42)
  const { name, end } = newest(found, 'journal-')
  expect(found.cluster.node(found.id).disk.spoil(name, at(end))).toBe(true)
  expect(starts(found)).toEqual(
    expect.arrayContaining([
      `${found.id} error ${cannotRead}`,
      `${found.id} error corrupt journal`,
      `${found.id} error the disk has lost records that were synced: this member neither votes nor serves until its peers have repaired it`,
    ]),
  )
  // It was written over, and what it lost is no matter any more.
  expect(votesAgain(found)).not.toContain(`${found.id} error ${cannotRead}`)
})

test('a member with an unreadable sector in its snapshot fetches that of its leader', () => {
  const found = settled(200)
  const { name } = newest(found, 'snapshot-')
  expect(found.cluster.node(found.id).disk.spoil(name, 0)).toBe(true)
  expect(starts(found)).toContain(`${found.id} error the snapshot cannot be used`)
  expect(found.cluster.logs).toContain(`${found.id} info installed a snapshot`)
})

test('a member that cannot read its identity stops, and says what to do', () => {
  const found = settled(5)
  const { cluster: world, id } = found
  world.kill(id)
  world.node(id).disk.spoil('identity', 0)
  world.start(id)
  world.run(1_000)
  expect(world.node(id).halted).toMatchObject({
    code: 'corrupt',
    message: expect.stringMatching(/^the file identity is damaged \(read identity: .*\): restore it from a copy/),
  })
})
