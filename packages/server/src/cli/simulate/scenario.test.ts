import { describe, expect, test } from 'vitest'
import { Value } from './json-shape.ts'
import { protocolNamed } from './protocols.ts'
import { planOf, scenarioOf } from './scenario.ts'

// Goal: what a scenario fixes is fixed in every seed's plan, the rest stays drawn, and what cannot be meant is said with
// its path.

const raft = protocolNamed('raft')
const read = (scenario: unknown) => scenarioOf(new Value('s.json', scenario), raft)
const plan = (seed: number, scenario: unknown) => planOf(raft, seed, read(scenario))

describe('a scenario', () => {
  test('that is empty leaves every plan as it is drawn', () => {
    expect(plan(5, {})).toEqual(raft.draw(5, {}))
  })

  test('fixes nodes, duration and load; what else a seed draws differs from seed to seed', () => {
    const [one, two] = [1, 2].map((seed) => plan(seed, { nodes: 4, duration: 60_000, load: 10 }))
    expect(one?.nodes).toEqual(['a', 'b', 'c', 'd'])
    expect(one?.duration).toBe(60_000)
    expect(one?.operations.length).toBeGreaterThan(450)
    expect(one?.operations.length).toBeLessThan(750)
    expect(two?.nodes).toEqual(one?.nodes)
    expect(two?.faults).not.toEqual(one?.faults)
  })

  test('leaves kinds of faults out, or all', () => {
    const types = (without: unknown): string[] =>
      [1, 2, 3, 4, 5].flatMap((seed) => plan(seed, { without }).faults.map(({ type }) => type))
    expect(types([])).toContain('partition')
    expect(types(['partition'])).not.toContain('partition')
    expect(types(['partition'])).toContain('crash')
    expect(types('all')).toEqual([])
  })

  test('has exactly its faults, in the order of their times', () => {
    const crash = { type: 'crash', at: 900, for: 100, node: 'b' }
    const cut = { type: 'partition', shape: 'mute', at: 100, for: 50, links: ['a>b'] }
    expect(plan(3, { nodes: 2, faults: [crash, cut] }).faults).toEqual([cut, crash])
  })

  test('goes on until its last fault is over, unless it says how long', () => {
    const crash = { type: 'crash', at: 500_000, for: 100, node: 'b' }
    expect(plan(3, { nodes: 2, faults: [crash] }).duration).toBe(500_100)
    expect(plan(3, { nodes: 2, duration: 500_001, faults: [crash] }).duration).toBe(500_001)
  })

  test('lays its settings over what is drawn', () => {
    const drawn = plan(3, {}).settings as { raft: object; member: object }
    const settings = { raft: { preVote: false }, member: { snapshots: { entries: 7 } } }
    const laid = plan(3, { settings }).settings
    expect(laid).toMatchObject(settings)
    expect(laid).toMatchObject({ raft: drawn.raft })
    expect(laid).not.toEqual(drawn)
  })
})

test('errands are left out like faults', () => {
  const errandsOf = (without?: string): number =>
    [1, 2, 3, 4, 5, 6].reduce((sum, seed) => {
      const raft = protocolNamed('raft')
      const options = without === undefined ? {} : scenarioOf(new Value('s.json', { without: [without] }), raft)
      return sum + planOf(raft, seed, options).errands.length
    }, 0)
  expect(errandsOf()).toBeGreaterThan(10)
  expect(errandsOf('crash')).toBe(errandsOf())
  expect(errandsOf('errands')).toBe(0)
})

describe('what cannot be meant is said with its path', () => {
  const at = { at: 0, for: 10 }
  const fault = (one: object) => ({ nodes: 3, faults: [{ type: 'crash', ...at, node: 'a' }, one] })
  const wrong: [string, unknown, string][] = [
    ['a list', [], 's.json: expected an object, not []'],
    ['an unknown field', { node: 3 }, 's.json.node is unknown: known are nodes, duration'],
    ['half a node', { nodes: 2.5 }, 's.json.nodes: expected a whole number from 1 to 26, not 2.5'],
    ['no time', { duration: '1 s' }, 's.json.duration: expected a number from 1 to 86400000, not "1 s"'],
    ['an unknown kind', { without: ['quake'] }, 's.json.without[0]: expected one of partition, '],
    ['faults without nodes', { faults: [] }, 's.json: expected nodes beside faults'],
    ['faults twice', { nodes: 3, faults: [], without: [] }, 's.json: expected either without'],
    ['a fault without a type', fault({ at: 0 }), 's.json.faults[1]: expected a fault with a type'],
    ['an unknown fault', fault({ type: 'quake' }), 's.json.faults[1].type: expected one of partition, '],
    ['a fault that lacks something', fault({ type: 'stall', node: 'a', at: 0 }), 's.json.faults[1].for is missing'],
    [
      'a fault with more than it has',
      fault({ type: 'stall', ...at, node: 'a', share: 1 }),
      's.json.faults[1].share is unknown: known are type, at, for, node',
    ],
    [
      'an unknown node',
      fault({ type: 'wipe', ...at, node: 'd' }),
      's.json.faults[1].node: expected one of a, b, c, not "d"',
    ],
    [
      'an unknown link',
      fault({ type: 'reordering', ...at, links: ['a>b', 'a>a'] }),
      's.json.faults[1].links[1]: expected one of a>b, ',
    ],
    [
      'a fault after the end',
      { ...fault({ type: 'jump', at: 50, node: 'a', by: 1 }), duration: 50 },
      's.json.faults[1]: expected a fault that begins before 50 ms',
    ],
    ['no link', fault({ type: 'reordering', ...at, links: [] }), 's.json.faults[1].links: expected at least one link'],
    [
      'more than all',
      fault({ type: 'loss', ...at, links: ['a>b'], share: 2 }),
      's.json.faults[1].share: expected a number from 0 to 1, not 2',
    ],
    [
      'an unknown duration',
      fault({ type: 'latency', ...at, links: ['a>b'], latency: { kind: 'uniform', min: 1, mean: 2 } }),
      's.json.faults[1].latency.mean is unknown: known are kind, min, max',
    ],
    [
      'an unknown exception',
      fault({ type: 'blackout', ...at, except: ['z'] }),
      's.json.faults[1].except[0]: expected one of a, b, c',
    ],
    [
      'an unknown setting',
      { settings: { raft: { preVotes: true } } },
      's.json.settings.raft.preVotes is unknown: known are electionTimeoutMin',
    ],
    [
      'a setting of another type',
      { settings: { raft: { preVote: 1 } } },
      's.json.settings.raft.preVote: expected a boolean, not 1',
    ],
  ]
  test.each(wrong)('%s', (_, scenario, message) => {
    expect(() => read(scenario)).toThrow(message)
  })
})
