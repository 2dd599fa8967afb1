import { describe, expect, test } from 'vitest'
import { present, voting, type MembershipChange } from '../../core/index.ts'
import { checkpointOf } from './durable.ts'
import type { Durable } from './messages.ts'
import { World } from './testing/world.ts'

// Goal: a member whose journal has a hole does no harm, and is made whole by its peers (Alagappan et al., FAST 2018).
// Method: records of one member are made unreadable between a crash and the next start.

/** Five commands, decided everywhere; then `damage` names the positions of b's journal that cannot be read. */
function damaged(
  damage: (journal: readonly Durable[]) => number[],
  more: (journal: Durable[]) => void = () => undefined,
): World {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  for (let i = 1; i <= 5; i++) {
    world.propose('a', i)
    world.deliver()
  }
  world.crash('b')
  const b = world.member('b')
  more(b.journal)
  b.synced = b.journal.length
  for (const position of damage(b.journal)) b.unreadable.add(position)
  world.start('b')
  return world
}

const entriesAt = (journal: readonly Durable[], index: number): number =>
  journal.findIndex((record) => record.type === 'entries' && record.prevIndex + record.entries.length >= index)

const vote = { type: 'requestVote', term: 9, lastLogIndex: 99, lastLogTerm: 9, transfer: true } as const

