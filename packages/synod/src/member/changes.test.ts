import { beforeEach, describe, expect, it } from 'vitest'
import { voting, type Failure, type MembershipChange, type Standing } from '../core/index.ts'
import { Changes, type Changed } from './changes.ts'
import type { Wire } from './wire.ts'

// Goal: "certainly not" and "perhaps" are told apart, whatever order answers and decisions come in. Method: one member's
// changes alone, with a leader that is this test.

const remove: MembershipChange = { type: 'remove', id: 'c' }
const membership = voting(['a', 'b', 'c'])
const standing: Standing = {
  term: 3,
  leader: 'b',
  leading: false,
  decided: 5,
  lastIndex: 5,
  compacted: 0,
  membership,
  committedMembership: membership,
  parting: [],
  snapshot: undefined,
  repairing: false,
  stranded: false,
}

describe('a change that was given to the leader of a term', () => {
  let now: number
  let said: Wire<never>[]
  let current: Standing
  let outcomes: (Changed | Failure)[]
  let changes: Changes
  let sequence: number

  beforeEach(() => {
    now = 0
    said = []
    current = standing
    outcomes = []
    sequence = 100
    changes = new Changes(
      {
        self: 'a',
        get standing() {
          return current
        },
        now: () => now,
        diskOf: () => undefined,
        change: () => ({ code: 'not-leader', message: 'no leader here' }),
        nextSequence: () => sequence++,
        tell: (_, wire) => void said.push(wire),
        later: () => undefined,
      },
      { waiting: 2, learners: 1, patience: 1000, pause: 10 },
    )
    changes.submit([remove], (outcome) => outcomes.push(outcome))
    changes.flush()
  })

  it('is done when the entry at its index is decided in that term', () => {
    expect(said).toEqual([{ type: 'change', term: 3, id: 100, changes: [remove] }])
    changes.changing('b', { type: 'changing', id: 100, index: 6 })
    changes.decided(6, 3, true)
    expect(outcomes).toEqual([{ index: 6, membership }])
  })

  it('is done if that entry was decided before its index was known', () => {
    changes.decided(6, 3, true)
    expect(outcomes).toEqual([])
    changes.changing('b', { type: 'changing', id: 100, index: 6 })
    expect(outcomes).toEqual([{ index: 6, membership }])
  })

  it('is certainly lost when another leader’s entry is decided at its index, and is asked for again', () => {
    changes.changing('b', { type: 'changing', id: 100, index: 6 })
    changes.decided(6, 4, true)
    expect(outcomes).toEqual([])
    current = { ...standing, term: 4, leader: 'c' }
    now = 10
    changes.flush()
    expect(said.at(-1)).toEqual({ type: 'change', term: 4, id: 101, changes: [remove] })
    // The answer of the leader before counts no more.
    changes.changing('b', { type: 'changing', id: 100, index: 7 })
    changes.decided(7, 4, true)
    expect(outcomes).toEqual([])
  })

  it('is certainly lost when nothing of that leader was decided that may have been it', () => {
    changes.decided(6, 3, false)
    changes.decided(7, 4, true)
    now = 1000
    changes.repeat(now)
    expect(outcomes).toMatchObject([{ name: 'Rejected', detail: { code: 'no-leader' } }])
  })

  it('is of unknown outcome when something of that leader was decided that may have been it', () => {
    changes.decided(6, 3, true)
    changes.decided(7, 4, true)
    expect(outcomes).toMatchObject([{ name: 'Unknown', detail: { code: 'timeout' } }])
  })

  it('is of unknown outcome when nothing is heard of it, or a snapshot passes over it', () => {
    changes.repeat(1000)
    expect(outcomes).toMatchObject([{ name: 'Unknown' }])
    changes.submit([remove], (outcome) => outcomes.push(outcome))
    changes.flush()
    changes.skipped()
    expect(outcomes).toMatchObject([{ name: 'Unknown' }, { name: 'Unknown' }])
  })

  it('is asked for again by the same number while its leader leads, and refused for good once', () => {
    changes.repeat(300)
    expect(said).toHaveLength(2)
    expect(said[1]).toEqual(said[0])
    changes.unchanged('c', { type: 'unchanged', id: 100, code: 'exists', message: 'not of the leader' })
    expect(outcomes).toEqual([])
    changes.unchanged('b', { type: 'unchanged', id: 100, code: 'loses-quorum', message: '1 of 3' })
    expect(outcomes).toMatchObject([{ name: 'Rejected', detail: { code: 'loses-quorum' }, message: '1 of 3' }])
  })

  it('is tried again when another one is under way, and says so if that lasts', () => {
    changes.unchanged('b', { type: 'unchanged', id: 100, code: 'pending', message: 'the change at 5' })
    expect(outcomes).toEqual([])
    now = 10
    changes.flush()
    expect(said.at(-1)).toMatchObject({ id: 101 })
    changes.unchanged('b', { type: 'unchanged', id: 101, code: 'pending', message: 'the change at 5' })
    changes.repeat(1000)
    expect(outcomes).toMatchObject([{ name: 'Rejected', detail: { code: 'pending' }, message: 'the change at 5' }])
  })

  it('is not waited for when the member stops, unless it is under way', () => {
    changes.submit([remove], (outcome) => outcomes.push(outcome))
    expect(changes.submit([remove], () => undefined)).toMatchObject({ detail: { code: 'overloaded' } })
    changes.close()
    expect(outcomes).toMatchObject([{ name: 'Rejected', detail: { code: 'stopping' } }])
    changes.stop()
    expect(outcomes).toMatchObject([{ name: 'Rejected' }, { name: 'Unknown', detail: { code: 'stopping' } }])
    expect(changes.outstanding).toBe(0)
  })
})
