import { describe, expect, test } from 'vitest'
import type { Environment, Protocol } from '../../core/index.ts'
import { search, type SearchReport } from '../search/search.ts'
import { ActorSpace } from './actor-space.ts'
import type { NetworkKind, System } from './system.ts'

// Goal: what a network and a loss of power may do is explored, or named as left out. Method: nodes that count what arrives.

type Env = Environment<string, number>
interface State {
  heard: string[]
  kept: number
}

/** Says all its words at its first start, and writes down as many numbers. */
class Talker implements Protocol<State, string, number> {
  state: State = { heard: [], kept: 0 }
  readonly env: Env
  private readonly to: string
  private readonly words: readonly string[]

  constructor(env: Env, to: string, words: readonly string[]) {
    this.env = env
    this.to = to
    this.words = words
  }

  restore(number: number): void {
    this.state.kept = number
  }

  start(): void {
    if (this.env.self !== 'a' || this.state.kept > 0) return
    for (const word of this.words) this.env.sendAhead(this.to, word)
    for (const [i] of this.words.entries()) this.env.persist(i + 1)
  }

  timeout(): void {}

  receive(message: string): void {
    this.state.heard.push(message)
  }
}

function talking(
  to: string,
  words: readonly string[],
  change: Partial<System<Talker, Env>>,
): ActorSpace<Talker, Env, null> {
  return new ActorSpace({ nodes: ['a', 'b'], make: (env) => new Talker(env, to, words), network: 'set', ...change })
}

function broken({ findings }: SearchReport): readonly string[] | undefined {
  return findings.find(({ kind }) => kind === 'always')?.path.map(({ event }) => event)
}

const heardOnce: System<Talker, Env>['properties'] = [
  {
    kind: 'always',
    name: 'nothing is heard twice',
    broken: ({ nodes }) => (nodes.some(({ state: { heard } }) => heard.length > 1) ? 'heard twice' : undefined),
  },
]

describe('a message that arrives twice', () => {
  test.each<NetworkKind>(['set', 'multiset', 'ordered'])('is found where that is explored, in a %s', (network) => {
    const space = talking('b', ['hello'], { network, bounds: { duplicates: 1 }, properties: heardOnce })
    expect(broken(search(space))).toEqual([
      'b receives "hello" from a, and not for the last time',
      'b receives "hello" from a',
    ])
    expect(space.leftOut()).not.toContain('messages that arrive twice')
  })

  test('is named as left out where it is not', () => {
    const space = talking('b', ['hello'], { properties: heardOnce })
    expect(broken(search(space))).toBe(undefined)
    expect(space.leftOut()).toContain('messages that arrive twice')
  })
})

describe('a loss of power', () => {
  test.each<[NetworkKind, readonly string[]]>([
    ['set', ['hello', 'again']],
    ['multiset', ['hello', 'hello']],
    ['ordered', ['hello', 'again']],
  ])('takes all that a node has said to itself, in a %s', (network, words) => {
    const heardAfterwards: System<Talker, Env>['properties'] = [
      {
        kind: 'always',
        name: 'a node that was down hears nothing of before',
        broken: ({ nodes: [a] }) =>
          a?.up === true && a.state.kept > 0 && a.state.heard.length > 0 ? 'heard' : undefined,
      },
    ]
    const space = talking('a', words, { network, bounds: { crashes: 1 }, properties: heardAfterwards })
    expect(broken(search(space))).toBe(undefined)
  })

  test('may keep any of the first records that were not yet synced', () => {
    const kept = new Set<number>()
    const property = {
      kind: 'sometimes' as const,
      name: 'never',
      seen: ({ nodes: [a] }: { readonly nodes: readonly { readonly up: boolean; readonly state: State }[] }) => {
        if (a?.up === false) kept.add(a.state.kept)
        return false
      },
    }
    search(talking('b', ['one', 'two', 'three'], { bounds: { crashes: 1 }, properties: [property] }))
    expect([...kept].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
  })
})

test('bounds that are more than can be counted are refused', () => {
  expect(() => talking('b', [], { bounds: { crashes: 2 ** 16, losses: 2 ** 16 } })).toThrow(RangeError)
})

describe('a search that begins with a run that has happened', () => {
  const words = ['hello', 'again']

  test('looks from there, and says what it leaves out', () => {
    const [all, near] = [
      talking('b', words, { properties: heardOnce }),
      talking('b', words, { properties: heardOnce, before: [['b receives', 'again']] }),
    ]
    expect(broken(search(all))).toHaveLength(2)
    expect(broken(search(near))).toEqual(['b receives "hello" from a'])
    expect(near.leftOut()).toContain('runs that begin otherwise than: b receives … again')
    expect(all.leftOut().join()).not.toContain('runs that begin')
  })

  test('refuses one that cannot happen', () => {
    const space = talking('b', words, {
      before: [
        ['b receives', 'again'],
        ['b receives', 'again'],
      ],
    })
    expect(() => search(space)).toThrow('b receives … again can happen')
  })
})
