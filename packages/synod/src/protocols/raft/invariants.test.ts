import { describe, expect, test } from 'vitest'
import { voting, type Membership } from '../../core/index.ts'
import type { RaftNode } from './glance.ts'
import { raftInvariants } from './invariants.ts'
import { progressOf } from './replication.ts'
import { initialState, type RaftState } from './state.ts'
import { World } from './testing/world.ts'

// Goal: each invariant can fail. Method: for each, two glances at a world in which it is broken, and at one in which it is not.
const memberships = [{ index: 0, membership: voting(['a', 'b', 'c']) }]

function node(id: string, state: Partial<RaftState>, durable: Partial<RaftState> = {}, incarnation = 1): RaftNode {
  return {
    id,
    incarnation,
    state: { ...initialState(), memberships, ...state },
    durable: { ...initialState(), memberships, ...durable },
  }
}

function found(name: string, ...glances: RaftNode[][]): string | undefined {
  const watch = raftInvariants.find((invariant) => invariant.name === name)?.watch()
  let broken: string | undefined
  for (const nodes of glances) for (const seen of nodes) broken ??= watch?.(seen, nodes)
  return broken
}

const log = (...terms: number[]): { term: number }[] => terms.map((term) => ({ term }))
const leader = { role: 'leader', currentTerm: 2 } as const

