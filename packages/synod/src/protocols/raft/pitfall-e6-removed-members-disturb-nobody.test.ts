import { describe, expect, test } from 'vitest'
import { World } from './testing/world.ts'

// Goal: a removed member does not depose anybody (hashicorp/raft#524, #526, canonical/raft#137), and learns that it was
// removed while it can. Method: it is removed while it listens, and while it is cut off; then it runs for a minute.
describe('a removed member', () => {
  test('that listens is told so, and is silent afterwards', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.change('a', { type: 'remove', id: 'c' })
    expect(world.raft('a').standing).toMatchObject({ membership: { voters: ['a', 'b'] }, parting: ['c'] })
    world.run(500)
    expect(world.raft('c').standing.committedMembership.voters).toEqual(['a', 'b'])
    expect(world.raft('a').standing.parting).toEqual([])
    const before = world.happenings.length
    world.run(60_000)
    const spoke = world.happenings.slice(before).filter((one) => one.type === 'sent' && one.from === 'c')
    expect(spoke).toEqual([])
    expect(world.raft('a').standing).toMatchObject({ leading: true, term: 1 })
  })

  test('that did not hear of it asks in vain', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.partition(['a', 'b'], ['c'])
    world.change('a', { type: 'remove', id: 'c' })
    world.run(20_000)
    expect(world.raft('a').standing.parting).toEqual([])
    world.heal()
    world.run(60_000)
    expect(world.state('c').role).toBe('preCandidate')
    expect(world.raft('a').standing).toMatchObject({ leading: true, term: 1 })
  })

  test('that is in a later term does not pull the others into it', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.raftOf.set('c', { preVote: false })
    world.elect('a')
    world.partition(['a', 'b'], ['c'])
    world.change('a', { type: 'remove', id: 'c' })
    world.run(20_000)
    expect(world.state('c').currentTerm).toBeGreaterThan(5)
    world.heal()
    world.run(60_000)
    expect(world.raft('a').standing).toMatchObject({ leading: true, term: 1 })
  })

  test('that is not there is given up after a while', () => {
    const world = new World({ members: ['a', 'b', 'c'] })
    world.elect('a')
    world.crash('c')
    world.change('a', { type: 'remove', id: 'c' })
    world.run(9000)
    expect(world.raft('a').standing.parting).toEqual(['c'])
    world.run(3000)
    expect(world.raft('a').standing.parting).toEqual([])
    const before = world.happenings.length
    world.run(10_000)
    expect(world.happenings.slice(before).filter((one) => one.type === 'sent' && one.to === 'c')).toEqual([])
  })
})
