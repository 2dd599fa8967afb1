import { describe, expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { Glance, type WatchedState } from './glance.ts'
import { append, compactThrough, truncateAfter } from './log.ts'
import { newProgress } from './replication.ts'
import { initialState, type RaftState } from './state.ts'

// Goal: no invariant misses anything because of a glance. Method: whatever an invariant can read is changed, one by one.

function leading(): RaftState {
  const state: RaftState = {
    ...initialState(),
    role: 'leader',
    memberships: [{ index: 0, membership: voting(['a', 'b']) }],
  }
  append(state, [{ term: 1 }, { term: 1, membership: voting(['a', 'b', 'c']) }, { term: 2 }])
  for (const id of ['a', 'b', 'c']) state.progress[id] = newProgress({ state } as Parameters<typeof newProgress>[0])
  return state
}

const snapshot = { index: 1, term: 1, membership: voting(['a']) }
const repair = { through: 1, bounded: true, hardState: true, term: undefined, noted: false, committed: 0 }

/** By its type it names everything that there is to be read. */
const changes: { readonly [Part in keyof WatchedState]: readonly ((state: RaftState) => void)[] } = {
  role: [(state) => (state.role = 'follower')],
  currentTerm: [(state) => state.currentTerm++],
  votedFor: [(state) => (state.votedFor = 'a')],
  log: [
    (state) => append(state, [{ term: 2 }]),
    (state) => truncateAfter(state, 2),
    (state) => {
      truncateAfter(state, 2)
      append(state, [{ term: 2 }])
    },
    (state) => (state.log = [...state.log]),
    (state) => (state.log[0] = { term: 1 }),
    (state) => (state.log[1] = { term: 1 }),
  ],
  compacted: [(state) => compactThrough(state, 1), (state) => (state.compacted = { index: 0, term: 1 })],
  commitIndex: [(state) => state.commitIndex++],
  memberships: [
    (state) => state.memberships.pop(),
    (state) => state.memberships.shift(),
    (state) => state.memberships.push({ index: 3, membership: voting(['a']) }),
    (state) => (state.memberships[0] = { index: 0, membership: voting(['a', 'b']) }),
  ],
  snapshot: [(state) => (state.snapshot = snapshot)],
  repair: [(state) => (state.repair = { ...repair, awaiting: [], told: [], known: [] })],
  termStart: [(state) => state.termStart++],
  transfer: [(state) => (state.transfer = 'b')],
  reads: [(state) => state.reads.push({ id: 1, index: 1, round: 0 })],
  progress: [
    (state) => delete state.progress['b'],
    (state) => delete state.progress['c'],
    (state) => {
      const { c } = state.progress
      delete state.progress['c']
      if (c !== undefined) state.progress['d'] = c
    },
    ({ progress: { b } }) => b !== undefined && (b.mode = 'snapshot'),
    ({ progress: { c } }) => c !== undefined && (c.parting = { removedAt: 1, left: 1, round: undefined }),
  ],
}

describe.each(Object.entries(changes))('%s', (_, ways) => {
  test.each(['state', 'durable'] as const)('of the %s is seen when it changes, and once', (which) => {
    for (const change of ways) {
      const node = { id: 'a', incarnation: 1, state: leading(), durable: leading() }
      const glance = new Glance()
      expect(glance.changed(node)).toBe(true)
      expect(glance.changed(node)).toBe(false)
      change(node[which])
      expect(glance.changed(node), change.toString()).toBe(true)
      expect(glance.changed(node)).toBe(false)
    }
  })
})

test('another life is seen, though it begins where the last one ended', () => {
  const node = { id: 'a', incarnation: 1, state: leading(), durable: leading() }
  const glance = new Glance()
  glance.changed(node)
  expect(glance.changed({ ...node, incarnation: 2 })).toBe(true)
})

test('a heartbeat and its answer leave everything as it was', () => {
  const node = { id: 'a', incarnation: 1, state: leading(), durable: leading() }
  const glance = new Glance()
  glance.changed(node)
  const { state } = node
  state.round++
  state.heard = true
  state.beats = { previous: 1, latest: 2, commitIndex: 0 }
  for (const progress of Object.values(state.progress)) progress.recentActive = true
  expect(glance.changed(node)).toBe(false)
})
