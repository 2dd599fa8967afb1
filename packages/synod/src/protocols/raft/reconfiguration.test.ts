import { describe, expect, test } from 'vitest'
import { voting, type Membership } from '../../core/index.ts'
import { World } from './testing/world.ts'

// Goal: what `change` answers, and what the leader does by itself (Ongaro §4). Method: one refusal, or one rule, at a time.
function led(members: readonly string[], by = 'a'): World {
  const world = new World({ members })
  world.elect(by)
  world.run(500)
  return world
}

/** A new machine, by now a learner that has caught up. */
function withLearner(world: World, id: string): World {
  world.add(id)
  world.start(id)
  world.change('a', { type: 'addLearner', id, contact: `at ${id}` })
  world.run(500)
  return world
}

describe('a change is refused, and is certainly not in the log, when', () => {
  test('somebody else leads, or leadership is being handed over', () => {
    const world = led(['a', 'b', 'c'])
    expect(world.change('b', { type: 'remove', id: 'c' })).toMatchObject({ code: 'not-leader' })
    world.partition(['a', 'c'])
    world.raft('a').transfer('b')
    expect(world.change('a', { type: 'remove', id: 'c' })).toEqual({
      code: 'not-leader',
      message: 'leadership is being handed to b',
    })
    expect(world.raft('a').standing.lastIndex).toBe(1)
  })

  test('it adds a member, or names nobody that is one', () => {
    const world = withLearner(led(['a', 'b', 'c']), 'd')
    for (const id of ['a', 'd']) {
      expect(world.change('a', { type: 'addVoter', id, contact: '' })).toMatchObject({ code: 'exists' })
      expect(world.change('a', { type: 'addLearner', id, contact: '' })).toMatchObject({ code: 'exists' })
    }
    for (const type of ['promote', 'demote', 'remove'] as const) {
      expect(world.change('a', { type, id: 'x' })).toEqual({ code: 'unknown-member', message: 'x is no member' })
    }
    expect(world.change('a', { type: 'update', id: 'x', contact: '' })).toMatchObject({ code: 'unknown-member' })
    // In one change the later ones see what the earlier ones did.
    const twice = { type: 'addLearner', id: 'x', contact: '' } as const
    expect(world.change('a', twice, twice)).toMatchObject({ code: 'exists' })
    expect(world.change('a', { type: 'remove', id: 'd' }, { type: 'demote', id: 'd' })).toMatchObject({
      code: 'unknown-member',
    })
    expect(world.change('a', { type: 'remove', id: 'd' }, { type: 'addLearner', id: 'd', contact: '' })).toHaveProperty(
      'index',
    )
  })

  test('it promotes a voter, or a learner that lacks something or is not heard from', () => {
    const world = withLearner(led(['a', 'b', 'c']), 'd')
    expect(world.change('a', { type: 'promote', id: 'b' })).toMatchObject({ code: 'not-learner' })
    world.cut.add('a>d')
    for (let i = 1; i <= 3; i++) world.propose('a', i)
    world.run(250)
    expect(world.change('a', { type: 'promote', id: 'd' })).toEqual({
      code: 'not-caught-up',
      message: 'd has 2 of 5 committed entries',
    })
    world.run(2500)
    expect(world.change('a', { type: 'promote', id: 'd' })).toEqual({
      code: 'not-caught-up',
      message: 'd was not heard from for an election timeout',
    })
    world.heal()
    world.run(500)
    expect(world.change('a', { type: 'promote', id: 'd', contact: 'elsewhere' })).toHaveProperty('index')
    expect(world.raft('a').standing.membership.contacts).toEqual({ d: 'elsewhere' })
  })

  test('it would leave a quorum of which too few were heard from, and it says how many', () => {
    const world = led(['a', 'b', 'c'])
    world.crash('c')
    world.run(3000)
    expect(world.change('a', { type: 'remove', id: 'b' })).toEqual({
      code: 'loses-quorum',
      message: 'of 2 voters (a, c) 2 are needed, and 1 were heard from',
    })
    expect(world.change('a', { type: 'demote', id: 'b' })).toMatchObject({ code: 'loses-quorum' })
    expect(world.change('a', { type: 'remove', id: 'a' })).toMatchObject({ code: 'loses-quorum' })
    // The dead one may go.
    expect(world.change('a', { type: 'remove', id: 'c' })).toHaveProperty('index')
  })

  test('it would leave no voter', () => {
    const world = led(['a'])
    expect(world.change('a', { type: 'remove', id: 'a' })).toMatchObject({ code: 'no-voters' })
    expect(world.change('a', { type: 'demote', id: 'a' })).toMatchObject({ code: 'no-voters' })
  })
})

test('a leader that was just elected does not take those for lost that it could not hear yet', () => {
  const world = led(['a', 'b', 'c', 'd', 'e'])
  world.raft('a').resign()
  for (const id of ['c', 'd', 'e']) world.fire(id, 'lease')
  world.fire('b', 'election')
  world.until(() => world.state('b').role === 'leader' && world.state('b').commitIndex === world.state('b').termStart)
  world.deliver()
  expect(world.change('b', { type: 'remove', id: 'a' })).toHaveProperty('index')
})

