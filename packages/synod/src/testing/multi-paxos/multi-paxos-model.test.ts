import { describe, expect, test } from 'vitest'
import { ActorSpace, search, type Finding, type SearchReport, type System } from '../../explorer/index.ts'
import {
  defaultMultiPaxosOptions,
  MultiPaxos,
  type Durable,
  type Message,
  type MultiPaxosEnvironment,
} from '../../protocols/multi-paxos/index.ts'
import type { EnginePast } from '../log-engine/engine-past.ts'
import { multiPaxosModel, type MultiPaxosBounds } from './multi-paxos-model.ts'

// Goal: within small bounds there is no order of events in which Multi-Paxos breaks a promise, and what makes it break one is
// found by the shortest way there is. Method: the class that a server runs, every order of everything; then the class with
// one rule less.

type Model = System<MultiPaxos, MultiPaxosEnvironment, EnginePast>

const small: MultiPaxosBounds = {
  servers: 3,
  ballots: 1,
  rounds: 0,
  alpha: 2,
  elections: 1,
  proposals: 0,
  transfers: 0,
  crashes: 0,
  duplicates: 0,
  canvass: false,
  checkQuorum: false,
  lateDisk: false,
}

/** A few hundred to some ten thousand states each, by other parts of the protocol. */
const instances: readonly Partial<MultiPaxosBounds>[] = [
  { elections: 2, crashes: 1 },
  { ballots: 2, transfers: 1 },
  { crashes: 1, lateDisk: true },
  { canvass: true },
  { duplicates: 1 },
  { servers: 2, rounds: 2, proposals: 1 },
  { servers: 2, ballots: 2, elections: 2, rounds: 1, canvass: true, checkQuorum: true },
  { servers: 2, ballots: 2, elections: 2, rounds: 1, crashes: 1, lateDisk: true },
]

function explored(
  bounds: Partial<MultiPaxosBounds>,
  change: Partial<Model> = {},
): SearchReport & { statistics: Readonly<Record<string, number>> } {
  const space = new ActorSpace({ ...multiPaxosModel({ ...small, ...bounds }), ...change })
  return { ...search(space), statistics: space.statistics() }
}

function broken({ findings }: SearchReport): Finding | undefined {
  return findings.find(({ kind }) => kind === 'always')
}

describe('every order of events', () => {
  test.each(instances)('breaks no promise, and what is left out of it is dead: %j', { timeout: 30_000 }, (bounds) => {
    const [without, all] = [explored(bounds), explored(bounds, { prove: true })]
    for (const report of [without, all]) {
      expect(broken(report)).toBe(undefined)
      expect(report.complete).toBe(true)
    }
    expect(without.findings.map(({ property }) => property)).toEqual(
      expect.arrayContaining(['a leader', 'a slot is decided']),
    )
    expect(without.states).toBeLessThanOrEqual(all.states)
    for (const what of ['node states', 'situations', 'histories'])
      expect(without.statistics[what], what).toBe(all.statistics[what])
    const lengths = ({ findings }: SearchReport): unknown =>
      findings.map(({ property, path }) => [property, path.length])
    expect(lengths(without)).toEqual(lengths(all))
  })

  test('comes through two ballots, of which the second proposes again what the first one did', () => {
    const { findings } = explored({ servers: 2, ballots: 2, elections: 2, rounds: 1, proposals: 1 })
    expect(findings.map(({ property }) => property)).toEqual(
      expect.arrayContaining([
        'leaders of two ballots',
        'what an older ballot proposed is proposed again',
        'a later slot is accepted first',
        'a command is decided',
      ]),
    )
  })
})

function ahead(is: (message: Message) => boolean): Partial<Model> {
  const { make } = multiPaxosModel(small)
  return {
    make(env, self) {
      const send = (to: string, message: Message): void =>
        is(message) ? env.sendAhead(to, message) : env.send(to, message)
      return make(Object.assign(Object.create(env) as MultiPaxosEnvironment, { send }), self)
    },
  }
}

class Forgetful extends MultiPaxos {
  override restore(record: Durable): void {
    if (record.type !== 'hard') super.restore(record)
  }
}

describe('one rule less is found, by the shortest way', () => {
  test.each<{
    what: string
    bounds: Partial<MultiPaxosBounds>
    change: Partial<Model>
    property: string
    steps: number
  }>([
    {
      what: 'a restart forgets what was promised (pitfall C4)',
      bounds: { crashes: 1 },
      change: { make: (env) => new Forgetful(env, { ...defaultMultiPaxosOptions, alpha: 2 }) },
      property: 'promised by a quorum',
      steps: 7,
    },
    {
      what: 'a promise leaves before it is durable (pitfall C1)',
      bounds: { lateDisk: true },
      change: ahead(({ type }) => type === 'promise'),
      property: 'promised by a quorum',
      steps: 5,
    },
    {
      what: 'an acceptance leaves before it is durable (pitfall C1)',
      bounds: { lateDisk: true },
      change: ahead(({ type }) => type === 'accepted'),
      property: 'durable quorum',
      steps: 9,
    },
  ])('$what', ({ bounds, change, property, steps }) => {
    const finding = broken(explored(bounds, change))
    expect(finding?.property).toBe(property)
    expect(finding?.path.map(({ event }) => event)).toHaveLength(steps)
  })
})
