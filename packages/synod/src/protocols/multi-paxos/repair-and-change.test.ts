import { expect, test } from 'vitest'
import { membersOf, voting } from '../../core/index.ts'
import { initialState } from './state.ts'
import { fold, restore } from './durable.ts'
import { commandOf, OneMember } from './testing/one-member.ts'

// Goal: a change that was waited for by the next one is part of it. Method: a learner is on its way to be a voter in the
// very turn in which another member is added.
test('the next membership is made of the one that has just been decided', () => {
  const member = new OneMember()
  member.campaign()
  member.promise('b')
  member.accepted('b', [1])
  expect(member.paxos.change([{ type: 'addVoter', id: 'd', contact: '' }])).toEqual({ index: 2 })
  member.settle()
  member.accepted('b', [2])
  expect(member.paxos.change([{ type: 'addLearner', id: 'e', contact: '' }])).toEqual({ index: 3 })
  member.settle()
  // d has caught up when the acceptance arrives by which e is decided to be a learner.
  const { promised: ballot, round } = member.state
  member.receive('d', { type: 'accepted', ballot, slots: [], decided: 2, round })
  member.accepted('b', [3])
  for (const { membership } of member.state.memberships.slice(2)) expect(membersOf(membership)).toContain('e')
  for (const { value } of member.state.log.flatMap((accepted) => accepted ?? []).slice(2))
    if (value.membership !== undefined) expect(membersOf(value.membership)).toContain('e')
})

// Goal: what a repair has cut off stays cut off: with a hole before it, it may not be what was decided.
// Method: the records of a repair behind a snapshot, folded, and read again.
test('a repair cuts the log to its snapshot, and so does whoever reads of it', () => {
  const { membership } = new OneMember().state.goesBy
  const hard = { promised: { round: 1, id: 'b' }, decided: 0 }
  const state = initialState()
  const checkpoint = { type: 'checkpoint', ...hard, last: 0, snapshot: undefined, repair: undefined } as const
  fold(state, { ...checkpoint, memberships: [{ index: 0, membership }] })
  const accepted = [1, 2, 3].map((slot) => ({ slot, ballot: hard.promised, value: commandOf('x') }))
  fold(state, { type: 'accepted', ...hard, accepted })
  const snapshot = { index: 3, term: 1, membership }
  fold(state, { type: 'snapshot', ...hard, decided: 3, snapshot, through: 1 })
  expect(state.compacted).toBe(1)
  restore(state, { type: 'repaired', ...hard, decided: 3, digest: 0 })
  expect(state.compacted).toBe(3)
})

// Goal: a member whose promise comes in parts is counted, though slots that it had to tell of are decided meanwhile.
// Method: a leader that needs the promise of a new voter, which has told only a part of it.
test('a promise that was told in part is asked for from what is decided', () => {
  const member = new OneMember(['a', 'b', 'c'])
  const ballot = member.campaign()
  const first = { slot: 1, ballot: { round: 0, id: 'c' }, value: commandOf('x', 0) }
  member.receive('c', { type: 'promise', ballot, from: 1, through: 1, accepted: [first], decided: 0 })
  member.promise('b')
  member.accepted('b', [1, 2])
  expect(member.state.decided).toBe(2)
  member.take('prepare')
  member.timeout('heartbeat')
  const [ask] = member.take('prepare')
  expect(ask).toMatchObject({ to: 'c', from: 3 })
  member.receive('c', { type: 'promise', ballot, from: 3, through: undefined, accepted: [], decided: 0 })
  expect(member.state.promises['c']).toMatchObject({ complete: true })
})

// Goal: what waited for the disk while a segment began comes behind its head, and may be torn off by a loss of power.
// Method: a head that knows of more decisions than the records that were kept.
test('the head of a segment does not say that the records before it have all that was decided', () => {
  const { membership } = new OneMember().state.goesBy
  const hard = { promised: { round: 1, id: 'b' }, decided: 0 }
  const state = initialState()
  const checkpoint = { type: 'checkpoint', ...hard, snapshot: undefined, repair: undefined } as const
  const memberships = [{ index: 0, membership }]
  fold(state, { ...checkpoint, last: 0, memberships })
  const accepted = [{ slot: 1, ballot: hard.promised, value: commandOf('x') }]
  fold(state, { type: 'accepted', ...hard, accepted })
  fold(state, { ...checkpoint, decided: 2, last: 2, memberships })
  expect(state.claimed).toBe(0)
  fold(state, { type: 'hard', ...hard, decided: 1 })
  expect(state.claimed).toBe(1)
})

// Goal: an old voter goes once a quorum of the new ones has decided all that needs it; whoever counts for that has it on its disk
// when it says so. Method: a follower on a slow disk hears that the last such slot is decided, which by itself it would not write down.
test('how far a member has decided is durable before it counts for the end of a change', () => {
  const member = new OneMember(['a', 'b', 'c'], { alpha: 2 })
  member.accept('b', 1, { 1: { term: 1 }, 2: { term: 1, membership: voting(['a', 'b']) } }, 0)
  member.accept('b', 1, { 3: { term: 0 } }, 2)
  member.take('accepted')
  member.quick = false
  member.accept('b', 1, {}, 3)
  expect(member.take('accepted')).toEqual([])
  member.sync()
  expect(member.take('accepted')).toMatchObject([{ decided: 3 }])
  expect(member.state).toMatchObject({ decided: 3, claimed: 3 })
})

// Goal: as above, of a member that is being repaired: what it decides since is in its memory only. Method: one that knows again what it
// has promised, and hears that all is decided.
test('who is being repaired counts for the end of no change', () => {
  const member = new OneMember(['a', 'b', 'c'], { alpha: 2 })
  const proposals = { 1: { term: 1 }, 2: { term: 1, membership: voting(['a', 'b']) }, 3: { term: 0 } }
  member.accept('b', 1, proposals, 0)
  member.restart(1)
  for (const id of ['b', 'c'])
    member.receive(id, { type: 'tellPromise', promised: { round: 1, id: 'b' }, lastIndex: 9, memberships: [] })
  expect(member.state.repair).toMatchObject({ known: true })
  member.take('accepted')
  member.accept('b', 1, proposals, 0)
  member.accept('b', 1, {}, 3)
  expect(member.state.decided).toBe(3)
  expect(member.take('accepted').map(({ decided }) => decided)).toEqual([0, 0])
})