describe('is found broken', () => {
  test('election safety', () => {
    expect(found('election safety', [node('a', leader)], [node('b', leader)])).toBe('a and b both lead term 2')
    expect(found('election safety', [node('a', leader)], [node('b', { ...leader, currentTerm: 3 })])).toBeUndefined()
  })

  test('leader append-only', () => {
    const before = [node('a', { ...leader, log: log(1, 2) })]
    expect(found('leader append-only', before, [node('a', { ...leader, log: log(1) })])).toContain('changed its log')
    expect(found('leader append-only', before, [node('a', { ...leader, log: log(1, 1, 2) })])).toContain(
      'changed its log',
    )
    expect(found('leader append-only', before, [node('a', { ...leader, log: log(1, 2, 2) })])).toBeUndefined()
  })

  test('log matching', () => {
    const one = [node('a', { log: log(1, 2) })]
    expect(found('log matching', one, [node('b', { log: log(2, 2) })])).toContain('entry 2 of b')
    const other = { term: 2, membership: voting(['x']) }
    expect(found('log matching', one, [node('b', { log: [{ term: 1 }, other] })])).toContain('entry 2 of b')
    expect(found('log matching', one, [node('b', { log: log(1, 2) })])).toBeUndefined()
  })

  test('leader completeness', () => {
    const decided = [node('a', { ...leader, currentTerm: 1, log: log(1), commitIndex: 1 })]
    expect(found('leader completeness', decided, [node('b', leader)])).toContain('without 1 no-op, committed at 1')
    expect(found('leader completeness', decided, [node('b', { ...leader, log: log(1) })])).toBeUndefined()
  })

  test('state machine safety', () => {
    const decided = [node('a', { log: log(1), commitIndex: 1 })]
    expect(found('state machine safety', decided, [node('b', { log: log(2), commitIndex: 1 })])).toContain(
      'b decides 2 no-op at 1',
    )
    expect(found('state machine safety', decided, [node('b', { log: log(1), commitIndex: 1 })])).toBeUndefined()
  })

  test('monotonicity', () => {
    const before = [node('a', { currentTerm: 3, log: log(1), commitIndex: 1 })]
    expect(found('monotonicity', before, [node('a', { currentTerm: 2, log: log(1), commitIndex: 1 })])).toContain(
      'went back',
    )
    expect(found('monotonicity', before, [node('a', { currentTerm: 3, log: log(1), commitIndex: 0 })])).toContain(
      'went back',
    )
    expect(
      found('monotonicity', before, [node('a', { currentTerm: 3, log: log(1), commitIndex: 0 }, {}, 2)]),
    ).toBeUndefined()
    expect(found('monotonicity', [node('a', { currentTerm: 1 }, { currentTerm: 2 })])).toContain('on its disk in 2')
    const disk = (currentTerm: number): RaftNode[] => [node('a', { currentTerm: 9 }, { currentTerm }, currentTerm)]
    expect(found('monotonicity', disk(3), disk(2))).toContain('went back')
  })

  test('one vote a term', () => {
    const voted = (votedFor: string): RaftNode[] => [node('a', {}, { currentTerm: 1, votedFor })]
    expect(found('one vote a term', voted('b'), voted('c'))).toBe('a votes for b and c in 1')
    expect(found('one vote a term', voted('b'), voted('b'))).toBeUndefined()
  })

  test('durable quorum', () => {
    const world = (...disks: { term: number }[][]): RaftNode[] =>
      ['a', 'b', 'c'].map((id, i) =>
        node(id, id === 'a' ? { ...leader, log: log(2), commitIndex: 1 } : {}, { log: disks[i] ?? [] }),
      )
    expect(found('durable quorum', world(log(2)))).toContain('a commits 1, which is not on the disks of a quorum')
    expect(found('durable quorum', world(log(2), log(1)))).toContain('a commits 1')
    expect(found('durable quorum', world(log(2), log(2)))).toBeUndefined()
  })

  test('durable quorum, of both halves of a joint membership', () => {
    const joint = [{ index: 0, membership: { ...voting(['a', 'b', 'c']), outgoing: ['a', 'd', 'e'] } }]
    const world = (...holders: string[]): RaftNode[] =>
      ['a', 'b', 'c', 'd', 'e'].map((id) =>
        node(id, id === 'a' ? { ...leader, memberships: joint, log: log(2), commitIndex: 1 } : {}, {
          log: holders.includes(id) ? log(2) : [],
        }),
      )
    expect(found('durable quorum', world('a', 'b'))).toContain('voters a b c, outgoing a d e')
    expect(found('durable quorum', world('d', 'e', 'b'))).toContain('a commits 1')
    expect(found('durable quorum', world('a', 'b', 'd'))).toBeUndefined()
    // A leader that commits and appends the next membership at once has counted under the last one.
    const grown = [...joint, { index: 2, membership: voting(['a', 'b', 'c', 'x', 'y', 'z']) }]
    const [before, after] = [world('a', 'b', 'd'), world('a', 'b', 'd')]
    Object.assign(before[0]?.state ?? {}, { commitIndex: 0 })
    Object.assign(after[0]?.state ?? {}, { memberships: grown })
    expect(found('durable quorum', before, after)).toBeUndefined()
  })

  test('durable quorum, of what is committed by a membership that is appended in the same breath', () => {
    const joint = { index: 1, membership: { ...voting(['a', 'b']), outgoing: ['a', 'b', 'c', 'd'] } }
    const left = { index: 3, membership: voting(['a', 'b']) }
    const world = (commitIndex: number, memberships: RaftState['memberships'], third: { term: number }[]): RaftNode[] =>
      ['a', 'b', 'c', 'd'].map((id, i) =>
        node(id, id === 'a' ? { ...leader, memberships, log: log(2, 2, 2), commitIndex } : {}, {
          log: i < 2 ? log(2, 2) : i === 2 ? third : [],
        }),
      )
    const after = (third: { term: number }[]): string | undefined =>
      found('durable quorum', world(0, [joint], third), world(2, [joint, left], third))
    // The third disk has the joint membership, so that the next one may be appended, but not the entry after it (seed 52746).
    expect(after(log(2))).toBeUndefined()
    expect(after([])).toContain('a commits 2')
  })

  test('elected by a quorum', () => {
    const voted = (...ids: string[]): RaftNode[] => ids.map((id) => node(id, {}, { currentTerm: 2, votedFor: 'a' }))
    const electedBy = (membership: Membership, ...ids: string[]): string | undefined =>
      found('elected by a quorum', voted(...ids), [node('a', { ...leader, memberships: [{ index: 0, membership }] })])
    const abc = voting(['a', 'b', 'c'])
    expect(electedBy(abc, 'a')).toContain('a leads term 2 by a, no quorum of voters a b c')
    expect(electedBy({ ...abc, learners: ['d'] }, 'a', 'd')).toContain('learners d')
    expect(electedBy({ ...abc, outgoing: ['d', 'e'] }, 'a', 'b', 'd')).toContain('outgoing d e')
    expect(electedBy({ ...abc, outgoing: ['d', 'e'] }, 'a', 'b', 'd', 'e')).toBeUndefined()
  })

  test('only voters campaign', () => {
    const [follower, candidate] = [[node('d', {})], [node('d', { role: 'candidate' })]]
    expect(found('only voters campaign', follower, candidate)).toContain('d becomes candidate, and is no voter')
    expect(found('only voters campaign', [node('c', {})], [node('c', { role: 'candidate' })])).toBeUndefined()
    // A leader that is not in the membership that it appended leads on.
    const led = [node('a', leader)]
    const gone = [node('a', { ...leader, memberships: [{ index: 2, membership: voting(['b', 'c']) }] })]
    expect(found('only voters campaign', led, gone)).toBeUndefined()
  })

  const [ab, abcd] = [voting(['a', 'b']), voting(['a', 'b', 'c', 'd'])]
  const changing = (state: Partial<RaftState>, ...entries: [Membership, number][]): RaftNode => {
    const placed = entries.map(([membership], i) => ({ index: 2 + i, membership }))
    const changes = entries.map(([membership, term]) => ({ term, membership }))
    return node('a', { ...leader, memberships: [...memberships, ...placed], log: [{ term: 1 }, ...changes], ...state })
  }

  test('one membership change at a time', () => {
    const name = 'one membership change at a time'
    const open = changing({ commitIndex: 1, termStart: 1 }, [ab, 2])
    expect(found(name, [open])).toBeUndefined()
    expect(found(name, [open], [changing({ commitIndex: 1, termStart: 1 }, [ab, 2], [abcd, 2])])).toContain(
      'a changes the membership at 3, and the change at 2 is not committed',
    )
    expect(found(name, [open], [changing({ commitIndex: 2, termStart: 1 }, [ab, 2], [abcd, 2])])).toBeUndefined()
    expect(found(name, [changing({ commitIndex: 0, termStart: 1 }, [ab, 2])])).toContain(
      'before an entry of term 2 is committed',
    )
    // That of a leader before it, on the other hand, may well be in its log.
    expect(found(name, [changing({ commitIndex: 0, termStart: 3 }, [ab, 1])])).toBeUndefined()
  })

  test('a removed leader goes', () => {
    const name = 'a removed leader goes'
    const bc = voting(['b', 'c'])
    expect(found(name, [changing({ commitIndex: 1, termStart: 1 }, [bc, 2])])).toBeUndefined()
    expect(found(name, [changing({ commitIndex: 2, termStart: 3 }, [bc, 1])])).toBeUndefined()
    expect(
      found(name, [changing({ commitIndex: 2, termStart: 1 }, [{ ...bc, outgoing: ['a', 'b'] }, 2])]),
    ).toBeUndefined()
    expect(found(name, [changing({ commitIndex: 2, termStart: 1 }, [bc, 2])])).toBe(
      'a leads, and is no voter of voters b c, committed at 2',
    )
  })

  test('memberships change step by step', () => {
    const [abc] = memberships.map(({ membership }) => membership)
    const goes = (first: number, ...all: (Membership | undefined)[]): string | undefined => {
      const placed = all.flatMap((membership, i) =>
        membership === undefined ? [] : [{ index: first + i, membership }],
      )
      return found('memberships change step by step', [node('a', {})], [node('a', { memberships: placed })])
    }
    const step = (...all: Membership[]): string | undefined => goes(1, abc, ...all)
    const joint = { ...voting(['a', 'd']), outgoing: ['a', 'b', 'c'], autoLeave: true }
    expect(step(ab, { ...ab, learners: ['d'] }, voting(['a']))).toBeUndefined()
    expect(step(joint, voting(['a', 'd']))).toBeUndefined()
    expect(step(voting(['a', 'd']))).toBe('a goes from voters a b c to voters a d at 2')
    expect(step({ ...joint, outgoing: ['a', 'b'] })).toContain('outgoing a b, leaves by itself at 2')
    expect(step(joint, voting(['a']))).toContain('to voters a at 3')
    expect(step(joint, { ...joint, outgoing: ['a'] })).toContain('at 3')
    // What was known before all of the log was lost.
    expect(goes(0, voting(['a', 'x', 'y']), abc, ab)).toBeUndefined()
  })

  test('memberships of the log', () => {
    const name = 'memberships of the log'
    expect(found(name, [changing({}, [ab, 2])])).toBeUndefined()
    expect(found(name, [changing({ log: log(1) }, [ab, 2])])).toContain('a goes by "voters a b" of entry 2')
    expect(found(name, [changing({ log: log(1, 2) }, [ab, 2])])).toContain('has no such entry')
    expect(found(name, [changing({ memberships }, [ab, 2])])).toContain('a does not go by the membership at 2')
    expect(found(name, [changing({ log: [{ term: 1 }, { term: 2, membership: abcd }] }, [ab, 2])])).toContain(
      'has no such entry',
    )
  })

  test('membership of a snapshot', () => {
    const snapshotOf = (index: number, membership: Membership): Partial<RaftState> => ({
      snapshot: { index, term: 2, membership },
    })
    const name = 'membership of a snapshot'
    const decided = [changing({ commitIndex: 2 }, [ab, 2])]
    expect(found(name, decided, [node('b', snapshotOf(2, ab))])).toBeUndefined()
    expect(found(name, decided, [node('b', snapshotOf(1, voting(['a', 'b', 'c'])))])).toBeUndefined()
    expect(found(name, decided, [node('b', snapshotOf(1, ab))])).toContain('decided was "voters a b c"')
    expect(found(name, decided, [node('b', snapshotOf(2, voting(['a', 'b', 'c'])))])).toContain(
      'decided was "voters a b"',
    )
  })

  test('a leader follows its members', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    const { progress } = world.state('a')
    const name = 'a leader follows its members'
    const others = { a: progressOf(world.raft('a'), 'a'), c: progressOf(world.raft('a'), 'c') }
    const parting = { ...progressOf(world.raft('a'), 'b'), parting: { removedAt: 1, left: 1, round: undefined } }
    expect(found(name, [node('a', { ...leader, progress })])).toBeUndefined()
    expect(found(name, [node('a', { ...leader, progress: others })])).toBe('a does not follow b')
    expect(
      found(name, [node('a', { ...leader, progress: { ...progress, x: progressOf(world.raft('a'), 'b') } })]),
    ).toBe('a follows x, which is no member')
    expect(found(name, [node('a', { ...leader, progress: { ...others, b: parting } })])).toContain(
      'as one that was removed',
    )
    expect(found(name, [node('a', { ...leader, progress: { ...progress, x: parting } })])).toBeUndefined()
  })
})
