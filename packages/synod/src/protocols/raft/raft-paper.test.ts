import { describe, expect, test } from 'vitest'
import { voting, type NodeId } from '../../core/index.ts'
import type { AppendEntries, Message, RequestVote } from './messages.ts'
import { World } from './testing/world.ts'

// Goal: the paper's §5, rule by rule. Method: etcd's raft_paper_test.go names 26 of them; here they are in the order of the
// paper, each told to one member by messages, or played by a few.
const abc = ['a', 'b', 'c']

/** A world in which `a` believes what nobody's disk has. */
function forged(members: readonly NodeId[]): World {
  const world = new World({ members, raft: { preVote: false, checkQuorum: false } })
  world.ignore('elected by a quorum', 'durable quorum')
  return world
}

function one(log: readonly number[] = [], term = 0): World {
  const world = forged(abc)
  const { journal } = world.member('a')
  const entries = log.map((of) => ({ term: of }))
  const currentTerm = Math.max(term, ...log)
  journal.push({ type: 'entries', currentTerm, votedFor: undefined, prevIndex: 0, prevTerm: 0, entries })
  world.member('a').synced = journal.length
  world.start('a')
  return world
}

const append = (term: number, change: Partial<AppendEntries> = {}): AppendEntries => ({
  type: 'appendEntries',
  term,
  prevLogIndex: 0,
  prevLogTerm: 0,
  entries: [],
  leaderCommit: 0,
  round: 1,
  ...change,
})
const ask = (term: number, lastLogIndex = 0, lastLogTerm = 0): RequestVote => ({
  type: 'requestVote',
  term,
  lastLogIndex,
  lastLogTerm,
  preVote: false,
  transfer: false,
})

/** Says it to `a`, and gives what `a` sent because of it. */
function tell(world: World, message: Message, from: NodeId): Message[] {
  const before = world.happenings.length
  world.raft('a').receive(message, from)
  world.deliver()
  return world.happenings
    .slice(before)
    .flatMap((seen) => (seen.type === 'sent' && seen.from === 'a' ? [seen.message] : []))
}

function candidate(): World {
  const world = one()
  world.fire('a', 'election')
  world.deliver()
  return world
}

function leader(log: readonly number[] = []): World {
  const world = one(log)
  world.fire('a', 'election')
  world.deliver()
  const { currentTerm: term } = world.state('a')
  tell(world, { type: 'vote', term, granted: true, preVote: false }, 'b')
  return world
}

describe('§5.1 terms', () => {
  test.each([
    ['a follower', () => one([], 1)],
    ['a candidate', candidate],
    ['a leader', leader],
  ])('%s that sees a later term enters it, as a follower (…UpdateTermFromMessage)', (_, begin) => {
    const world = begin()
    tell(world, append(2), 'b')
    expect(world.state('a')).toMatchObject({ role: 'follower', currentTerm: 2, leader: 'b' })
  })

  test('what comes from an older term changes nothing (RejectStaleTermMessage)', () => {
    const world = one([1, 2], 3)
    const [answer] = tell(world, append(2, { prevLogIndex: 1, prevLogTerm: 1, entries: [{ term: 9 }] }), 'b')
    expect(answer).toMatchObject({ type: 'appended', term: 3, rejection: { prevLogIndex: 0 } })
    expect(world.state('a').log.map(({ term }) => term)).toEqual([1, 2])
    expect(tell(world, ask(2, 9, 9), 'c')).toMatchObject([{ type: 'vote', term: 3, granted: false }])
  })
})

