import { describe, expect, test } from 'vitest'
import { ActorSpace, search, type Finding, type SearchReport, type System } from '../../explorer/index.ts'
import {
  defaultRaftOptions,
  Raft,
  type Durable,
  type Message,
  type RaftEnvironment,
} from '../../protocols/raft/index.ts'
import { beginnings } from './raft-beginnings.ts'
import { plainRaft, raftModel, type RaftBounds } from './raft-model.ts'
import type { AsksReads, EnginePast } from '../log-engine/engine-past.ts'

// Goal: within small bounds there is no order of events in which Raft breaks a promise, and what makes it break one is
// found by the shortest way there is. Method: the class that a server runs, every order of everything; then the class with
// one rule less.

type Env = RaftEnvironment & AsksReads
type Model = System<Raft, Env, EnginePast>

const small: RaftBounds = { ...plainRaft, servers: 3, terms: 1, rounds: 1, elections: 3, proposals: 0 }

/** A few hundred to some ten thousand states each, by other parts of the protocol. */
const instances: readonly Partial<RaftBounds>[] = [
  { elections: 2, crashes: 1 },
  { servers: 2, terms: 2, proposals: 1, elections: 2, crashes: 1, lateDisk: true },
  { servers: 2, rounds: 2, elections: 2, preVote: true, checkQuorum: true },
  { elections: 2, lateDisk: true },
  { elections: 2, duplicates: 1 },
  { servers: 2, rounds: 2, elections: 2, reads: 1 },
  { servers: 2, elections: 1, proposals: 1, change: 1, snapshots: 1 },
  { elections: 1, change: 2 },
]

function explored(
  bounds: Partial<RaftBounds>,
  change: Partial<Model> = {},
  stop: 'violation' | 'never' = 'violation',
): SearchReport & { statistics: Readonly<Record<string, number>> } {
  const space = new ActorSpace({ ...raftModel({ ...small, ...bounds }), ...change })
  return { ...search(space, { stop }), statistics: space.statistics() }
}

/** Whatever it be. */
function broken({ findings }: SearchReport): Finding | undefined {
  return findings.find(({ kind }) => kind === 'always')
}

describe('every order of events', () => {
  test.each(instances)('breaks no promise, and what is left out of it is dead: %j', (bounds) => {
    const [without, all] = [explored(bounds), explored(bounds, { prove: true })]
    for (const report of [without, all]) {
      expect(broken(report)).toBe(undefined)
      expect(report.complete).toBe(true)
    }
    expect(without.findings.map(({ property }) => property)).toEqual(
      expect.arrayContaining(['a leader', 'an entry is decided']),
    )
    expect(without.states).toBeLessThan(all.states)
    for (const what of ['node states', 'situations', 'histories'])
      expect(without.statistics[what], what).toBe(all.statistics[what])
    const lengths = ({ findings }: SearchReport): unknown =>
      findings.map(({ property, path }) => [property, path.length])
    expect(lengths(without)).toEqual(lengths(all))
  })
})

test.each(beginnings.map(({ what }, i) => [what, i + 1] as const))(
  'what a search may begin with can happen, and breaks nothing: %s',
  (_, begin) => {
    const roomy = { terms: 4, rounds: 4, elections: 6, proposals: 1, change: 2, snapshots: 2, begin }
    const space = new ActorSpace(raftModel({ ...small, ...roomy, servers: begin === 6 ? 5 : 3, lateDisk: begin === 5 }))
    const report = search(space, { maxStates: 1000 })
    expect(broken(report)).toBe(undefined)
    expect(space.leftOut().join()).toContain('runs that begin otherwise than: ')
  },
)

test('its servers may exchange their names', () => {
  const bounds = { elections: 2, crashes: 1 }
  const [all, one] = [explored(bounds), explored({ ...bounds, symmetric: true })]
  expect(one.states).toBeLessThan(all.states / 5)
  expect(one.depth).toBe(all.depth)
  const lengths = ({ findings }: SearchReport): unknown => findings.map(({ property, path }) => [property, path.length])
  expect(lengths(one)).toEqual(lengths(all))
})

/** What it asks of the world goes through `by` first. */
function asking(by: (env: Env) => Partial<Env>): Partial<Model> {
  const { make } = raftModel(small)
  return { make: (env, self) => make(Object.assign(Object.create(env) as Env, by(env)), self) }
}

function ahead(is: (message: Message) => boolean): Partial<Model> {
  return asking((env) => ({
    send: (to, message) => (is(message) ? env.sendAhead(to, message) : env.send(to, message)),
  }))
}

class Forgetful extends Raft {
  override restore(record: Durable): void {
    super.restore(record)
    this.state.votedFor = undefined
  }
}

describe('one rule less is found, by the shortest way', () => {
  test.each<{ what: string; bounds: Partial<RaftBounds>; change: Partial<Model>; property: string; steps: number }>([
    {
      what: 'a restart forgets the vote (trap 3 of simulation-anchors, 3a)',
      bounds: { crashes: 1, elections: 2 },
      change: { make: (env) => new Forgetful(env, { ...defaultRaftOptions, preVote: false, checkQuorum: false }) },
      property: 'election safety, state machine safety',
      steps: 10,
    },
    {
      what: 'a vote leaves before it is durable (pitfall A1)',
      bounds: { crashes: 1, elections: 2, lateDisk: true },
      change: ahead(({ type }) => type === 'vote'),
      property: 'election safety, state machine safety',
      steps: 12,
    },
    {
      what: 'an acknowledgement leaves before its entry is durable',
      bounds: { elections: 1, lateDisk: true },
      change: ahead(({ type }) => type === 'appended'),
      property: 'durable quorum',
      steps: 9,
    },
  ])('$what', ({ bounds, change, property, steps }) => {
    const { findings } = explored(bounds, change, 'never')
    const finding = findings.find((one) => one.property === property)
    expect(finding?.path.map(({ event }) => event)).toHaveLength(steps)
  })
})
