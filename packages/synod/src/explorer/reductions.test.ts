import { describe, expect, test } from 'vitest'
import type { Environment, NodeId, Protocol } from '../core/index.ts'
import { ActorSpace } from './actors/actor-space.ts'
import { NotDead } from './actors/graveyard.ts'
import { NamesMatter } from './actors/names.ts'
import type { System } from './actors/system.ts'
import { pingPong } from './models/ping-pong.ts'
import { abdRegister } from './models/register/attiya-bar-noy-dolev.ts'
import { paxosRegister } from './models/register/paxos-register.ts'
import { singleCopyRegister } from './models/register/single-copy.ts'
import { search } from './search/search.ts'
import { searchWithSleepSets } from './search/sleep-sets.ts'
import type { Space } from './space.ts'

// Goal: what is left out of a search would have shown nothing. Method: each small model with and without it; and protocols
// for which a reduction is wrong, which must be refused.

type Make = () => Space

describe('sleep sets come to the same states, ends and findings, by fewer transitions', () => {
  const models: readonly (readonly [string, Make])[] = [
    ['Paxos', () => new ActorSpace(paxosRegister({ clients: 2, servers: 3 }))],
    ['ABD', () => new ActorSpace(abdRegister({ clients: 2, servers: 2 }))],
    ['ABD, messages in order', () => new ActorSpace(abdRegister({ clients: 2, servers: 2, network: 'ordered' }))],
    ['two single copies', () => new ActorSpace(singleCopyRegister({ clients: 2, servers: 2 }))],
    ['one single copy', () => new ActorSpace(singleCopyRegister({ clients: 3, servers: 1 }))],
    ['votes', () => new ActorSpace(votes({ crashes: 1, losses: 1 }))],
  ]
  test.each(models)('%s', (_, make) => {
    const [all, fewer] = [search(make(), { stop: 'never' }), searchWithSleepSets(make(), { stop: 'never' })]
    expect(fewer.states).toBe(all.states)
    expect(fewer.ends).toBe(all.ends)
    const named = ({ findings }: typeof all): string[] => findings.map(({ property }) => property).toSorted()
    expect(named(fewer)).toEqual(named(all))
    expect(fewer.generated).toBeLessThan(all.generated)
  })

  test('where what came last is part of the state, nothing commutes', () => {
    const space = new ActorSpace(pingPong({ maxCount: 1, network: 'duplicating', lossy: false }))
    expect(space.independence).toBe(undefined)
  })
})

type Message = { readonly type: 'ask' | 'yes' }
type Env = Environment<Message, NodeId>
interface State {
  vote: NodeId | undefined
  granted: NodeId[]
}

/** Anybody may ask for votes, once; each votes once. `prefers`: whose name is lower gets a vote in any case. */
class Voter implements Protocol<State, Message, NodeId> {
  state: State = { vote: undefined, granted: [] }
  readonly env: Env
  readonly prefers: boolean

  constructor(env: Env, prefers: boolean) {
    this.env = env
    this.prefers = prefers
  }

  restore(vote: NodeId): void {
    this.state.vote = vote
  }

  start(): void {
    if (this.state.vote === undefined) this.env.setTimer('ask', 1, 2)
  }

  timeout(): void {
    if (this.state.vote !== undefined) return
    this.vote(this.env.self)
    for (const node of voters) if (node !== this.env.self) this.env.send(node, { type: 'ask' })
  }

  receive({ type }: Message, from: NodeId): void {
    const { state, env } = this
    if (type === 'yes') state.granted = [...new Set([...state.granted, from])].toSorted()
    else if (state.vote === undefined || (this.prefers && from < env.self)) {
      this.vote(from)
      env.send(from, { type: 'yes' })
    }
  }

  private vote(whom: NodeId): void {
    this.state.vote = whom
    this.env.persist(whom)
  }
}

const voters = ['a', 'b', 'c']

function votes(
  bounds: System<Voter, Env>['bounds'] = {},
  { prefers = false, ...change }: Partial<System<Voter, Env>> & { prefers?: boolean } = {},
): System<Voter, Env> {
  return {
    nodes: voters,
    sets: ['granted'],
    make: (env) => new Voter(env, prefers),
    network: 'set',
    bounds,
    properties: [
      {
        kind: 'always',
        name: 'one has a majority',
        broken: ({ nodes }) => {
          const elected = nodes.filter(({ state }) => state.granted.length > 0).map(({ id }) => id)
          return elected.length > 1 ? `${elected.join(' and ')} have` : undefined
        },
      },
      {
        kind: 'sometimes',
        name: 'somebody has all votes',
        seen: ({ nodes }) => nodes.some(({ state }) => state.granted.length === 2),
      },
    ],
    ...change,
  }
}