describe('a member with a hole in its journal', () => {
  test('keeps the log before the hole, and knows how far it went', () => {
    const world = damaged((journal) => [entriesAt(journal, 3)])
    expect(world.state('b').log).toHaveLength(2)
    expect(world.state('b').repair).toMatchObject({ through: 6, bounded: true, hardState: true, noted: true })
    expect(world.raft('b').standing.repairing).toBe(true)
  })

  test('grants no vote, no rehearsal, and does not campaign, not when it is told to either', () => {
    const world = damaged((journal) => [entriesAt(journal, 3)])
    const before = world.happenings.length
    world.raft('b').receive({ ...vote, preVote: true }, 'c')
    world.raft('b').receive({ ...vote, preVote: false }, 'c')
    world.fire('b', 'election')
    world.raft('b').receive({ type: 'timeoutNow', term: 9 }, 'c')
    world.deliver()
    const said = world.happenings
      .slice(before)
      .filter((happening) => happening.type === 'sent' && happening.from === 'b')
    expect(said).toMatchObject([{ message: { granted: false } }, { message: { granted: false } }])
    expect(world.propose('b', 9)).toBe(false)
    expect(world.read('b', 9)).toBe(false)
  })

  test('is whole when the leader has verified as much as it ever had, and remembers that', () => {
    const world = damaged((journal) => [entriesAt(journal, 3)])
    world.run(500)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, decided: 6 })
    world.crash('b')
    world.start('b')
    expect(world.raft('b').standing).toMatchObject({ repairing: false, lastIndex: 6 })
  })

  test('is not whole before that: entries that it takes meanwhile prove nothing at the next start', () => {
    const world = damaged((journal) => [entriesAt(journal, 3)])
    const entries = [{ term: 1 }]
    world.raft('b').receive(
      {
        type: 'appendEntries',
        term: 1,
        prevLogIndex: 2,
        prevLogTerm: 1,
        entries: world.state('a').log.slice(2, 3),
        leaderCommit: 0,
        round: 9,
      },
      'a',
    )
    world.deliver()
    expect(world.sent('appended').at(-1)).toMatchObject({ from: 'b', matchIndex: 3 })
    world.crash('b')
    world.start('b')
    expect(entries).toHaveLength(1)
    expect(world.state('b').log).toHaveLength(3)
    expect(world.raft('b').standing.repairing).toBe(true)
    world.run(500)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, lastIndex: 6 })
  })

  test('is whole at once when a later record attaches: nothing of the log was in the hole', () => {
    const world = damaged((journal) => [journal.findIndex(({ type }) => type === 'hardState')])
    expect(world.raft('b').standing).toMatchObject({ repairing: false, lastIndex: 6 })
  })

  test('is whole at once when the head of a later segment names its last entry', () => {
    const world = damaged(
      (journal) => [journal.length - 2],
      (journal) => {
        journal.push({ type: 'hardState', currentTerm: 1, votedFor: 'a' })
        journal.push({
          type: 'checkpoint',
          currentTerm: 1,
          votedFor: 'a',
          last: { index: 6, term: 1 },
          snapshot: undefined,
          memberships: [{ index: 0, membership: voting(['a', 'b', 'c']) }],
          repair: undefined,
        })
      },
    )
    expect(world.raft('b').standing).toMatchObject({ repairing: false, lastIndex: 6 })
  })

  test('whose end is not known waits for an entry of a later leader', () => {
    const world = damaged(
      (journal) => [entriesAt(journal, 3), entriesAt(journal, 4), entriesAt(journal, 5), entriesAt(journal, 6)],
      (journal) => journal.push({ type: 'hardState', currentTerm: 1, votedFor: 'a' }),
    )
    expect(world.state('b').repair).toMatchObject({ bounded: false, hardState: true })
    // c never hears the question how far it has gone.
    world.cut.add('b>c')
    world.run(1000)
    expect(world.raft('b').standing).toMatchObject({ repairing: true, decided: 6 })
    world.raft('a').transfer('c')
    world.run(1000)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, decided: 7, leader: 'c' })
  })

  test('whose end is not known is whole again when it has all that its peers have, under the same leader', () => {
    const world = damaged(
      (journal) => [entriesAt(journal, 3), entriesAt(journal, 4), entriesAt(journal, 5), entriesAt(journal, 6)],
      (journal) => journal.push({ type: 'hardState', currentTerm: 1, votedFor: 'a' }),
    )
    expect(world.state('b').repair).toMatchObject({ bounded: false, hardState: true, awaiting: ['a', 'c'] })
    world.run(3000)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, decided: 6, leader: 'a', term: 1 })
  })

  test('whose newest vote may be lost acknowledges nothing until every peer has told its term', () => {
    const world = damaged((journal) => [journal.length - 1])
    expect(world.state('b').repair).toMatchObject({ hardState: false, awaiting: ['a', 'c'] })
    world.cut.add('b>c')
    const before = world.sent('appended').length
    world.run(3000)
    expect(world.state('b').repair).toMatchObject({ hardState: false, awaiting: ['c'] })
    expect(
      world
        .sent('appended')
        .slice(before)
        .filter(({ from }) => from === 'b'),
    ).toEqual([])
    world.heal()
    world.run(3000)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, decided: 6, leader: 'a', term: 1 })
  })

  test('does not vote against the leader under which it was made whole', () => {
    // b may have voted for a or for c in term 2: nothing that can be read tells.
    const world = new World({ members: ['a', 'b', 'c'] })
    world.member('b').journal.push({ type: 'hardState', currentTerm: 2, votedFor: 'a' })
    world.member('b').unreadable.add(1)
    world.member('b').synced = 2
    world.start('b')
    const b = world.raft('b')
    for (const peer of ['a', 'c']) b.receive({ type: 'tellTerm', term: 2, lastIndex: 0, memberships: [] }, peer)
    const [prevLogIndex, prevLogTerm, leaderCommit, round] = [0, 0, 0, 1]
    b.receive({ type: 'appendEntries', term: 2, prevLogIndex, prevLogTerm, entries: [], leaderCommit, round }, 'a')
    expect(b.standing).toMatchObject({ repairing: false, term: 2, leader: 'a' })
    b.receive({ type: 'requestVote', term: 2, lastLogIndex: 5, lastLogTerm: 1, preVote: false, transfer: false }, 'c')
    world.deliver()
    expect(world.sent('vote')).toMatchObject([{ from: 'b', to: 'c', granted: false }])
  })

  describe('and which held a change of the membership', () => {
    function afterChange(members: string[], ...changes: MembershipChange[]): World {
      const world = new World({ members })
      world.elect('a')
      for (const { type, id } of changes) if (type === 'addVoter') world.add(id)
      world.startAll()
      world.change('a', ...changes)
      world.run(500)
      const { journal } = world.member('b')
      world.crash('b')
      for (let at = 2; at < journal.length; at++) world.member('b').unreadable.add(at)
      return world
    }

    test('asks also those of whom its peers tell that they are members', () => {
      const world = afterChange(['a', 'b', 'c'], { type: 'addVoter', id: 'd', contact: '' })
      world.cut.add('b>d')
      world.start('b')
      expect(world.state('b').repair).toMatchObject({ hardState: false, awaiting: ['a', 'c'] })
      world.run(3000)
      expect(world.state('b').repair).toMatchObject({ hardState: false, awaiting: ['d'] })
      world.heal()
      world.run(3000)
      expect(world.raft('b').standing).toMatchObject({ repairing: false, membership: { voters: ['a', 'b', 'c', 'd'] } })
    })

    test('does not wait for one that is removed while it waits', () => {
      const world = afterChange(['a', 'b', 'c', 'd', 'e'], { type: 'update', id: 'd', contact: 'elsewhere' })
      world.crash('d')
      world.start('b')
      world.run(3000)
      expect(world.state('b').repair).toMatchObject({ hardState: false, awaiting: ['d'], told: ['a', 'c', 'e'] })
      expect(world.change('a', { type: 'remove', id: 'd' })).toHaveProperty('index')
      world.run(3000)
      expect(world.raft('b').standing).toMatchObject({ repairing: false, membership: { voters: ['a', 'b', 'c', 'e'] } })
    })

    test('does not wait for one that was removed', () => {
      const world = afterChange(['a', 'b', 'c', 'd'], { type: 'remove', id: 'd' })
      world.crash('d')
      world.start('b')
      expect(world.state('b').repair).toMatchObject({ hardState: false, awaiting: ['a', 'c', 'd'] })
      world.run(3000)
      expect(world.raft('b').standing).toMatchObject({ repairing: false, membership: { voters: ['a', 'b', 'c'] } })
    })
  })

  describe('and which is all that a member knew that had joined', () => {
    /** d has joined, and of its journal only its head can be read, what `readable` says, and `more`. */
    function newcomer(readable: (record: Durable, at: number) => boolean, ...more: Durable[]): World {
      const world = new World({ members: ['a', 'b', 'c'] })
      world.elect('a')
      world.add('d')
      world.startAll()
      world.change('a', { type: 'addVoter', id: 'd', contact: '' })
      world.run(1000)
      world.crash('d')
      const d = world.member('d')
      for (const [at, record] of d.journal.entries()) if (at > 0 && !readable(record, at)) d.unreadable.add(at)
      d.journal.push(...more)
      d.synced = d.journal.length
      return world
    }
    const none = (): boolean => false
    const voted: Durable = { type: 'hardState', currentTerm: 1, votedFor: undefined }

    test('is made good by the leader, who contacts it anyway, when a later record tells how far its log went', () => {
      const world = newcomer((_, at) => at > 2)
      world.start('d')
      expect(world.state('d')).toMatchObject({ log: [], repair: { bounded: true, hardState: true, awaiting: [] } })
      expect(world.raft('d').standing).toMatchObject({ repairing: true, stranded: false })
      world.run(500)
      expect(world.raft('d').standing).toMatchObject({ repairing: false, membership: { voters: ['a', 'b', 'c', 'd'] } })
    })

    test('is made good by those whom the leader names, when only the newest vote is known', () => {
      const world = newcomer(none, voted)
      world.start('d')
      expect(world.state('d').repair).toMatchObject({ bounded: false, hardState: true, awaiting: [] })
      expect(world.raft('d').standing.stranded).toBe(false)
      world.cut.add('b>d')
      world.run(3000)
      expect(world.raft('d').standing.repairing).toBe(true)
      world.heal()
      world.run(3000)
      expect(world.raft('d').standing).toMatchObject({ repairing: false, leader: 'a', term: 1 })
    })

    test('is not made good by anybody when the newest vote is in it: it says so', () => {
      const world = newcomer(none)
      world.start('d')
      expect(world.raft('d').standing).toMatchObject({ repairing: true, stranded: true })
      const before = world.happenings.length
      world.run(3000)
      expect(
        world.happenings.slice(before).filter((happening) => happening.type === 'sent' && happening.from === 'd'),
      ).toEqual([])
    })

    test('is made good by those whom a record named that can be read between two holes', () => {
      const memberships = [{ index: 3, membership: voting(['a', 'b', 'c', 'd']) }]
      const position = { index: 3, term: 1 }
      const mark: Durable = {
        ...voted,
        type: 'checkpoint',
        last: position,
        snapshot: undefined,
        memberships,
        repair: undefined,
      }
      const world = newcomer(none, mark, voted)
      world.member('d').unreadable.add(world.member('d').journal.length - 1)
      world.start('d')
      expect(world.state('d').repair).toMatchObject({ hardState: false, awaiting: ['a', 'b', 'c'] })
      expect(world.raft('d').standing.stranded).toBe(false)
      world.run(3000)
      expect(world.raft('d').standing).toMatchObject({ repairing: false, membership: { voters: ['a', 'b', 'c', 'd'] } })
    })
  })

  test('is as damaged at the next start if its power went before it had noted what it lost', () => {
    const world = damaged(
      (journal) => [entriesAt(journal, 3), entriesAt(journal, 4)],
      (journal) => journal.splice(entriesAt(journal, 5)),
    )
    const { state } = world.raft('b')
    expect(state.repair).toMatchObject({ hardState: false, bounded: false })
    // The note is not durable yet. What is durable before it is the first record of an opening: the engine as it was read.
    world.crash('b')
    const { journal } = world.member('b')
    expect(journal.some(({ type }) => type === 'repairing')).toBe(false)
    journal.push({ ...checkpointOf(state), repair: { ...present(state.repair, 'it is damaged'), noted: false } })
    world.member('b').synced = journal.length
    world.start('b')
    expect(world.state('b').repair).toMatchObject({ hardState: false, bounded: false, awaiting: ['a', 'c'] })
    world.run(3000)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, lastIndex: 6 })
  })

  test('goes on from a snapshot that what is left of its log does not reach, and is as whole after the next start', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    for (let i = 1; i <= 5; i++) {
      world.propose('a', i)
      world.deliver()
    }
    for (const id of ['a', 'b', 'c']) world.compact(id)
    world.deliver()
    world.crash('b')
    const b = world.member('b')
    const { currentTerm, votedFor, snapshot } = b.durable
    const journal = [...b.journal]
    // An earlier repair, which a snapshot of the leader has ended, is all that tells of it; the entries before it are lost.
    b.journal = journal.slice(0, entriesAt(journal, 4) + 1)
    b.journal.push({ type: 'repaired', currentTerm, votedFor, last: { index: 6, term: 1 }, snapshot })
    b.synced = b.journal.length
    b.unreadable.add(entriesAt(journal, 4))
    world.start('b')
    expect(world.raft('b').standing).toMatchObject({ repairing: true, lastIndex: 6, compacted: 6 })
    for (let i = 6; i <= 8; i++) {
      world.propose('a', i)
      world.deliver()
    }
    world.run(1000)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, lastIndex: 9 })
    world.crash('b')
    world.start('b')
    expect(world.raft('b').standing).toMatchObject({ repairing: false, lastIndex: 9 })
  })

  test('that is the only voter says so, and never serves', () => {
    const world = new World({ members: ['a'] })
    world.startAll()
    world.run(100)
    for (let i = 1; i <= 3; i++) {
      world.propose('a', i)
      world.deliver()
    }
    world.crash('a')
    world.member('a').unreadable.add(entriesAt(world.member('a').journal, 2))
    world.start('a')
    world.run(10_000)
    expect(world.raft('a').standing).toMatchObject({ repairing: true, leading: false })
    expect(world.read('a', 1)).toBe(false)
  })

  test('a vote that was lost in the hole is not given twice', () => {
    // b voted for c in term 7, and the record cannot be read; a later one tells that the term was entered.
    const world = damaged(
      (journal) => [journal.length - 2],
      (journal) =>
        journal.push(
          { type: 'hardState', currentTerm: 7, votedFor: 'c' },
          { type: 'hardState', currentTerm: 7, votedFor: 'c' },
        ),
    )
    expect(world.state('b')).toMatchObject({ currentTerm: 7, votedFor: 'c' })
    world.raft('b').receive({ ...vote, term: 7, preVote: false }, 'a')
    world.deliver()
    expect(world.sent('vote').at(-1)).toMatchObject({ to: 'a', granted: false })
  })
})

