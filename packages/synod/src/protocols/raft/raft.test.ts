import { describe, expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { defaultRaftOptions } from './options.ts'
import { Raft } from './raft.ts'
import { World } from './testing/world.ts'

describe('options with which no cluster can live are refused', () => {
  const { env } = new World({ members: ['a'] }).raft('a')

  test('a heartbeat that comes too late for the election timeout', () => {
    const options = { ...defaultRaftOptions, electionTimeoutMin: 100, heartbeatInterval: 100 }
    expect(() => new Raft(env, options)).toThrow(
      'heartbeatInterval (100 ms) must be at most half of electionTimeoutMin (100 ms)',
    )
  })

  test.each([0, -1, Number.NaN, Infinity])('a window of %d messages', (maxInflightMessages) => {
    expect(() => new Raft(env, { ...defaultRaftOptions, maxInflightMessages })).toThrow(
      'maxInflightMessages must be positive',
    )
  })
})

describe('a leader that hands over', () => {
  test('takes no command while the transfer lasts, and takes them again when it came to nothing', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.partition(['a', 'c'], ['b'])
    expect(world.raft('a').transfer('b')).toBe(true)
    expect(world.propose('a', 1)).toBe(false)
    world.run(1001)
    expect(world.propose('a', 1)).toBe(true)
  })

  test('does not call a target that lacks an entry', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.cut.add('a>b')
    world.propose('a', 1)
    world.deliver()
    world.raft('a').transfer('b')
    expect(world.sent('timeoutNow')).toEqual([])
    world.heal()
    world.run(900)
    expect(world.leader()).toBe('b')
  })

  test('hands over only to a voter that is not itself, and only a leader does', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    expect(world.raft('a').transfer('x')).toBe(false)
    expect(world.raft('a').transfer('a')).toBe(false)
    expect(world.raft('b').transfer('c')).toBe(false)
    expect(new World({ members: ['a'] }).raft('a').transfer()).toBe(false)
  })
})

describe('a follower', () => {
  test("learns at once that its leader's command is decided", () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.propose('a', 1)
    world.run(5)
    for (const id of ['a', 'b', 'c']) expect(world.state(id).commitIndex).toBe(2)
  })

  test('refuses commands and reads', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    expect(world.propose('b', 1)).toBe(false)
    expect(world.read('b', 1)).toBe(false)
  })
})

test('each change of term or leader is told, once', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  world.run(1000)
  world.raft('a').resign()
  world.raft('b').resign()
  const told = world.happenings.filter((happening) => happening.type === 'led' && happening.node === 'a')
  expect(told.map((happening) => (happening.type === 'led' ? [happening.by, happening.term] : []))).toEqual([
    [undefined, 1],
    ['a', 1],
    [undefined, 1],
  ])
})

test('compaction and a restart keep the log behind the snapshot, and decisions begin after it', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.elect('a')
  for (let i = 1; i <= 9; i++) world.propose('a', i)
  world.deliver()
  world.compact('a', 3)
  expect(world.raft('a').standing).toMatchObject({ compacted: 7, snapshot: { index: 10, term: 1 } })
  world.deliver()
  world.crash('a')
  world.start('a')
  expect(world.raft('a').standing).toMatchObject({ compacted: 7, decided: 10, lastIndex: 10 })
  expect(world.raft('a').checkpoint()).toMatchObject({ last: { index: 10, term: 1 }, snapshot: { index: 10 } })
})

test('a membership is in force when it is appended, and taken back with its entry', () => {
  const world = new World({ members: ['a', 'b', 'c'] })
  world.startAll()
  const membership = voting(['a', 'b', 'c', 'd'])
  const head = { type: 'appendEntries', prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0, round: 1 } as const
  world.raft('b').receive({ ...head, term: 1, entries: [{ term: 1 }, { term: 1, membership }] }, 'a')
  expect(world.raft('b').standing.membership).toEqual(membership)
  world.raft('b').receive({ ...head, term: 2, entries: [{ term: 1 }, { term: 2 }] }, 'c')
  expect(world.raft('b').standing.membership).toEqual(world.membership)
})
