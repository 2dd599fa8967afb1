import { describe, expect, test } from 'vitest'
import type { Environment, NodeId, Protocol } from '../../core/index.ts'
import { search, type SearchReport } from '../search/search.ts'
import { ActorSpace } from './actor-space.ts'
import { NamesMatter } from './names.ts'
import type { System } from './system.ts'

// Goal: symmetry hides nothing. Method: nodes that toss a coin and say so, with pasts, properties and bounds in which the
// order of a list or a name matters: what is broken without symmetry is broken with it, or symmetry is refused.

interface Env extends Environment<never, never> {
  decide(): void
}

interface State {
  coin: number | undefined
  seen: NodeId[]
}

class Tosser implements Protocol<State, never, never> {
  state: State = { coin: undefined, seen: [] }
  readonly env: Env

  constructor(env: Env) {
    this.env = env
  }

  restore(): void {}

  start(): void {
    this.env.setTimer('toss', 1, 2)
  }

  timeout(): void {
    this.state.coin = this.env.choose(2)
    this.env.decide()
  }

  receive(): void {}
}

interface Past {
  readonly latestFirst: readonly NodeId[]
}
type Tossing = System<Tosser, Env, Past>

const tossing: Tossing = {
  nodes: ['a', 'b'],
  make: (env) => new Tosser(env),
  abilities: ['decide'],
  network: 'set',
  history: {
    initial: { latestFirst: [] },
    record: ({ latestFirst }, { node }) => ({ latestFirst: [node, ...latestFirst] }),
  },
}

const orderly: Tossing['properties'] = [
  {
    kind: 'always',
    name: 'coin 0 never decides before the other coin',
    broken: ({ nodes, history: { latestFirst } }) => {
      const coins = latestFirst.map((id) => nodes.find((node) => node.id === id)?.state.coin)
      return coins[0] === 1 && coins[1] === 0 ? `${String(latestFirst[1])} came first` : undefined
    },
  },
]

function explored(change: Partial<Tossing>): SearchReport {
  return search(new ActorSpace({ ...tossing, ...change }), { stop: 'never' })
}

test('a list of nodes is in the order of what happened, which symmetry keeps', () => {
  const [all, one] = [explored({ properties: orderly }), explored({ properties: orderly, symmetric: true })]
  for (const { findings } of [all, one]) expect(findings.map(({ path }) => path.length)).toEqual([2])
  expect(one.states).toBeLessThan(all.states)
})

describe('symmetry is refused', () => {
  const initial: Past = { latestFirst: [] }
  test.each<[string, Partial<Tossing>]>([
    ['where a property depends on names', { properties: [first(({ latestFirst: [node] }) => node === 'b')] }],
    [
      'where a property of all nodes depends on their order',
      { properties: [{ kind: 'sometimes', name: 'first', seen: ({ nodes: [node] }) => node?.state.coin === 1 }] },
    ],
    [
      'where the history records only some of the nodes',
      { history: { initial, record: (past, { node }) => (node === 'a' ? past : { latestFirst: [node] }) } },
    ],
    ['where the history begins with a name', { history: { initial: { latestFirst: ['a'] }, record: (past) => past } }],
    ['where a bound depends on names', { bounds: { within: ({ seen }) => !seen.includes('a') }, make: watching }],
    ['where a timer fires for some', { bounds: { fires: (_, { seen }) => seen[0] !== 'a' }, make: watching }],
    ['where what is declared a set is not sorted', { sets: ['latestFirst'] }],
  ])('%s', (_, change) => {
    expect(() => explored(change)).not.toThrow()
    expect(() => explored({ ...change, symmetric: true })).toThrow(NamesMatter)
  })
})

function first(broken: (past: Past) => boolean): NonNullable<Tossing['properties']>[number] {
  return { kind: 'always', name: 'first', brokenHistory: (past) => (broken(past) ? 'broken' : undefined) }
}

/** Knows its own name from the beginning. */
function watching(env: Env, self: NodeId): Tosser {
  const node = new Tosser(env)
  node.start = () => {
    node.state.seen = [self]
    env.setTimer('toss', 1, 2)
  }
  return node
}