describe('symmetry', () => {
  test.each([{}, { crashes: 1 }, { losses: 2 }])('makes one of up to six states, and finds the same: %j', (bounds) => {
    const all = search(new ActorSpace(votes(bounds)), { stop: 'never' })
    const one = search(new ActorSpace(votes(bounds, { symmetric: true })), { stop: 'never' })
    expect(one.states).toBeLessThan(all.states / 4)
    expect(one.states).toBeGreaterThanOrEqual(all.states / 6)
    expect(one.depth).toBe(all.depth)
    const lengths = ({ findings }: typeof all): unknown => findings.map(({ property, path }) => [property, path.length])
    expect(lengths(one)).toEqual(lengths(all))
    const deep = search(new ActorSpace(votes(bounds, { symmetric: true })), { stop: 'never', order: 'depth' })
    expect(deep.states).toBe(one.states)
  })

  test('is refused where a name is compared', () => {
    const run = (): unknown => search(new ActorSpace(votes({}, { prefers: true, symmetric: true })))
    expect(run).toThrow(NamesMatter)
    // Ballots have the names of servers.
    expect(() => search(new ActorSpace({ ...paxosRegister({ clients: 1, servers: 3 }), symmetric: true }))).toThrow(
      NamesMatter,
    )
  })
})

describe('dead messages', () => {
  const whoHasVoted: System<Voter, Env>['dead'] = ({ type }, _, { vote }) => type === 'ask' && vote !== undefined

  test('are left out, without a trace', () => {
    const all = new ActorSpace(votes({ crashes: 1 }, { dead: whoHasVoted, prove: true }))
    const fewer = new ActorSpace(votes({ crashes: 1 }, { dead: whoHasVoted }))
    const [full, short] = [search(all), search(fewer)]
    expect(short.states).toBeLessThan(full.states)
    for (const what of ['node states', 'situations']) expect(fewer.statistics()[what]).toBe(all.statistics()[what])
  })

  test('that have an effect are told', () => {
    const system = votes({}, { dead: ({ type }) => type === 'yes', prove: true })
    expect(() => search(new ActorSpace(system))).toThrow(NotDead)
    expect(() => search(new ActorSpace(system))).toThrow('its delivery has an effect')
  })

  test('that come to life again are told', () => {
    const rash: System<Voter, Env>['dead'] = ({ type }, _, { vote, granted }) =>
      type === 'ask' && vote !== undefined && granted.length === 0
    const run = (): unknown => search(new ActorSpace(votes({}, { dead: rash, prove: true })))
    expect(run).toThrow('it came to life again')
  })
})

describe('durable before sent', () => {
  test('holds what was said until the sync, which a crash may come before', () => {
    const space = new ActorSpace(votes({ crashes: 1 }))
    const events = new Set<string>()
    let state = new Int32Array(0)
    space.starts((start) => (state = start.slice()))
    space.successors(state, (_, event) => events.add(space.eventText(event)))
    expect([...events]).toEqual(voters.flatMap((id) => [`${id}: the timer ask fires`, `${id} crashes`]))
    const { findings } = search(space, { stop: 'never' })
    expect(findings.find(({ kind }) => kind === 'always')).toBe(undefined)
  })

  test('what is sent ahead elects two', () => {
    const hasty = votes(
      { crashes: 1 },
      { make: (env) => new Voter(Object.assign(Object.create(env) as Env, { send: env.sendAhead.bind(env) }), false) },
    )
    const { findings } = search(new ActorSpace(hasty))
    expect(findings.find(({ kind }) => kind === 'always')?.path.map(({ event }) => event)).toEqual([
      'a: the timer ask fires',
      'b receives {"type":"ask"} from a',
      'a receives {"type":"yes"} from b',
      'b crashes',
      'b starts',
      'b: the timer ask fires',
      'c receives {"type":"ask"} from b',
      'b receives {"type":"yes"} from c',
    ])
  })
})

// Trap 2 of simulation-anchors, 3a: two servers may answer the same put, and in order the second answer is a delivery.
describe('an answer enters the history when its client accepts it', () => {
  test.each([
    ['accepted', undefined],
    ['delivered', 'linearizable'],
  ] as const)('%s: %s', (answerCounts, property) => {
    const system = paxosRegister({ clients: 2, servers: 3, network: 'ordered', answerCounts })
    const { findings } = search(new ActorSpace(system), { maxStates: 400_000 })
    expect(findings.find(({ kind }) => kind === 'always')?.property).toBe(property)
  })
})