describe('§5.2 leader election', () => {
  test('a server starts as a follower (StartAsFollower)', () => {
    expect(one().state('a').role).toBe('follower')
  })

  test('a leader sends heartbeats to all (LeaderBcastBeat)', () => {
    const world = leader()
    const before = world.sent('appendEntries').length
    world.fire('a', 'heartbeat')
    expect(world.sent('appendEntries').slice(before)).toMatchObject([
      { to: 'b', entries: [] },
      { to: 'c', entries: [] },
    ])
  })

  test.each([
    ['a follower', () => one([], 1), 2],
    ['a candidate', candidate, 2],
  ])('%s whose election times out votes for itself in the next term and asks all (StartElection)', (_, begin, term) => {
    const world = begin()
    const before = world.sent('requestVote').length
    world.fire('a', 'election')
    world.deliver()
    expect(world.state('a')).toMatchObject({ role: 'candidate', currentTerm: term, votedFor: 'a' })
    expect(world.sent('requestVote').slice(before)).toMatchObject([
      { to: 'b', term },
      { to: 'c', term },
    ])
  })

  test.each([
    [1, [], 'leader'],
    [3, ['b'], 'candidate'],
    [3, ['b', 'c'], 'candidate'],
    [5, ['b'], 'candidate'],
    [5, ['b', 'c'], 'leader'],
    [5, ['b', 'c', 'd'], 'leader'],
  ] as const)(
    'of %i members a candidate with the votes of %j is %s (LeaderElectionInOneRoundRPC)',
    (size, granted, role) => {
      const world = forged(['a', 'b', 'c', 'd', 'e'].slice(0, size))
      world.start('a')
      world.fire('a', 'election')
      world.deliver()
      // In a cluster of three the last one refuses: two refusals are not won either.
      for (const from of granted) {
        tell(world, { type: 'vote', term: 1, granted: size !== 3, preVote: false }, from)
      }
      const expected = size === 3 && granted.length === 2 ? 'follower' : role
      expect(world.state('a').role).toBe(expected)
    },
  )

  test.each([
    [undefined, 'b', true],
    [undefined, 'c', true],
    ['b', 'b', true],
    ['b', 'c', false],
    ['c', 'b', false],
  ])('a follower that voted for %s, asked by %s, grants: %s (FollowerVote)', (votedFor, from, granted) => {
    const world = one([], 1)
    if (votedFor !== undefined) tell(world, ask(1), votedFor)
    expect(tell(world, ask(1), from)).toMatchObject([{ type: 'vote', term: 1, granted }])
  })

  test.each([1, 2])(
    'a candidate of term 1 that hears from the leader of term %i follows it (CandidateFallback)',
    (term) => {
      const world = candidate()
      tell(world, append(term), 'b')
      expect(world.state('a')).toMatchObject({ role: 'follower', currentTerm: term, leader: 'b' })
    },
  )

  test('each wait for an election is drawn anew from [T, 2T) (…ElectionTimeoutRandomized, …Nonconflict)', () => {
    const waits = new Set<number>()
    const world = one()
    for (let i = 0; i < 300; i++) {
      world.fire('a', 'election')
      waits.add(Math.floor(((world.member('a').timers.get('election') ?? 0) - world.now) / 100))
    }
    expect([...waits].toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
  })
})

describe('§5.3 log replication', () => {
  const command = { origin: 'a', sequence: 1, checksum: 1, bytes: new Uint8Array(1) }

  test('a leader appends a command and sends it, after the entry before it (LeaderStartReplication)', () => {
    const world = leader()
    tell(world, { type: 'appended', term: 1, matchIndex: 1, rejection: undefined, round: 1 }, 'b')
    tell(world, { type: 'appended', term: 1, matchIndex: 1, rejection: undefined, round: 1 }, 'c')
    const before = world.sent('appendEntries').length
    expect(world.raft('a').propose(command)).toBe(true)
    const head = { prevLogIndex: 1, prevLogTerm: 1, entries: [{ term: 1, command }], leaderCommit: 1 }
    expect(world.sent('appendEntries').slice(before)).toMatchObject([
      { to: 'b', ...head },
      { to: 'c', ...head },
    ])
    expect(world.state('a').commitIndex).toBe(1)
  })

  test('an entry that a majority has is committed, and the others are told (LeaderCommitEntry)', () => {
    const world = leader()
    const sent = tell(world, { type: 'appended', term: 1, matchIndex: 1, rejection: undefined, round: 1 }, 'b')
    expect(world.state('a').commitIndex).toBe(1)
    expect(sent).toMatchObject([{ type: 'appendEntries', leaderCommit: 1 }])
  })

  test.each([
    [1, [], true],
    [3, [], false],
    [3, ['b'], true],
    [5, ['b'], false],
    [5, ['b', 'c'], true],
  ])('of %i members an entry that %j have too is committed: %s (LeaderAcknowledgeCommit)', (size, acks, committed) => {
    const world = forged(['a', 'b', 'c', 'd', 'e'].slice(0, size))
    world.elect('a')
    world.partition(['a'])
    world.propose('a', 1)
    world.deliver()
    for (const from of acks) {
      tell(world, { type: 'appended', term: 1, matchIndex: 2, rejection: undefined, round: 1 }, from)
    }
    expect(world.state('a').commitIndex === 2).toBe(committed)
  })

  test.each([[[]], [[2]], [[1, 2]], [[1]]])(
    'committing an entry commits all before it: %j (LeaderCommitPrecedingEntries)',
    (log) => {
      const world = leader(log)
      const { currentTerm: term } = world.state('a')
      const matchIndex = log.length + 1
      tell(world, { type: 'appended', term, matchIndex, rejection: undefined, round: 1 }, 'b')
      const decided = world.happenings.flatMap((seen) => (seen.type === 'decided' ? [seen.term] : []))
      expect(decided).toEqual([...log, term])
    },
  )

  test('a follower applies what the leader has committed, in order (FollowerCommitEntry)', () => {
    const world = one([], 1)
    const entries = [{ term: 1 }, { term: 1, command }]
    tell(world, append(1, { entries, leaderCommit: 1 }), 'b')
    expect(world.member('a').machine.applied).toBe(1)
    tell(world, append(1, { entries, leaderCommit: 2 }), 'b')
    expect(world.member('a').machine).toEqual({ applied: 2, commands: ['a1'] })
  })

  test.each([
    [0, 0, undefined],
    [1, 1, undefined],
    [2, 2, undefined],
    [1, 2, { prevLogIndex: 1, conflictTerm: 1, conflictIndex: 1 }],
    [3, 3, { prevLogIndex: 3, conflictTerm: undefined, conflictIndex: 3 }],
  ])('an append after %i/%i to a log of terms 1 2 (FollowerCheckMsgApp)', (prevLogIndex, prevLogTerm, rejection) => {
    const [answer] = tell(one([1, 2]), append(3, { prevLogIndex, prevLogTerm }), 'b')
    expect(answer).toMatchObject({ type: 'appended', term: 3, rejection })
  })

  test.each([
    [2, 2, [3], [1, 2, 3]],
    [1, 1, [3, 4], [1, 3, 4]],
    [0, 0, [1], [1, 2]],
    [0, 0, [3], [3]],
  ])(
    'appended after %i/%i, terms %j give the log %j (FollowerAppendEntries)',
    (prevLogIndex, prevLogTerm, terms, log) => {
      const world = one([1, 2])
      tell(world, append(4, { prevLogIndex, prevLogTerm, entries: terms.map((term) => ({ term })) }), 'b')
      expect(world.state('a').log.map(({ term }) => term)).toEqual(log)
      // What is told was durable before.
      expect(world.member('a').durable.log.map(({ term }) => term)).toEqual(log)
    },
  )

  test.each([
    [[1, 1, 1, 4, 4, 5, 5, 6, 6]],
    [[1, 1, 1, 4]],
    [[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    [[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    [[1, 1, 1, 4, 4, 4, 4]],
    [[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])("Figure 7: the leader makes a follower's log %j equal to its own (LeaderSyncFollowerLog)", (terms) => {
    const mine = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
    const world = new World({ members: abc, raft: { preVote: false, checkQuorum: false } })
    for (const [id, log] of [
      ['a', mine],
      ['b', terms],
      ['c', []],
    ] as const) {
      const entries = log.map((term) => ({ term }))
      world
        .member(id)
        .journal.push({ type: 'entries', currentTerm: 7, votedFor: undefined, prevIndex: 0, prevTerm: 0, entries })
      world.member(id).synced = 2
    }
    world.elect('a')
    for (const id of abc) expect(world.state(id).log.map(({ term }) => term)).toEqual([...mine, 8])
  })
})

describe('§5.4 safety', () => {
  test.each([
    [[], 1],
    [[1], 2],
    [[1, 2], 3],
  ])('a candidate with the log %j asks in term %i, and says how its log ends (VoteRequest)', (log, term) => {
    const world = one(log)
    world.fire('a', 'election')
    world.deliver()
    expect(world.sent('requestVote')).toMatchObject([
      { to: 'b', term, lastLogIndex: log.length, lastLogTerm: log.at(-1) ?? 0 },
      { to: 'c', term, lastLogIndex: log.length, lastLogTerm: log.at(-1) ?? 0 },
    ])
  })

  test.each([
    [[1], 1, 1, true],
    [[1], 2, 1, true],
    [[1, 1], 1, 1, false],
    [[1], 1, 2, true],
    [[1], 2, 2, true],
    [[1, 1], 1, 2, true],
    [[2], 1, 1, false],
    [[2], 2, 1, false],
    [[1, 2], 1, 1, false],
  ])('whose log has the terms %j, asked by one that ends at %i/%i, grants: %s (Voter)', (log, index, term, granted) => {
    expect(tell(one(log), ask(3, index, term), 'b')).toMatchObject([{ type: 'vote', term: 3, granted }])
  })

  test.each([
    [1, 0],
    [2, 0],
    [3, 3],
  ])(
    'of the log 1 2 and its own entry a leader has committed, when %i are matched, %i (LeaderOnlyCommitsLogFromCurrentTerm)',
    (matchIndex, commitIndex) => {
      const world = leader([1, 2])
      tell(world, { type: 'appended', term: 3, matchIndex, rejection: undefined, round: 1 }, 'b')
      expect(world.state('a').commitIndex).toBe(commitIndex)
    },
  )

  test('the first membership is on every disk, and repeated by the first entry of all', () => {
    const world = leader()
    expect(world.state('a').log).toEqual([{ term: 1, membership: voting(abc) }])
  })
})