describe('a member whose snapshot cannot be read', () => {
  function withoutSnapshot(): World {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    for (let i = 1; i <= 5; i++) world.propose('a', i)
    world.deliver()
    for (const id of ['a', 'b', 'c']) world.compact(id)
    world.propose('a', 6)
    world.deliver()
    world.crash('b')
    world.member('b').snapshotUnreadable = true
    world.start('b')
    return world
  }

  test('gives up its log, gets a snapshot from the leader, and is whole', () => {
    const world = withoutSnapshot()
    expect(world.raft('b').standing).toMatchObject({
      repairing: true,
      lastIndex: 0,
      snapshot: undefined,
      membership: voting(['a', 'b', 'c']),
    })
    expect(world.state('b').repair).toMatchObject({ through: 7, bounded: true, hardState: true })
    world.run(1000)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, decided: 7, snapshot: { index: 6 } })
    expect(world.member('b').machine.commands).toHaveLength(6)
  })

  test('still knows it when the record that noted it is lost as well', () => {
    const world = new World({ members: ['a', 'b', 'c'], raft: { maxMessageBytes: 64 } })
    world.elect('a')
    for (let i = 1; i <= 6; i++) world.propose('a', i)
    world.deliver()
    world.compact('b', 6)
    world.deliver()
    world.crash('b')
    world.member('b').snapshotUnreadable = true
    world.start('b')
    const note = world.member('b').journal.length - 1
    world.until(() => world.member('b').durable.log.length > 0, true)
    expect(world.raft('b').standing.repairing).toBe(true)
    world.crash('b')
    // What was written after it attaches to the beginning of the log, and proves nothing.
    world
      .member('b')
      .unreadable.add(note)
      .add(note - 1)
    world.start('b')
    expect(world.raft('b').standing).toMatchObject({ repairing: true })
    world.run(5000)
    expect(world.raft('b').standing).toMatchObject({ repairing: false, decided: 7 })
  })

  test('still knows at the next start that it gave up what it had acknowledged', () => {
    const world = withoutSnapshot()
    world.deliver()
    world.crash('b')
    world.start('b')
    expect(world.raft('b').standing.repairing).toBe(true)
  })
})