describe('whoever is no voter changes nothing for the voters', () => {
  test('one that was added and never came can be removed, and added again', () => {
    const world = led(['a'])
    expect(world.change('a', { type: 'addVoter', id: 'b', contact: 'nowhere' })).toHaveProperty('index')
    world.run(5000)
    expect(world.raft('a').standing).toMatchObject({
      leading: true,
      committedMembership: { voters: ['a'], joining: ['b'] },
    })
    expect(world.propose('a', 1)).toBe(true)
    expect(world.change('a', { type: 'remove', id: 'b' })).toHaveProperty('index')
    world.run(500)
    expect(world.raft('a').standing.committedMembership).toEqual(voting(['a']))
    world.add('b')
    world.start('b')
    expect(world.change('a', { type: 'addVoter', id: 'b', contact: 'here' })).toHaveProperty('index')
    world.run(1000)
    expect(world.raft('b').standing.committedMembership).toEqual(voting(['a', 'b'], { b: 'here' }))
  })

  test('one that joins is not made a voter while that would lose the quorum', () => {
    const world = led(['a', 'b', 'c', 'd'])
    world.crash('d')
    world.run(3000)
    world.change('a', { type: 'addVoter', id: 'e', contact: '' })
    world.add('e')
    world.start('e')
    world.run(2000)
    // Of five three are needed: a, b, c, and e is there too.
    expect(world.raft('a').standing.committedMembership.voters).toEqual(['a', 'b', 'c', 'd', 'e'])
    world.change('a', { type: 'addVoter', id: 'f', contact: '' })
    world.add('f')
    world.start('f')
    world.partition(['a', 'b', 'e', 'f'])
    world.run(5000)
    // c is gone as well. Of six four are needed: a, b, e and f.
    expect(world.raft('a').standing).toMatchObject({
      leading: true,
      membership: { voters: ['a', 'b', 'c', 'd', 'e', 'f'] },
    })
  })

  test('those that join are made voters one after the other', () => {
    const world = led(['a'])
    for (const id of ['b', 'c', 'd', 'e']) {
      world.add(id)
      world.start(id)
    }
    const joining = ['b', 'c', 'd', 'e'].map((id) => ({ type: 'addVoter', id, contact: '' }) as const)
    expect(world.change('a', ...joining)).toEqual({ index: 2 })
    world.run(2000)
    const told = world.happenings.flatMap((one) =>
      one.type === 'reconfigured' && one.node === 'a' ? [one.membership.voters.join('')] : [],
    )
    expect(told).toEqual(['a', 'ab', 'abc', 'abcd', 'abcde'])
  })
})

describe('a cluster that begins in a joint phase', () => {
  function begun(autoLeave: boolean): World {
    const joint: Membership = { ...voting(['a', 'b', 'c']), outgoing: ['a', 'd', 'e'], learnersNext: ['d'], autoLeave }
    const world = new World({ members: ['a', 'b', 'c', 'd', 'e'] })
    for (const { raft, journal } of world.members.values()) journal.splice(0, 1, raft.bootstrap(joint))
    return world
  }

  test('needs both majorities, and leaves it by itself', () => {
    const world = begun(true)
    world.startAll()
    world.partition(['a', 'b', 'c'])
    world.run(20_000)
    expect(world.leader()).toBeUndefined()
    world.heal()
    world.run(20_000)
    const leader = world.leader() ?? ''
    expect(world.raft(leader).standing.committedMembership).toEqual({ ...voting(['a', 'b', 'c']), learners: ['d'] })
  })

  test('stays in it until somebody ends it, if it is told so', () => {
    const world = begun(false)
    world.elect('a')
    world.run(5000)
    expect(world.raft('a').standing.committedMembership.outgoing).toEqual(['a', 'd', 'e'])
    expect(world.change('a', { type: 'remove', id: 'b' })).toMatchObject({ code: 'pending' })
    expect(world.change('a')).toEqual({ index: 2 })
    world.run(500)
    expect(world.raft('a').standing.committedMembership).toEqual({ ...voting(['a', 'b', 'c']), learners: ['d'] })
  })
})

test('a change of several voters is joint, and takes two entries', () => {
  const world = withLearner(led(['a', 'b', 'c']), 'd')
  expect(world.change('a', { type: 'promote', id: 'd' }, { type: 'remove', id: 'c' })).toEqual({ index: 3 })
  expect(world.change('a', { type: 'remove', id: 'b' })).toMatchObject({ code: 'pending' })
  world.run(500)
  expect(world.raft('a').standing).toMatchObject({
    lastIndex: 4,
    committedMembership: voting(['a', 'b', 'd'], { d: 'at d' }),
  })
})

test('a member that is added again is begun anew, whatever was known of it', () => {
  const world = led(['a', 'b', 'c'])
  world.propose('a', 1)
  world.run(500)
  expect(world.state('a').progress['c']).toMatchObject({ mode: 'replicate', matchIndex: 2 })
  world.crash('c')
  world.change('a', { type: 'remove', id: 'c' })
  world.run(200)
  expect(world.raft('a').standing.parting).toEqual(['c'])
  // Its machine has another disk now, and with it terms begin anew.
  world.ignore('monotonicity')
  world.members.delete('c')
  world.add('c')
  world.change('a', { type: 'addVoter', id: 'c', contact: '' })
  expect(world.state('a').progress['c']).toMatchObject({ mode: 'probe', matchIndex: 0, parting: undefined })
  world.start('c')
  world.run(1000)
  expect(world.raft('c').standing).toMatchObject({ decided: 5, committedMembership: { voters: ['a', 'b', 'c'] } })
})

test('no change is begun while leadership is being handed over: the successor would lack it', () => {
  const world = led(['a', 'b', 'c'])
  world.partition(['a', 'c'])
  world.add('d')
  world.start('d')
  world.partition(['a', 'c', 'd'])
  world.change('a', { type: 'addVoter', id: 'd', contact: '' })
  world.until(() => world.raft('a').standing.decided === 2)
  world.raft('a').transfer('b')
  world.run(900)
  expect(world.raft('a').standing.membership.joining).toEqual(['d'])
  // It came to nothing, and the change goes on.
  world.run(500)
  expect(world.raft('a').standing.membership.voters).toEqual(['a', 'b', 'c', 'd'])
})
