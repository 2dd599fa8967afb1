import { describe, expect, test } from 'vitest'
import { ActorSpace, search, type Finding, type SearchReport, type System } from '../../explorer/index.ts'
import {
  defaultPaxosOptions,
  Paxos,
  type Durable,
  type Message,
  type PaxosEnvironment,
} from '../../protocols/paxos/index.ts'
import { paxosModel, type PaxosBounds, type PaxosPast } from './paxos-model.ts'

// Goal: within small bounds there is no order of events in which Paxos breaks a promise, and what makes it break one is
// found by the shortest way there is. Method: the production class, every order of everything; then with one rule less.

type Model = System<Paxos, PaxosEnvironment, PaxosPast>

const small: PaxosBounds = {
  acceptors: 3,
  proposers: 1,
  rounds: 2,
  retries: 0,
  crashes: 0,
  acceptQuorum: 2,
  acceptedTo: 'proposer',
  lateDisk: false,
}

function explored(bounds: Partial<PaxosBounds>, change: Partial<Model> = {}): SearchReport & { situations: unknown } {
  const space = new ActorSpace({ ...paxosModel({ ...small, ...bounds }), ...change })
  return { ...search(space), situations: space.statistics()['situations'] }
}

function broken({ findings }: SearchReport): Finding | undefined {
  return findings.find(({ kind }) => kind === 'always')
}

describe('every order of events', () => {
  test.each<Partial<PaxosBounds>>([
    { crashes: 1 },
    { acceptedTo: 'everybody', retries: 0 },
    { acceptors: 2, crashes: 1, lateDisk: true },
    { acceptors: 2, proposers: 2, rounds: 1 },
  ])('breaks no promise, and what is left out of it is dead: %j', (bounds) => {
    const [without, all] = [explored(bounds), explored(bounds, { prove: true })]
    for (const report of [without, all]) {
      expect(broken(report)).toBe(undefined)
      expect(report.complete).toBe(true)
      expect(report.findings.map(({ property }) => property)).toContain('the value of a is chosen')
    }
    expect(without.states).toBeLessThan(all.states)
    expect(without.situations).toBe(all.situations)
  })
})

class Forgetful extends Paxos {
  override restore(record: Durable): void {
    if (record.type !== 'accepted') super.restore(record)
  }
}

/** What it asks of the world goes through `by` first. */
function ahead(is: (message: Message) => boolean): Partial<Model> {
  return {
    make: (env) => {
      const hasty = Object.assign(Object.create(env) as PaxosEnvironment, {
        send: (to: string, message: Message) => (is(message) ? env.sendAhead(to, message) : env.send(to, message)),
      })
      const quorums = { prepare: 2, accept: 2 }
      return new Paxos(hasty, ['a', 'b', 'c'], { ...defaultPaxosOptions, acceptedTo: 'proposer', quorums })
    },
  }
}

describe('one rule less is found, by the shortest way', () => {
  test.each<{ what: string; bounds: Partial<PaxosBounds>; change: Partial<Model>; property: string; steps: number }>([
    {
      what: 'a restart forgets what was accepted',
      bounds: { crashes: 1 },
      change: {
        make: (env) => new Forgetful(env, ['a', 'b', 'c'], { ...defaultPaxosOptions, acceptedTo: 'proposer' }),
      },
      property: 'durable before sent',
      steps: 7,
    },
    {
      what: 'a promise leaves before it is durable (pitfall C1)',
      bounds: { lateDisk: true },
      change: ahead(({ type }) => type === 'promise'),
      property: 'durable before sent',
      steps: 4,
    },
    {
      what: 'an acceptance leaves before it is durable (pitfall C1)',
      bounds: { lateDisk: true },
      change: ahead(({ type }) => type === 'accepted'),
      property: 'durable before sent',
      steps: 10,
    },
  ])('$what', ({ bounds, change, property, steps }) => {
    const finding = broken(explored(bounds, change))
    expect(finding?.property).toBe(property)
    expect(finding?.path.map(({ event }) => event)).toHaveLength(steps)
  })
})
